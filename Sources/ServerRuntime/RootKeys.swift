import AccessControl
import Logging
import StorageModel

/// The root principal's keys: made at the first start, kept in the data folder.
struct RootKeys {
    let pair: KeyPair
    /// Whether they were made just now.
    let origin: Origin

    enum Origin {
        case made
        case found
        case given
    }

    /// Takes the keys that were given, else those in a folder, else makes new ones; every folder keeps
    /// them, but for those whose disk fails.
    ///
    /// New ones are made only if every folder can say that it has none.
    ///
    /// - Throws: ``ServerError/keysUnreadable(path:)`` or ``ServerError/fileUnusable(path:cause:)``.
    init(in folders: DataFolders, given: KeyPair?, logger: Logger) throws(ServerError) {
        if let given {
            pair = given
            origin = .given
            return
        }
        let found = try Found(in: folders)
        for (folder, error) in found.failed {
            Self.warn("root keys cannot be read in a folder", folder, error, logger)
        }
        pair = found.pair ?? KeyPair(Principal.withNewKeys(named: .root))
        origin = found.pair == nil ? .made : .found
        for folder in found.without {
            do throws(ServerError) {
                try DataFolder.publish(Self.text(of: pair), at: folder.keysFile)
                // Keys that somebody was shown must not be replaced by others after a power loss.
                try folder.synchronize()
            } catch {
                guard origin == .found else { throw error }
                Self.warn("root keys cannot be kept in a folder", folder, error, logger)
            }
        }
    }

    private static func warn(
        _ message: Logger.Message,
        _ folder: DataFolder,
        _ error: ServerError,
        _ logger: Logger
    ) {
        logger.warning(message, metadata: ["directory": "\(folder.path)", "error": "\(error)"])
    }

    /// The keys in the first folder that has some; nil if none has.
    ///
    /// - Throws: ``ServerError/keysUnreadable(path:)``; ``ServerError/fileUnusable(path:cause:)`` if none
    ///   has, and one cannot be read.
    static func read(from folders: DataFolders) throws(ServerError) -> KeyPair? {
        try Found(in: folders).pair
    }

    /// What the folders of a server have of keys.
    private struct Found {
        /// The keys of the first that has some.
        private(set) var pair: KeyPair?
        private(set) var without: [DataFolder] = []
        private(set) var failed: [(DataFolder, ServerError)] = []

        /// - Throws: ``ServerError/keysUnreadable(path:)``; ``ServerError/fileUnusable(path:cause:)`` if
        ///   none has keys, and one cannot be read.
        init(in folders: DataFolders) throws(ServerError) {
            for folder in folders.all {
                do throws(ServerError) {
                    guard let keys = try RootKeys.read(from: folder) else {
                        without.append(folder)
                        continue
                    }
                    pair = pair ?? keys
                } catch {
                    guard case .fileUnusable = error else { throw error }
                    failed.append((folder, error))
                }
            }
            if pair == nil, let (_, error) = failed.first { throw error }
        }
    }

    /// The keys in the folder; nil if it has none yet.
    ///
    /// - Throws: ``ServerError/keysUnreadable(path:)`` or ``ServerError/fileUnusable(path:cause:)``.
    static func read(from folder: DataFolder) throws(ServerError) -> KeyPair? {
        guard let text = try folder.read(folder.keysFile) else { return nil }
        var values: [Substring: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let assignment = line.hasPrefix("export ") ? line.dropFirst(7) : line
            guard let equals = assignment.firstIndex(of: "=") else { continue }
            let value = assignment[assignment.index(after: equals)...]
            values[assignment[..<equals]] = value.filter { $0 != "\"" && $0 != "'" }
        }
        guard let accessKey = values["AWS_ACCESS_KEY_ID"], !accessKey.isEmpty,
            let secretKey = values["AWS_SECRET_ACCESS_KEY"], !secretKey.isEmpty
        else { throw .keysUnreadable(path: folder.keysFile) }
        return KeyPair(accessKey: accessKey, secretKey: secretKey)
    }

    /// The lines that a shell or `nave env` reads.
    static func text(of pair: KeyPair) -> String {
        """
        export AWS_ACCESS_KEY_ID=\(pair.accessKey)
        export AWS_SECRET_ACCESS_KEY=\(pair.secretKey)

        """
    }
}
