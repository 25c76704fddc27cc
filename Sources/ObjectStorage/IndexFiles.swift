import DiskIO

/// The files of an index in its directory.
struct IndexFiles {
    let directory: String

    /// The database.
    var database: String { "\(directory)/nave.sqlite" }
    /// A copy on its way into a snapshot.
    var copy: String { "\(directory)/snapshot.sqlite" }
    /// A snapshot on its way to be the database.
    var restored: String { "\(directory)/nave.sqlite.new" }

    /// Removes copies that were not finished, with what SQLite left beside them.
    ///
    /// One that cannot be removed is in nobody's way but the next copy's, which then fails.
    func removeUnfinished() {
        for path in [copy, restored] {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try? PosixFileSystem().remove(path + suffix)
            }
        }
    }
}
