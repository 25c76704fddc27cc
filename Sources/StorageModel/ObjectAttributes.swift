/// What a client says about an object beside its bytes: system headers and user metadata.
public struct ObjectAttributes: Hashable, Sendable {
    /// System headers that S3 keeps and returns, as name and value; names in lower case, among
    /// `content-type`, `content-encoding`, `content-language`, `content-disposition`,
    /// `cache-control`, `expires`.
    public var systemHeaders: [HeaderField]
    /// User metadata, names without the `x-amz-meta-` prefix, in lower case.
    public var userMetadata: [HeaderField]

    /// Makes attributes of their parts.
    public init(systemHeaders: [HeaderField] = [], userMetadata: [HeaderField] = []) {
        self.systemHeaders = systemHeaders
        self.userMetadata = userMetadata
    }
}

/// One header: a lower-case name and a value.
public struct HeaderField: Hashable, Sendable {
    /// The name, in lower case.
    public let name: String
    /// The value, without surrounding white space.
    public let value: String

    /// Makes a header of its parts.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
