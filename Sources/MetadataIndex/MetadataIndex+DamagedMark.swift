import Glibc
import SQLiteDatabase

// A file beside the database that says that it was found not to be what SQLite wrote: the next start
// makes it anew. The database itself cannot be asked, and may look whole where it is opened.

extension MetadataIndex {
    /// Whether the index in a directory was found damaged since it was made.
    public static func isMarkedDamaged(in directory: String) -> Bool {
        access(damagedMark(in: directory), F_OK) == 0
    }

    /// Has the next start make the index in a directory anew; on the disk when this returns.
    ///
    /// - Throws: `SQLiteError` of code `.inputOutput` or `.outOfSpace`.
    public static func markDamaged(in directory: String) throws(SQLiteError) {
        let path = damagedMark(in: directory)
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        Glibc.close(descriptor)
        try synchronize(directory)
    }

    /// Forgets that the index in a directory was found damaged, after it was made anew.
    ///
    /// A mark that is left costs another making at the next start, nothing else.
    public static func clearDamagedMark(in directory: String) {
        unlink(damagedMark(in: directory))
    }

    private static func damagedMark(in directory: String) -> String { "\(directory)/damaged" }
}
