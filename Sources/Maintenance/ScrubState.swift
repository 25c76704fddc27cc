import DiskIO
import FoundationEssentials
import StorageModel
import Volumes

/// What the scrub remembers from one process to the next, in `scrub.json` in the data folder.
///
/// Normative text: `docs/formats/scrub.md`. A reader refuses a version that it does not know. Nothing
/// depends on it but the scrub itself: without the file a pass begins anew.
public struct ScrubState: Hashable, Sendable {
    /// The version that this program writes, and the only one that it reads.
    public static let version = 1
    /// The longest file, in bytes; a longer one is not believed.
    static let encodedBytesMax = 4 << 20
    private static let format = "nave-scrub"

    /// How far a pass has come in one log.
    public struct LogPlace: Hashable, Sendable, Codable {
        /// The volume, a UUID.
        public var volume: String
        /// The end of the last record that was read.
        public var position: Int64
    }

    /// A pass under way.
    public struct Pass: Hashable, Sendable, Codable {
        /// When it began, in milliseconds since 1970-01-01T00:00:00Z.
        public var began: Int64
        /// How far it has come in each log; a volume that is missing was not begun.
        public var logs: [LogPlace] = []
        /// Whether all logs were read, so that it is among the blobs.
        public var isAmongBlobs = false
        /// The last blob that was read, 16 hexadecimal digits.
        public var blob: String?
        /// How many bytes were read.
        public var bytes: Int64 = 0
        /// How many damaged places were found.
        public var damaged: Int64 = 0

        private enum CodingKeys: String, CodingKey {
            case began, logs, blob, bytes, damaged
            case isAmongBlobs = "among_blobs"
        }
    }

    /// A pass that is over.
    public struct FinishedPass: Hashable, Sendable, Codable {
        /// When it began, in milliseconds since 1970-01-01T00:00:00Z.
        public var began: Int64
        /// When it ended.
        public var ended: Int64
        /// How many bytes were read.
        public var bytes: Int64
        /// How many damaged places were found.
        public var damaged: Int64
    }

    /// How many passes were finished.
    public var passes: Int64 = 0
    /// The pass under way.
    public var current: Pass?
    /// The last pass that was finished.
    public var last: FinishedPass?
    /// How many damaged places were ever found.
    public var found: Int64 = 0
    /// How many of them were healed.
    public var healed: Int64 = 0
    /// The newest of them.
    public var damage: [DamageRecord] = []

    /// Makes the state of a folder that was never scrubbed.
    public init() {}

    /// Reads the state; nil if there is none, or it cannot be read.
    ///
    /// - Throws: ``MaintenanceError/versionUnknown(path:version:)``.
    public static func read(
        _ path: String,
        _ fileSystem: any FileSystem
    ) throws(MaintenanceError) -> ScrubState? {
        guard let file = try? fileSystem.open(path, .readOnly),
            let bytes = try? file.read(encodedBytesMax, at: 0)
        else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let head = try? decoder.decode(Head.self, from: Data(bytes)), head.format == format
        else { return nil }
        guard head.version == version else {
            throw .versionUnknown(path: path, version: UInt64(clamping: head.version))
        }
        return (try? JSONDecoder().decode(Document.self, from: Data(bytes)))?.state
    }

    /// Publishes the state.
    ///
    /// - Throws: ``MaintenanceError``.
    func publish(_ path: String, _ fileSystem: any FileSystem) throws(MaintenanceError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Texts and whole numbers can always be encoded.
        guard let data = try? encoder.encode(Document(self)) else { return }
        do throws(DiskError) {
            try AtomicPublish.publish(
                Array(data),
                as: path,
                in: PosixFileSystem.parent(of: path),
                fileSystem
            )
        } catch {
            throw MaintenanceError(error)
        }
    }

    private struct Head: Decodable {
        let format: String
        let version: Int
    }

    private struct Document: Codable {
        let format: String
        let version: Int
        let passes: Int64
        let current: Pass?
        let last: FinishedPass?
        let found: Int64
        let healed: Int64
        let damage: [ScrubDamage]

        init(_ state: ScrubState) {
            format = ScrubState.format
            version = ScrubState.version
            passes = state.passes
            current = state.current
            last = state.last
            found = state.found
            healed = state.healed
            damage = state.damage.map(ScrubDamage.init)
        }

        var state: ScrubState {
            var state = ScrubState()
            state.passes = passes
            state.current = current
            state.last = last
            state.found = found
            state.healed = healed
            state.damage = damage.compactMap(\.record)
            return state
        }
    }
}

/// A damage record as `scrub.json` holds it.
private struct ScrubDamage: Codable {
    let found: Int64
    let seen: Int64
    let volume: String
    let path: String
    let offset: Int64?
    let kind: String
    let state: String
    /// `blob`, `payload`, `log` or `snapshot`.
    let place: String
    /// The blob's number or the address, 16 hexadecimal digits.
    let address: String
    let objects: [String]
    /// Nil for none.
    let moreObjects: Int?

    private enum CodingKeys: String, CodingKey {
        case found, seen, volume, path, offset, kind, state, place, address, objects
        case moreObjects = "more_objects"
    }

    init(_ record: DamageRecord) {
        found = record.found.milliseconds
        seen = record.seen.milliseconds
        volume = record.volume
        path = record.path
        offset = record.offset
        kind = record.kind.rawValue
        state = record.state.rawValue
        objects = record.objects.names
        let moreCount = record.objects.moreCount
        moreObjects = moreCount == 0 ? nil : moreCount
        switch record.place {
        case .blob(let id): (place, address) = ("blob", id.number.digits)
        case .payload(let position):
            (place, address) = ("payload", UInt64(bitPattern: position.bytes).digits)
        case .log(let position):
            (place, address) = ("log", UInt64(bitPattern: position.bytes).digits)
        case .snapshot(let position):
            (place, address) = ("snapshot", UInt64(bitPattern: position.bytes).digits)
        }
    }

    var record: DamageRecord? {
        guard let kind = DamageRecord.Kind(rawValue: kind),
            let state = DamageRecord.State(rawValue: state),
            let number = UInt64(address, radix: 16)
        else { return nil }
        let position = LogPosition(Int64(bitPattern: number))
        let place: DamageRecord.Place
        switch self.place {
        case "blob": place = .blob(BlobID(number))
        case "payload": place = .payload(position)
        case "log": place = .log(position)
        case "snapshot": place = .snapshot(position)
        default: return nil
        }
        return DamageRecord(
            found: WallTime(milliseconds: found),
            seen: WallTime(milliseconds: seen),
            volume: volume,
            path: path,
            offset: offset,
            kind: kind,
            place: place,
            state: state,
            objects: NamedObjects(objects, moreCount: moreObjects ?? 0)
        )
    }
}

extension UInt64 {
    /// The number in 16 hexadecimal digits.
    var digits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
