import FoundationEssentials

extension ControlClient {
    /// A client of the server that runs on a data folder.
    ///
    /// - Throws: ``ServerError/serverUnreachable(path:)`` if none says where it can be reached.
    init(of folder: DataFolder) throws(ServerError) {
        let keys = try Self.rootKeys(of: folder)
        // Each of those that are served together says so; one that a server left behind may be wrong.
        for other in try DataFolders(servedWith: folder.path).all {
            guard let recorded = (try? other.read(other.controlFile)) ?? nil,
                let address = try? ListenAddress(String(recorded.prefix { !$0.isNewline }))
            else { continue }
            let client = ControlClient(address: address, keys: keys)
            guard client.isAnswered else { continue }
            self = client
            return
        }
        throw .serverUnreachable(path: folder.controlFile)
    }

    /// The root keys of a data folder, as the environment or the folder says.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)`` if there are none.
    static func rootKeys(of folder: DataFolder) throws(ServerError) -> KeyPair {
        let environment = ProcessInfo.processInfo.environment
        let given = try KeyPair(
            rootAccessKey: environment["NAVE_ROOT_ACCESS_KEY"],
            secretKey: environment["NAVE_ROOT_SECRET_KEY"]
        )
        if let given { return given }
        guard let keys = try RootKeys.read(from: DataFolders(servedWith: folder.path)) else {
            throw .fileUnusable(
                path: folder.keysFile,
                cause: "there are no keys; start a server here first: nave serve \(folder.path)"
            )
        }
        return keys
    }
}
