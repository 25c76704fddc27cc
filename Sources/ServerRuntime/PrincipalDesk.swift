import AccessControl
import FoundationEssentials
import Logging
import ObjectStorage
import StorageModel

/// Adds, lists and removes principals of a data folder, whether or not a server runs on it.
///
/// The folder belongs to one process at a time: if a server has it, the server is asked over
/// loopback; otherwise the store is opened here for the moment.
public struct PrincipalDesk: Sendable {
    private let folder: DataFolder

    /// One row of a list of principals.
    public struct Row: Hashable, Sendable {
        /// The principal's name.
        public let name: String
        /// Its access key.
        public let accessKey: String
    }

    /// Names the folder; nothing is opened yet.
    public init(directory: String) {
        folder = DataFolder(path: directory)
    }

    /// Makes a principal with new keys.
    ///
    /// - Returns: The keys; they can not be shown again.
    /// - Throws: ``ServerError``, among them ``ServerError/principalExists(_:)`` and
    ///   ``ServerError/principalIsRoot(keysFile:)``.
    public func add(_ name: String) async throws -> KeyPair {
        let name = try otherThanRoot(name)
        return try await withStoreOrServer { store in
            guard !store.principals().contains(where: { $0.name == name }) else {
                throw ServerError.principalExists(name.text)
            }
            let principal = Principal.withNewKeys(named: name)
            try await store.addPrincipal(principal)
            return KeyPair(principal)
        } server: { client in
            let answer = try client.send("PUT", "/v1/principals/\(name.text)")
            guard answer.status == 201 || answer.status == 200 else {
                throw refusal(answer, name: name)
            }
            let made = try decode(MadePrincipal.self, from: answer)
            return KeyPair(accessKey: made.accessKey, secretKey: made.secretKey)
        }
    }

    /// Lists the principals, root among them, by name.
    ///
    /// - Throws: ``ServerError``.
    public func list() async throws -> [Row] {
        try await withStoreOrServer { store in
            store.principals().map { Row(name: $0.name.text, accessKey: $0.accessKey) }
                .sorted { $0.name < $1.name }
        } server: { client in
            let answer = try client.send("GET", "/v1/principals")
            guard answer.status == 200 else { throw refusal(answer, name: nil) }
            return try decode(PrincipalList.self, from: answer).principals
                .map { Row(name: $0.name, accessKey: $0.accessKey) }
                .sorted { $0.name < $1.name }
        }
    }

    /// Removes a principal; its keys stop working at once.
    ///
    /// - Throws: ``ServerError``, among them ``ServerError/principalMissing(_:)`` and
    ///   ``ServerError/principalIsRoot(keysFile:)``.
    public func remove(_ name: String) async throws {
        let name = try otherThanRoot(name)
        try await withStoreOrServer { store in
            guard store.principals().contains(where: { $0.name == name }) else {
                throw ServerError.principalMissing(name.text)
            }
            try await store.removePrincipal(name)
        } server: { client in
            let answer = try client.send("DELETE", "/v1/principals/\(name.text)")
            guard (200..<300).contains(answer.status) else { throw refusal(answer, name: name) }
        }
    }

    private func withStoreOrServer<Outcome>(
        _ direct: (ObjectStore) async throws -> Outcome,
        server: (ControlClient) throws -> Outcome
    ) async throws -> Outcome {
        try folder.refuseUnlessVolume()
        let keys = try ControlClient.rootKeys(of: folder)
        let root = Principal(name: .root, accessKey: keys.accessKey, secretKey: keys.secretKey)
        do {
            try DataFolders.requireAll(servedWith: folder.path)
            let store = try await StoreOpening(folders: folders(), copies: nil, root: root)
                .open(logger: Logger(label: "nave") { _ in SwiftLogNoOpLogHandler() })
            let outcome: Outcome
            do {
                outcome = try await direct(store)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
            return outcome
        } catch ServerError.dataInUse {
            return try server(ControlClient(of: folder))
        }
    }

    /// All folders of the store, so that none is taken for missing.
    private func folders() throws(ServerError) -> DataFolders {
        try DataFolders(servedWith: folder.path)
    }

    /// The name of a principal whose keys the store has: those of root are in a file.
    private func otherThanRoot(_ text: String) throws(ServerError) -> PrincipalName {
        let name: PrincipalName
        do {
            name = try PrincipalName(text)
        } catch {
            throw .principalNameInvalid(text)
        }
        guard name != .root else { throw .principalIsRoot(keysFile: folder.keysFile) }
        return name
    }

    private func refusal(_ answer: ControlClient.Answer, name: PrincipalName?) -> ServerError {
        if let name, answer.status == 409 { return .principalExists(name.text) }
        if let name, answer.status == 404 { return .principalMissing(name.text) }
        return .refusedByServer(
            status: answer.status,
            message: String(decoding: answer.body, as: UTF8.self)
        )
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type,
        from answer: ControlClient.Answer
    ) throws(ServerError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: Data(answer.body))
        } catch {
            throw .refusedByServer(status: answer.status, message: "an answer of another shape")
        }
    }

    private struct MadePrincipal: Decodable {
        let accessKey: String
        let secretKey: String
    }

    private struct PrincipalList: Decodable {
        let principals: [Item]

        struct Item: Decodable {
            let name: String
            let accessKey: String
        }
    }
}
