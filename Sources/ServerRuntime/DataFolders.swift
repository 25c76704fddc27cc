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

    /// The folders that were served together with one, as it was written down there; that one alone
    /// if nothing was.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    init(servedWith path: String) throws(ServerError) {
        let folder = DataFolder(path: path)
        let recorded = try folder.read(folder.volumesFile)?.split(whereSeparator: \.isNewline)
        let others = (recorded ?? []).map(String.init).filter { $0 != path && !$0.isEmpty }
        self.init(recorded == nil ? [path] : [path] + others.filter { !Self.areSame($0, path) })
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

    private static func areSame(_ left: String, _ right: String) -> Bool {
        DataFolder(path: left).isSame(as: DataFolder(path: right))
    }
}
