import StorageModel
import Synchronization

/// Damage of stored bytes that was found.
public struct DamageRecord: Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, Hashable, Sendable {
        /// Bytes differ from their checksum, or are missing.
        case payload
        /// A blob's header or footer is not what was written.
        case blobInvalid = "blob_invalid"
        /// A blob that an object needs is not there.
        case blobMissing = "blob_missing"
        /// A record of the log is not what was written.
        case logRecord = "log_record"
        /// The device failed to read.
        case unreadable
        /// A snapshot of the index is not what was written.
        case snapshot
    }

    /// What became of it.
    public enum State: String, Hashable, Sendable {
        /// It is there.
        case found
        /// The bytes were written anew: from another copy, or, of a snapshot, from the index; or they are a
        /// record of the log that nobody needs any more, since snapshots of the index hold what it said.
        case healed
    }

    /// Where it is: the address by which the index knows the bytes.
    public enum Place: Hashable, Sendable {
        /// In a blob.
        case blob(BlobID)
        /// In the payload of a log record, by the address of its first byte.
        case payload(LogPosition)
        /// In the log itself.
        case log(LogPosition)
        /// In the snapshot of the index at a position of the log.
        case snapshot(LogPosition)
    }

    /// When it was found.
    public let found: WallTime
    /// When it was seen last.
    public internal(set) var seen: WallTime
    /// The directory of the volume.
    public let volume: String
    /// The file.
    public let path: String
    /// The byte of the file where the damaged block begins; nil if the whole file is meant.
    public let offset: Int64?
    /// What is wrong.
    public let kind: Kind
    /// The address by which the index knows the bytes.
    public let place: Place
    /// What became of it.
    public internal(set) var state: State
    /// The objects that show these bytes, as far as they are known.
    public internal(set) var objects: NamedObjects

    /// Makes a record of its values.
    public init(
        found: WallTime,
        seen: WallTime? = nil,
        volume: String,
        path: String,
        offset: Int64?,
        kind: Kind,
        place: Place,
        state: State = .found,
        objects: NamedObjects = NamedObjects()
    ) {
        self.found = found
        self.seen = seen ?? found
        self.volume = volume
        self.path = path
        self.offset = offset
        self.kind = kind
        self.place = place
        self.state = state
        self.objects = objects
    }
}

/// The damage that was found, newest last: by reads that failed and by the scrub.
///
/// Invariants: at most ``recordsMax`` records; a place in a file is listed once.
///
/// State: guarded by `state`; every call takes microseconds.
public final class DamageLedger: Sendable {
    /// How many records are kept; older ones are only counted.
    public static let recordsMax = 1000

    /// How much was found and healed since the ledger was begun, records that were dropped included.
    public struct Counts: Hashable, Sendable {
        /// How many places were found damaged.
        public var found: Int64
        /// How many of them were healed.
        public var healed: Int64

        /// Makes counts of their values.
        public init(found: Int64 = 0, healed: Int64 = 0) {
            self.found = found
            self.healed = healed
        }
    }

    private struct State {
        var records: [DamageRecord] = []
        var counts = Counts()

        func index(path: String, offset: Int64?) -> Int? {
            records.lastIndex { $0.path == path && $0.offset == offset }
        }
    }

    private let state: Mutex<State>

    /// Begins a ledger, with what an earlier process had found.
    public init(_ records: [DamageRecord] = [], counts: Counts = Counts()) {
        state = Mutex(State(records: records.suffix(Self.recordsMax), counts: counts))
    }

    /// Lists a damaged place.
    ///
    /// - Returns: False if it was listed before and is not healed.
    @discardableResult
    public func add(_ record: DamageRecord) -> Bool {
        state.withLock { state in
            if let index = state.index(path: record.path, offset: record.offset) {
                guard state.records[index].state == .healed else {
                    state.records[index].seen = record.seen
                    return false
                }
                state.records.remove(at: index)
            }
            state.counts.found += 1
            if record.state == .healed { state.counts.healed += 1 }
            state.records.append(record)
            if state.records.count > Self.recordsMax { state.records.removeFirst() }
            return true
        }
    }

    /// Says that a place was written anew from another copy.
    public func heal(path: String, offset: Int64?) {
        state.withLock { state in
            guard let index = state.index(path: path, offset: offset),
                state.records[index].state == .found
            else { return }
            state.records[index].state = .healed
            state.counts.healed += 1
        }
    }

    /// Says which objects show the bytes of a place.
    public func name(_ objects: NamedObjects, of place: DamageRecord.Place) {
        state.withLock { state in
            for index in state.records.indices where state.records[index].place == place {
                state.records[index].objects = objects
            }
        }
    }

    /// Drops what was not seen since a time: healed long ago, or bytes that nobody needs any more.
    public func forget(unseenSince time: WallTime) {
        state.withLock { state in
            state.records.removeAll { $0.seen < time }
        }
    }

    /// Drops damage of places that nothing refers to any more, but for what was healed: that says
    /// something of the disk.
    public func drop(_ places: some Collection<DamageRecord.Place>) {
        guard !places.isEmpty else { return }
        let dropped = Set(places)
        state.withLock { state in
            state.records.removeAll { $0.state == .found && dropped.contains($0.place) }
        }
    }

    /// Takes in what an earlier process had found, as older than all that is listed.
    public func restore(_ records: [DamageRecord], counts: Counts) {
        state.withLock { state in
            let known = records.filter { state.index(path: $0.path, offset: $0.offset) == nil }
            state.records = (known + state.records).suffix(Self.recordsMax)
            state.counts.found += counts.found
            state.counts.healed += counts.healed
        }
    }

    /// What is listed, oldest first.
    public var records: [DamageRecord] { state.withLock { $0.records } }

    /// How much was found and healed.
    public var counts: Counts { state.withLock { $0.counts } }
}
