import StorageFormats
import StorageModel
import Volumes

/// The changes of a batch that were accepted, in order, on their way into the index and the log.
struct AcceptedChanges {
    /// A change and where it goes.
    struct Item {
        let change: Change
        let record: LogRecord
        /// Where its payload will be.
        let payloadPosition: LogPosition
    }

    /// All that were accepted.
    private(set) var items: [Item] = []
    /// How many of them, from the first on, were applied to the open index transaction.
    private(set) var appliedCount = 0
    /// Where the first record goes.
    let position: LogPosition
    /// The first address of the segment that all of them go to.
    let segment: LogPosition
    private var end: LogPosition

    /// Begins with none.
    ///
    /// - Parameters:
    ///   - position: Where the first record is to go.
    ///   - segment: The first address of the segment that it goes to.
    init(at position: LogPosition, segment: LogPosition) {
        self.position = position
        self.segment = segment
        end = position
    }

    var count: Int { items.count }

    /// Those that wait to be applied.
    var waiting: ArraySlice<Item> { items[appliedCount...] }

    mutating func append(_ change: Change, _ record: LogRecord) {
        let payloadBytes = record.payload.bytes.count
        let length = LogRecordHeader.recordBytes(
            bodyBytes: record.body.count,
            payloadBytes: payloadBytes
        )
        items.append(
            Item(
                change: change,
                record: record,
                payloadPosition: LogPosition(end.bytes + Int64(length - payloadBytes))
            )
        )
        end = LogPosition(end.bytes + Int64(length))
    }

    /// Notes that all were applied.
    mutating func noteApplied() {
        appliedCount = items.count
    }
}

extension Proposal {
    /// Whether it is decided alike before and after plain writes that others want: those it concerns
    /// itself with neither what a key holds nor which versions there are.
    ///
    /// All proposals for which this holds are writes of one key or part and change nothing that these are
    /// decided by: names, versions and uploads.
    var ignoresPlainWrites: Bool {
        switch self {
        case .put(let put):
            put.precondition == .none && put.fact == nil && put.origin.isStaged
        case .putPart(let part): part.origin.isStaged
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .delete, .createUpload, .completeUpload, .abortUpload, .relocate, .write, .version,
            .forgetDeletions, .sweep:
            false
        }
    }
}

extension PayloadOrigin {
    fileprivate var isStaged: Bool {
        switch self {
        case .staged: true
        case .shared: false
        }
    }
}
