import MetadataIndex
import StorageModel
import Volumes

/// A place where log, index and blobs do not agree, or where stored bytes are damaged.
public struct Disagreement: Hashable, Sendable {
    /// What does not agree; the raw value is what programs are told and never changes.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// No whole record is where one must be.
        case logRecordUnreadable = "log_record_unreadable"
        /// The header of a log segment is not what was written.
        case logSegmentInvalid = "log_segment_invalid"
        /// Two copies of the log hold different records at the same address.
        case logCopiesDiffer = "log_copies_differ"
        /// A volume that belongs to the others is not among the folders.
        case volumeMissing = "volume_missing"
        /// The disk of a volume fails, so that nothing of it can be looked at.
        case volumeUnreadable = "volume_unreadable"
        /// A volume lacks something that was written while it was away.
        case volumeBehind = "volume_behind"
        /// Fewer volumes than wanted hold a blob.
        case blobCopies = "blob_copies"
        /// A piece of the log is not there.
        case logSegmentMissing = "log_segment_missing"
        /// A record is whole, and holds no change that this program can read.
        case changeUnreadable = "change_unreadable"
        /// A change does not fit those before it.
        case changeInapplicable = "change_inapplicable"
        /// A snapshot of the index is damaged.
        case snapshotInvalid = "snapshot_invalid"
        /// There is no index; it is made again at the next start.
        case indexMissing = "index_missing"
        /// The index is no database, is damaged, or is of another format.
        case indexUnreadable = "index_unreadable"
        /// The index is of another volume.
        case indexForeign = "index_foreign"
        /// The index has come to a place where the log has no record's end.
        case indexPosition = "index_position"
        /// The log gives a row that the index does not have.
        case rowMissing = "row_missing"
        /// The index has a row that the log would not give.
        case rowExtra = "row_extra"
        /// A row of the index has other values than the log gives.
        case rowDifferent = "row_different"
        /// A blob's count of references is not what the rows add up to.
        case referenceMiscount = "reference_miscount"
        /// An array's totals are not what its chunks add up to.
        case tallyMiscount = "tally_miscount"
        /// An object needs a blob that is not there.
        case blobMissing = "blob_missing"
        /// A blob is shorter than an object needs.
        case blobLength = "blob_length"
        /// A blob's header or footer is not what was written.
        case blobInvalid = "blob_invalid"
        /// A block of a blob differs from its checksum.
        case blobDamaged = "blob_damaged"
        /// A blob cannot be read.
        case blobUnreadable = "blob_unreadable"
        /// Nothing refers to a blob. With a log that is whole it is litter of a crash, which the next
        /// start removes.
        case blobUnreferenced = "blob_unreferenced"
        /// An object's bytes are said to lie where the log has none.
        case payloadOutside = "payload_outside"
        /// An object's bytes in the log differ from their checksums.
        case payloadDamaged = "payload_damaged"
    }

    /// What does not agree.
    public let kind: Kind
    /// The file.
    public let path: String
    /// The byte of the file; nil if the whole file is meant.
    public let offset: Int64?
    /// More for a person: which row, which values; holds no secret.
    public let detail: String
    /// The objects that are concerned, as `namespace/key`, as far as they were looked for.
    public let objects: [String]

    /// Makes a value of its parts.
    public init(
        _ kind: Kind,
        path: String,
        offset: Int64? = nil,
        detail: String = "",
        objects: [String] = []
    ) {
        self.kind = kind
        self.path = path
        self.offset = offset
        self.detail = detail
        self.objects = objects
    }

    /// The same, with other objects.
    func naming(_ objects: [String]) -> Disagreement {
        Disagreement(kind, path: path, offset: offset, detail: detail, objects: objects)
    }
}

extension Disagreement {
    /// A place where a log is not what was written.
    init(_ damage: LogAudit.Damage) {
        let kind: Kind =
            switch damage.kind {
            case .record: .logRecordUnreadable
            case .segmentHeader: .logSegmentInvalid
            case .segmentMissing: .logSegmentMissing
            }
        self.init(
            kind,
            path: damage.path,
            offset: damage.offset,
            detail: "address \(damage.position.bytes) of the log"
        )
    }

    /// A row in which the index differs from what the log gives.
    init(_ difference: IndexDifference, path: String) {
        let row = "\(difference.table): \(difference.key)"
        switch difference.kind {
        case .missing: self.init(.rowMissing, path: path, detail: row)
        case .extra: self.init(.rowExtra, path: path, detail: row)
        case .different(let columns):
            self.init(
                .rowDifferent,
                path: path,
                detail: "\(row) (\(columns.joined(separator: ", ")))"
            )
        }
    }

    /// A figure that the rows of the index do not add up to.
    init(_ miscount: IndexMiscount, path: String) {
        self.init(
            miscount.table == "blob" ? .referenceMiscount : .tallyMiscount,
            path: path,
            detail: "\(miscount.key): the index says \(miscount.kept), its rows say "
                + miscount.counted
        )
    }
}

/// What a check found.
public struct InspectionReport: Hashable, Sendable {
    /// How many disagreements are listed; the rest is counted.
    public static let listedMax = 1000

    /// The first disagreements.
    public private(set) var disagreements: [Disagreement] = []
    /// How many there are in all, by kind.
    public private(set) var counts: [Disagreement.Kind: Int64] = [:]
    /// The first files that no record names: what a crash leaves behind, and no disagreement.
    ///
    /// The next start removes them.
    public private(set) var litter: [Disagreement] = []
    /// How many such files there are.
    public private(set) var litterCount: Int64 = 0
    /// Records of the log that were read.
    public internal(set) var records: Int64 = 0
    /// Rows of the index that hold payloads.
    public internal(set) var rows: Int64 = 0
    /// Blobs that were looked at.
    public internal(set) var blobs: Int64 = 0
    /// Payload bytes that were read and verified.
    public internal(set) var verifiedBytes: Int64 = 0
    /// Whether the rows of the index were compared with those that the log gives.
    public internal(set) var isIndexCompared = false

    /// How many disagreements there are in all.
    public var total: Int64 { counts.values.reduce(0, +) }

    mutating func add(_ disagreement: Disagreement) {
        counts[disagreement.kind, default: 0] += 1
        if disagreements.count < Self.listedMax { disagreements.append(disagreement) }
    }

    mutating func addLitter(_ file: Disagreement) {
        litterCount += 1
        if litter.count < Self.listedMax { litter.append(file) }
    }
}
