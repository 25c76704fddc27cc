/// Who may read a namespace without keys.
public enum NamespaceAccess: UInt8, Hashable, Sendable {
    /// Only the owner and root.
    case `private` = 0
    /// Anybody may read and list; only the owner and root may change.
    case publicRead = 1
}

/// A namespace: what S3 calls a bucket.
public struct Namespace: Hashable, Sendable {
    /// Its name.
    public let name: NamespaceName
    /// Who created it and may use it.
    public let owner: PrincipalName
    /// Who may read it without keys.
    public let access: NamespaceAccess
    /// When it was created.
    public let created: WallTime
    /// The line that holds its plain keys.
    public let line: LineID

    /// Makes a namespace of its parts.
    public init(
        name: NamespaceName,
        owner: PrincipalName,
        access: NamespaceAccess,
        created: WallTime,
        line: LineID
    ) {
        self.name = name
        self.owner = owner
        self.access = access
        self.created = created
        self.line = line
    }
}
