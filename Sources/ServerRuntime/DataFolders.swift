import DiskIO
import Logging
import ObjectStorage

/// The folders of one server, one per volume.
///
/// Each has the root keys and what says where the server can be reached, so that any one may be lost. The
/// index is in one of them: in the first, as long as its disk does not fail.
struct DataFolders {
    /// At least one.
    let all: [DataFolder]

    /// The folder that was named first.
    var first: DataFolder { all[0] }

    /// The folder in which the index is, and what else a server remembers, while no process has it open.
    var home: DataFolder {
        // One that fails has nothing to offer as long as another does not.
        let readable = all.filter(\.isReadable)
        let candidates = readable.isEmpty ? all : readable
        let index = ObjectStore.indexDirectory(
            among: candidates.map(\.index),
            ofVolumesIn: candidates.map(\.path),
            fileSystem: PosixFileSystem()
        )
        return home(of: index)
    }

    /// The folder that an index is in.
    func home(of index: String) -> DataFolder { all.first { $0.index == index } ?? first }

    /// Names the folders.
    init(_ paths: [String]) {
        precondition(!paths.isEmpty, "a server has a folder")
        all = paths.map(DataFolder.init(path:))
    }

    /// The folders that were served together with one, as it was written down there, as far as they
    /// hold a volume; that one alone if nothing was.
    ///
    /// They are in the order in which they were served.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    init(servedWith path: String) throws(ServerError) {
        let recorded = try Self.recorded(path)
        self.init(recorded.isEmpty ? [path] : recorded.filter(\.mayHoldVolume).map(\.path))
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
        return recorded.filter { !$0.mayHoldVolume }.map(\.path)
    }

    /// The other folders that a folder was served with when it was last, whether they are there or not.
    static func others(servedWith path: String) -> [String] {
        let folder = DataFolder(path: path)
        let text = (try? folder.read(folder.volumesFile)) ?? ""
        return text.split(whereSeparator: \.isNewline).map(String.init)
            .filter { $0 != path && !DataFolder(path: $0).isSame(as: folder) }
    }

    /// Refuses a folder while others that are served with it are not there: opening it alone would be
    /// taken for the loss of the others.
    ///
    /// A server that goes on without them can be asked all the same.
    ///
    /// - Throws: ``ServerError/dataInUse(path:)``, ``ServerError/maintenanceFailed(_:)``,
    ///   ``ServerError/fileUnusable(path:cause:)``.
    static func requireAll(servedWith path: String) throws(ServerError) {
        guard let first = try missing(servedWith: path).first else { return }
        if DataFolder(path: path).isInUse { throw .dataInUse(path: path) }
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
    /// - Throws: ``ServerError/folderIsFile(path:)``, ``ServerError/fileUnusable(path:cause:)``.
    func create() throws(ServerError) {
        // One whose disk fails is no reason to stop if the others have everything.
        for folder in all where all.count == 1 || !folder.isFailing { try folder.create() }
    }

    /// Refuses to begin a volume at a path where one was, as another of the folders has it in writing: more
    /// likely than not its disk is not mounted, and what is at the path now is another disk.
    ///
    /// A folder that was made there by hand says that a new one is wanted.
    ///
    /// - Throws: ``ServerError/folderGone(path:other:)``.
    func refuseGone() throws(ServerError) {
        for folder in all where DataFolder.isAbsent(folder.path) {
            let path = FolderNesting.resolved(folder.path)
            for other in all where other.path != folder.path {
                let others = Self.others(servedWith: other.path)
                guard others.contains(where: { FolderNesting.resolved($0) == path }) else {
                    continue
                }
                throw .folderGone(path: folder.path, other: other.path)
            }
        }
    }

    /// Refuses folders that lie in one another, or in a folder that is a volume: what one server takes for
    /// its own files would be another's.
    ///
    /// - Throws: ``ServerError/folderNested(path:outer:)``.
    func refuseNested() throws(ServerError) {
        for folder in all {
            let path = FolderNesting.resolved(folder.path)
            let outer = all.first { path.hasPrefix(FolderNesting.resolved($0.path) + "/") }?.path
            guard let outer = outer ?? FolderNesting.volume(around: path) else { continue }
            throw .folderNested(path: folder.path, outer: outer)
        }
    }

    /// Writes down in each folder which are served together, so that commands open all of them.
    ///
    /// A folder that cannot be written is done without, with a warning.
    func record(_ logger: Logger) {
        if all.count == 1, (try? first.read(first.volumesFile)) == .some(nil) { return }
        let text = all.map { $0.path + "\n" }.joined()
        for folder in all {
            do throws(ServerError) {
                guard try folder.read(folder.volumesFile) != text else { continue }
                try DataFolder.publish(text, at: folder.volumesFile)
            } catch {
                logger.warning(
                    "a folder does not take which are served together",
                    metadata: ["directory": "\(folder.path)", "error": "\(error)"]
                )
            }
        }
    }

    /// Says in each folder where the server can be reached, so that commands find it in any.
    ///
    /// A folder that cannot be written is done without, with a warning, unless none can.
    ///
    /// - Throws: ``ServerError/fileUnusable(path:cause:)``.
    func publish(endpoint: String, control: String, _ logger: Logger) throws(ServerError) {
        var failed: [(DataFolder, ServerError)] = []
        for folder in all {
            do throws(ServerError) {
                try DataFolder.publish(endpoint + "\n", at: folder.endpointFile)
                try DataFolder.publish(control + "\n", at: folder.controlFile)
            } catch {
                failed.append((folder, error))
            }
        }
        if failed.count == all.count, let (_, error) = failed.first { throw error }
        for (folder, error) in failed {
            logger.warning(
                "a folder does not take where the server can be reached",
                metadata: ["directory": "\(folder.path)", "error": "\(error)"]
            )
        }
    }
}
