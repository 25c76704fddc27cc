import MetadataIndex
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

// How the accepted changes of a batch get into the index and the log.

extension Committer {
    /// Applies the changes that wait for it to the open index transaction.
    func applyWaiting(_ accepted: inout AcceptedChanges) throws(StoreError) {
        for item in accepted.waiting {
            try translating { () throws(SQLiteError) in
                try writer.apply(
                    item.change,
                    recordPayload: item.record.payload.extent(at: item.payloadPosition),
                    segment: accepted.segment
                )
            }
        }
        accepted.noteApplied()
    }

    /// Writes the accepted changes to the log, and commits them in the index.
    ///
    /// While the disk writes, those that wait for it are applied to the open index transaction, and the next
    /// batch is gathered.
    ///
    /// - Returns: Where each went; `nil` if the log does not take them at that position.
    func makeDurable(_ accepted: inout AcceptedChanges) throws(StoreError) -> [Placement]? {
        guard accepted.count > 0 else {
            try translating { () throws(SQLiteError) in try writer.rollback() }
            return []
        }
        let began = ContinuousClock.now
        var applied: Result<Void, StoreError> = .success(())
        let outcome: AppendOutcome
        do throws(VolumeError) {
            let records = accepted.items.map(\.record)
            outcome = try volume.append(records, at: accepted.position) {
                applied = Result { () throws(StoreError) in try applyWaiting(&accepted) }
                gatherNext()
            }
        } catch {
            throw StoreError(error)
        }
        guard case .appended(let placed) = outcome else { return nil }
        meter.count(changes: accepted.count, took: ContinuousClock.now - began)
        do throws(StoreError) {
            try applied.get()
            try commitIndex(accepted.count, placed)
        } catch {
            // The log has the changes and the index has not, unless that only wanted room or a disk.
            isBehind = true
            if moveIndex() { return placements(accepted, placed) }
            guard error == .outOfSpace, reserve.release() else { throw .indexFailed }
            do throws(StoreError) { try catchUp() } catch { throw .indexFailed }
        }
        return placements(accepted, placed)
    }

    /// Takes what waits into the next batch and computes its digests, if that is worth it.
    private func gatherNext() {
        // With copies of the log the work comes before they are written, and would only delay them.
        guard volume.durability == .strict, volume.isLogOnOneVolume else { return }
        queue.gather(&gathered, least: EntityTags.togetherMin)
        gathered.digest()
    }

    /// Commits the open index transaction, and tells whoever has to know.
    private func commitIndex(_ count: Int, _ placed: [AppendedRecord]) throws(StoreError) {
        upkeep.gate.announce(writer.freedBlobs)
        guard let last = placed.last else { return }
        let flushed = volume.flushed(before: last.end)
        try translating { () throws(SQLiteError) in
            try writer.commit(applied: last.end, chain: last.checksum, flushed: flushed)
        }
        directory.publish(names)
        upkeep.remove(writer.freedBlobs, .batch)
        board.tell(writer.eventNamespaces)
        board.tell(of: LineLeftovers(of: writer))
        uncheckpointedChanges += count
        noteUse()
    }

    private func placements(
        _ accepted: AcceptedChanges,
        _ placed: [AppendedRecord]
    ) -> [Placement] {
        zip(accepted.items, placed).map { item, record in
            Placement(
                sequence: item.change.sequence,
                time: item.change.time,
                recordPayload: item.record.payload.extent(at: record.payloadPosition)
            )
        }
    }
}
