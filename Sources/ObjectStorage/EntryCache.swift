import StorageModel
import Synchronization

/// The objects that were looked up last, so that a popular one costs no question of the index.
///
/// Invariants:
/// - What is kept for a key is what the index shows for it. The committer takes the keys of a batch
///   out before the index may change, and lets nothing in before the batch is over; what a reader
///   found before that time is refused by its ticket.
/// - At most `2 * generationMax` entries are kept, each of a few hundred bytes.
///
/// Entries are kept in two generations: a full young one takes the place of the old one, and an old
/// entry that is found moves to the young.
///
/// State: guarded by `state`; an operation takes well under a microsecond.
final class EntryCache: Sendable {
    /// The state of the index at which a reader asked it.
    struct Ticket: Hashable {
        fileprivate let epoch: UInt64
    }

    /// What the cache says of a key.
    enum Finding {
        case kept(ObjectEntry)
        /// Ask the index, and offer what it says with this ticket.
        case unknown(Ticket)
    }

    /// Entries of one generation.
    static let generationMax = 4096
    /// Extents and parts of an entry that is kept; longer ones cost more memory than they save.
    static let extentsMax = 4
    /// Header fields of an entry that is kept, each at most ``fieldBytesMax`` long.
    static let fieldsMax = 8
    static let fieldBytesMax = 128

    private struct State {
        var young: [LineKey: ObjectEntry] = [:]
        var old: [LineKey: ObjectEntry] = [:]
        var epoch: UInt64 = 0
        var isCommitting = false

        mutating func insert(_ entry: ObjectEntry, at place: LineKey) {
            if young.count >= EntryCache.generationMax {
                old = young
                young = [:]
            }
            young[place] = entry
        }
    }

    private let state = Mutex(State())

    /// Finds a namespace's key.
    func find(_ place: LineKey) -> Finding {
        state.withLock { state in
            if let entry = state.young[place] { return .kept(entry) }
            guard let entry = state.old[place] else {
                return .unknown(Ticket(epoch: state.epoch))
            }
            state.insert(entry, at: place)
            return .kept(entry)
        }
    }

    /// Keeps what the index said, unless a batch was committed since the ticket was given.
    func keep(_ entry: ObjectEntry, at place: LineKey, _ ticket: Ticket) {
        guard entry.isSmall else { return }
        state.withLock { state in
            guard !state.isCommitting, state.epoch == ticket.epoch else { return }
            state.insert(entry, at: place)
        }
    }

    /// Takes out what a batch may change, before the index is changed.
    func beginCommit(_ places: [LineKey]) {
        state.withLock { state in
            state.isCommitting = true
            state.epoch &+= 1
            for place in places {
                state.young[place] = nil
                state.old[place] = nil
            }
        }
    }

    /// Takes out what lies under a prefix of a namespace's keys, while a batch is decided: a version will
    /// follow another line, or be called something else.
    ///
    /// Looks at every entry, some ten nanoseconds each.
    func evict(_ line: LineID, prefix: String) {
        state.withLock { state in
            func isElsewhere(_ place: LineKey) -> Bool {
                place.line != line || !place.key.text.utf8.starts(with: prefix.utf8)
            }
            state.young = state.young.filter { isElsewhere($0.key) }
            state.old = state.old.filter { isElsewhere($0.key) }
        }
    }

    /// Lets entries in again, after the batch is committed or given up.
    func endCommit() {
        state.withLock { state in
            state.isCommitting = false
            state.epoch &+= 1
        }
    }

    /// Takes out everything, when the index moves by more than a batch.
    func removeAll() {
        state.withLock { state in
            state.epoch &+= 1
            state.young = [:]
            state.old = [:]
        }
    }
}

extension ObjectEntry {
    fileprivate var isSmall: Bool {
        payload.extents.count <= EntryCache.extentsMax && parts.count <= EntryCache.extentsMax
            && attributes.areFew
    }
}

extension ObjectAttributes {
    fileprivate var areFew: Bool {
        systemHeaders.count + userMetadata.count <= EntryCache.fieldsMax
            && systemHeaders.allSatisfy { $0.value.utf8.count <= EntryCache.fieldBytesMax }
            && userMetadata.allSatisfy {
                $0.name.utf8.count + $0.value.utf8.count <= EntryCache.fieldBytesMax
            }
    }
}
