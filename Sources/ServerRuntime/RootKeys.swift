import AccessControl
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

    /// Takes the keys that were given, else those in a folder, else makes new ones; every folder
    /// keeps them.
    ///
    /// - Throws: ``ServerError/keysUnreadable(path:)`` or ``ServerError/fileUnusable(path:cause:)``.
    init(in folders: DataFolders, given: KeyPair?) throws(ServerError) {
        if let given {
            pair = given
            origin = .given
            return
        }
        if let found = try Self.read(from: folders) {
            pair = found
            origin = .found
        } else {
            pair = KeyPair(Principal.withNewKeys(named: .root))
            origin = .made
        }
        for folder in folders.all where try Self.read(from: folder) == nil {
            try DataFolder.publish(Self.text(of: pair), at: folder.keysFile)
            // Keys that somebody was shown must not be replaced by others after a power loss.
            try folder.synchronize()
        }
    }

    /// The keys in the first folder that has some; nil if none has.
    ///
    /// - Throws: ``ServerError/keysUnreadable(path:)`` or ``ServerError/fileUnusable(path:cause:)``.
    static func read(from folders: DataFolders) throws(ServerError) -> KeyPair? {
        for folder in folders.all {
            if let found = try read(from: folder) { return found }
        }
        return nil
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
