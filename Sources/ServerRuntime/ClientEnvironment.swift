/// What a client of a data folder's server needs in its environment.
public struct ClientEnvironment: Sendable {
    private let endpoint: String
    private let keys: KeyPair

    /// Reads the folder of a server.
    ///
    /// - Throws: ``ServerError`` when the folder has no keys.
    public init(directory: String) throws(ServerError) {
        let folder = DataFolder(path: directory)
        guard let keys = try RootKeys.read(from: folder) else {
            throw .fileUnusable(
                path: folder.keysFile,
                cause: "there are no keys; start a server here first: nave serve \(directory)"
            )
        }
        self.keys = keys
        // Each of those that are served together says so, as far as it can be read.
        let recorded = try DataFolders(servedWith: folder.path).all.lazy
            .compactMap { (try? $0.read($0.endpointFile)) ?? nil }.first
        endpoint =
            recorded.map { String($0.prefix { !$0.isNewline }) }
            ?? "http://\(ListenAddress.standard)"
    }

    /// The lines to evaluate in a shell.
    public var exports: String {
        """
        export AWS_ENDPOINT_URL=\(endpoint.shellQuoted)
        export AWS_ACCESS_KEY_ID=\(keys.accessKey.shellQuoted)
        export AWS_SECRET_ACCESS_KEY=\(keys.secretKey.shellQuoted)
        export AWS_DEFAULT_REGION=us-east-1
        """
    }
}
