import StorageModel

/// An access key and its secret.
public struct KeyPair: Hashable, Sendable {
    /// The public half, sent with every request.
    public let accessKey: String
    /// The secret half.
    public let secretKey: String

    /// Makes a pair of its halves.
    public init(accessKey: String, secretKey: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
    }

    /// The keys of a principal.
    init(_ principal: Principal) {
        self.init(accessKey: principal.accessKey, secretKey: principal.secretKey)
    }

    /// The root keys that the environment names, if it names them.
    ///
    /// - Throws: ``ServerError/rootKeysInvalid`` where one is missing or has a wrong length.
    init?(rootAccessKey: String?, secretKey: String?) throws(ServerError) {
        guard rootAccessKey != nil || secretKey != nil else { return nil }
        guard let accessKey = rootAccessKey, let secretKey,
            (3...128).contains(accessKey.utf8.count), (8...128).contains(secretKey.utf8.count)
        else { throw .rootKeysInvalid }
        self.init(accessKey: accessKey, secretKey: secretKey)
    }
}
