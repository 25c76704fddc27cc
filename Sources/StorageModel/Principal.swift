/// Somebody who may sign requests: a name and one pair of keys.
public struct Principal: Hashable, Sendable {
    /// Who this is.
    public let name: PrincipalName
    /// The public half of the keys, sent with every request.
    public let accessKey: String
    /// The secret half; never logged, never sent.
    public let secretKey: String

    /// Makes a principal of its parts.
    public init(name: PrincipalName, accessKey: String, secretKey: String) {
        self.name = name
        self.accessKey = accessKey
        self.secretKey = secretKey
    }

    /// Whether this principal may use every namespace.
    public var isRoot: Bool { name == .root }
}
