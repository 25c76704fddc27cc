import MetadataIndex
import StorageFormats
import StorageModel
import Volumes

/// Brings an index forward by the changes that the log has and it has not.
struct LogReplay {
    let volume: VolumeSet
    let writer: IndexWriter
    /// Changes in one transaction.
    let batchMax: Int

    /// Applies everything after the index's position.
    ///
    /// - Returns: How many changes were applied.
    /// - Throws: `VolumeError`, `SQLiteError` or ``LogReplayError``; what was applied by whole
    ///   transactions before stays.
    func run() throws -> Int {
        var count = 0
        var pending = 0
        var end = writer.state.applied
        var chain = writer.state.chain
        guard end < volume.logEnd else { return 0 }
        try writer.begin()
        do {
            try volume.replay(from: end) { record in
                try writer.apply(record)
                end = record.place.end
                chain = record.place.checksum
                count += 1
                pending += 1
                guard pending >= batchMax else { return }
                pending = 0
                try commit(applied: end, chain)
                try writer.begin()
            }
            try commit(applied: end, chain)
        } catch {
            try writer.rollback()
            throw error
        }
        return count
    }

    private func commit(applied end: LogPosition, _ chain: UInt64?) throws {
        try writer.commit(applied: end, chain: chain, flushed: volume.flushed(before: end))
    }
}

extension IndexWriter {
    /// Applies the change of a log record.
    ///
    /// - Throws: ``LogReplayError`` if the record holds no change that this program knows;
    ///   `SQLiteError`. The batch must then be rolled back.
    package func apply(_ record: ReplayedRecord) throws {
        let change: Change
        do throws(ChangeFormatError) {
            change = try Change(decoding: record.body)
        } catch {
            throw LogReplayError.changeUnreadable(at: record.place.position, error)
        }
        try apply(change, recordPayload: record.extent, segment: record.segment)
    }
}

/// A log record that is whole and yet no change.
package enum LogReplayError: Error, Hashable, Sendable {
    /// The body of the record at an address is no change that this program can read.
    case changeUnreadable(at: LogPosition, ChangeFormatError)
}

extension IndexState {
    /// How far the index has come, with the history that it knows; nil if it does not know one.
    package var appliedPosition: AppliedPosition? {
        chain.map { AppliedPosition(position: applied, chain: $0) }
    }
}
