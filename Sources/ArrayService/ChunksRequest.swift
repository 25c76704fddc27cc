import ArrayModel

/// A request for many chunks of an array in one answer; which ones is in the body.
struct ChunksRequest: Hashable, Sendable {
    /// The forms of the answer.
    enum Format: String, Hashable, Sendable, CaseIterable {
        /// Frames without a checksum, for clients that ask for nothing else.
        case plain = "application/vnd.nave.chunks"
        /// Frames with a checksum, which says what chunk each is.
        case checked = "application/vnd.nave.checked-chunks"

        /// The form that a client asks for by name: checked, unless it would rather have the other one.
        ///
        /// - Parameter accept: The header `Accept`.
        init(accept: String?) {
            let weights = AcceptWeights(accept ?? "")
            let checked = weights[Self.checked.rawValue] ?? 0
            let plain = weights[Self.plain.rawValue] ?? 0
            self = checked > 0 && checked >= plain ? .checked : .plain
        }
    }

    let reference: ArrayReference
    /// The reference as the request has it, without percent-encoding.
    let referenceText: String
    let format: Format
}
