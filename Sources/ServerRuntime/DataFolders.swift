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
        let folder = DataFolder(path: path)
        let text = try folder.read(folder.volumesFile) ?? ""
        let recorded = text.split(whereSeparator: \.isNewline).map { DataFolder(path: String($0)) }
        let present = recorded.filter(\.holdsVolume)
        // A folder that was moved since is not in its own list.
        let isListed = present.contains { $0.isSame(as: folder) }
        self.init((isListed ? [] : [path]) + present.map(\.path))
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
        guard all.count > 1 else { return }
        let text = all.map { $0.path + "\n" }.joined()
        for folder in all where try folder.read(folder.volumesFile) != text {
            try DataFolder.publish(text, at: folder.volumesFile)
        }
    }
}
