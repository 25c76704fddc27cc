/// A plane that was made smaller.
public struct PlaneSamples: Sendable {
    /// Of how many chunks a plane shows only some.
    public struct Sampling: Hashable, Sendable {
        /// The chunks that were looked at.
        public let chunks: Int
        /// The chunks that the plane has; `Int.max` if they cannot be counted.
        public let of: Int
    }

    /// The rows.
    public let height: Int
    /// The columns.
    public let width: Int
    /// The values of a pixel.
    public let channels: Int
    /// Row by row, the channels of a pixel together; NaN where all elements of a cell are.
    public let values: [Float]
    /// Nil if every element of the plane took part.
    public let sampling: Sampling?
}
