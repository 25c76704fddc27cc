/// Why bytes are not an acceptable JSON document; `offset` counts bytes from its beginning.
public enum JSONError: Error, Hashable, Sendable {
    /// Longer than the bound.
    case tooLong(bytes: Int)
    /// Nested deeper than ``ArrayLimits/jsonDepthMax``.
    case tooDeep(offset: Int)
    /// A byte that does not belong there.
    case unexpectedByte(offset: Int)
    /// The document ends too early.
    case unexpectedEnd
    /// A string that is not UTF-8, has a bare control character, or a broken escape.
    case stringInvalid(offset: Int)
    /// A number that breaks the grammar.
    case numberInvalid(offset: Int)
    /// The name of a member that the object has already, where each may be there once.
    case memberRepeated(offset: Int)
}

extension JSONError: CustomStringConvertible {
    /// The error as a phrase.
    public var description: String {
        switch self {
        case .tooLong(let bytes): "it has \(bytes) bytes."
        case .tooDeep(let offset): "it nests too deep at byte \(offset)."
        case .unexpectedByte(let offset): "unexpected byte at \(offset)."
        case .unexpectedEnd: "it ends too early."
        case .stringInvalid(let offset): "invalid string at byte \(offset)."
        case .numberInvalid(let offset): "invalid number at byte \(offset)."
        case .memberRepeated(let offset): "the member at byte \(offset) is there twice."
        }
    }
}
