/// The number of a line: one history of keys.
///
/// A namespace's plain keys are a line, and so is each open version of an array.
public struct LineID: Hashable, Sendable, Comparable {
    /// The number; assigned by the log, never used twice.
    public let number: Int64

    /// Makes an identifier of a number that the log assigned.
    public init(_ number: Int64) {
        self.number = number
    }

    /// Whether the left one comes first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
