import StorageFormats
import StorageModel
import Volumes

extension ReplayedRecord {
    /// The addresses at which a row may say that a payload of this record begins.
    ///
    /// That is where the record's payload begins; a relocation moves many runs, one behind the other.
    var runs: [LogPosition] {
        guard let change = try? Change(decoding: body), case .relocate(let moves) = change.operation
        else { return [place.payloadPosition] }
        return moves.map { LogPosition(place.payloadPosition.bytes + Int64($0.payloadOffset)) }
    }

    /// The addresses of its payload.
    var payloadRange: Range<LogPosition> { place.payloadPosition..<place.end }
}
