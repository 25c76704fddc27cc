/// What a change of many keys demands of one of them; decided by the committer.
public enum KeyExpectation: Hashable, Sendable {
    /// Nothing.
    case any
    /// The key holds no object.
    case absent
    /// The key holds the object that the change of this number made.
    case sequence(Int64)
}
