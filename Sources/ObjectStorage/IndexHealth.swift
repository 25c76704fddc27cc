import MetadataIndex
import SQLiteDatabase
import Synchronization

/// Whether the index can be used.
public enum IndexCondition: String, Hashable, Sendable {
    /// It can be asked and changed.
    case usable
    /// Its disk failed, and it is being made anew in another folder; changes wait, and look-ups fail.
    case beingMade = "being_made"
    /// It cannot be read or changed, and no other folder takes one.
    case failed
}

/// What is known of the index while it is used: whether reads or changes ran into a disk that fails, and
/// what is done about it.
///
/// Readers only suspect; the committer decides. State: guarded by `state`.
final class IndexHealth: Sendable {
    private struct State {
        var condition = IndexCondition.usable
        var suspicion: Suspicion?
    }

    private struct Suspicion {
        let error: SQLiteError
        let directory: String
    }

    private let state = Mutex(State())

    /// Whether the index can be used.
    ///
    /// Never waits.
    var condition: IndexCondition { state.withLock { $0.condition } }

    /// Whether an error says that a disk fails, or that it returned what was not written.
    ///
    /// Too little memory says nothing about a disk, and neither does a file that cannot be opened: the
    /// process may have none left.
    static func isOfDisk(_ error: SQLiteError) -> Bool {
        switch error.code {
        case .corrupt, .notADatabase, .readOnly: true
        case .inputOutput: error.extendedCode != outOfMemory
        case .busy, .constraint, .outOfSpace, .cannotOpen, .interrupted, .columnType, .other: false
        }
    }

    /// `SQLITE_IOERR_NOMEM`.
    ///
    /// Source: SQLite, "Result and Error Codes".
    private static let outOfMemory: Int32 = 3082

    /// Notes a read that failed.
    ///
    /// - Returns: Whether the committer should look into it.
    func suspect(_ error: SQLiteError, in directory: String) -> Bool {
        guard Self.isOfDisk(error) else { return false }
        return state.withLock { state in
            guard state.condition == .usable, state.suspicion == nil else { return false }
            state.suspicion = Suspicion(error: error, directory: directory)
            return true
        }
    }

    /// The failed read that was noted, if it was of the index that is used now.
    func takeSuspicion(of directory: String) -> SQLiteError? {
        state.withLock { state in
            defer { state.suspicion = nil }
            guard let suspicion = state.suspicion, suspicion.directory == directory else {
                return nil
            }
            return suspicion.error
        }
    }

    /// Says whether the index can be used.
    func note(_ condition: IndexCondition) {
        state.withLock { $0.condition = condition }
    }
}
