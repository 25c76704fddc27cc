/// The folders of one server, one per volume.
///
/// The first also has the index and what says where the server can be reached; each has the root keys,
/// so that any one may be lost.
struct DataFolders {
    /// At least one.
    let all: [DataFolder]

    /// The folder with the index, and with what says where the server can be reached.
    var first: DataFolder { all[0] }

    /// Names the folders.
    init(_ paths: [String]) {
        precondition(!paths.isEmpty, "a server has a folder")
        all = paths.map(DataFolder.init(path:))
    }

    /// The folders that were served together with one, as it was written down there, as far as they
    /// hold a volume; that one alone if nothing was.
    ///
    /// They are in the order in which they were served: the index is in the first.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    init(servedWith path: String) throws(ServerError) {
        let recorded = try Self.recorded(path)
        self.init(recorded.isEmpty ? [path] : recorded.filter(\.holdsVolume).map(\.path))
    }

    /// Those of the folders that were served together with one which hold no volume now.
    ///
    /// A folder that is not in its own list was moved or copied: then all in it are missing.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    static func missing(servedWith path: String) throws(ServerError) -> [String] {
        let folder = DataFolder(path: path)
        guard let text = try folder.read(folder.volumesFile) else { return [] }
        let recorded = try recorded(path)
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        guard !recorded.isEmpty else { return lines }
        return recorded.filter { !$0.holdsVolume }.map(\.path)
    }

    /// Refuses a folder while others that are served with it are not there: opening it alone would be
    /// taken for the loss of the others.
    ///
    /// - Throws: ``ServerError/maintenanceFailed(_:)``, ``ServerError/fileUnusable(path:cause:)``.
    static func requireAll(servedWith path: String) throws(ServerError) {
        guard let first = try missing(servedWith: path).first else { return }
        throw .maintenanceFailed(
            "\(path) was served together with \(first), which is not there. If folders were moved or "
                + "one is lost, start the server once with those that there are."
        )
    }

    /// What a folder says of those that are served together; empty unless it is among them.
    private static func recorded(_ path: String) throws(ServerError) -> [DataFolder] {
        let folder = DataFolder(path: path)
        let text = try folder.read(folder.volumesFile) ?? ""
        let recorded = text.split(whereSeparator: \.isNewline).map { DataFolder(path: String($0)) }
        return recorded.contains { $0.isSame(as: folder) } ? recorded : []
    }

    /// Makes the folders, readable by their owner alone, if they do not exist.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    func create() throws(ServerError) {
        for folder in all { try folder.create() }
    }

    /// Writes down in each folder which are served together, so that commands open all of them.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    func record() throws(ServerError) {
        if all.count == 1, try first.read(first.volumesFile) == nil { return }
        let text = all.map { $0.path + "\n" }.joined()
        for folder in all where try folder.read(folder.volumesFile) != text {
            try DataFolder.publish(text, at: folder.volumesFile)
        }
    }
}
