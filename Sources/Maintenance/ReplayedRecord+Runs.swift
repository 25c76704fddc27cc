import StorageFormats
import StorageModel
import Volumes

extension ReplayedRecord {
    /// The addresses at which a row may say that a payload of this record begins.
    ///
    /// That is where the record's payload begins; a relocation and a write of many objects hold many
    /// runs, one behind the other.
    var runs: [LogPosition] {
        guard let change = try? Change(decoding: body) else { return [place.payloadPosition] }
        switch change.operation {
        case .relocate(let moves): return moves.map { address($0.payloadOffset) }
        case .putObjects(let writes, _):
            return writes.flatMap(\.entry.payload).compactMap { run in
                switch run {
                case .recorded: place.payloadPosition
                case .recordedPart(let offset, _, _): address(offset)
                case .stored: nil
                }
            }
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .putObject, .deleteObjects, .createUpload, .putPart, .completeUpload, .abortUpload,
            .openVersion, .forkVersion, .commitVersion, .sealVersion, .rollBackVersion,
            .renameVersions, .removeVersion, .retainCommits, .forgetCommits, .commitDraft,
            .adoptDraft, .countLine, .forgetDeletions, .sweep:
            return [place.payloadPosition]
        }
    }

    /// The addresses of its payload.
    var payloadRange: Range<LogPosition> { place.payloadPosition..<place.end }

    /// The address of a byte of its payload.
    private func address(_ offset: Int) -> LogPosition {
        LogPosition(place.payloadPosition.bytes &+ Int64(offset))
    }
}
