import StorageFormats
import StorageModel
import Volumes

extension ObjectStore {
    /// Begins to take in the payloads of a batch.
    public func batchStage() -> BatchStage {
        BatchStage(volume: volume, upkeep: upkeep, limits: limits)
    }

    /// Writes many objects and deletes others by one change: all of it, or nothing.
    ///
    /// Payloads are not used up by a failure: the same may be in the next attempt.
    ///
    /// - Parameters:
    ///   - batch: What to write; its payloads were sealed by their stage.
    ///   - namespace: Where.
    ///   - actor: Who writes.
    /// - Returns: The number of the change, which is the sequence of all that it wrote; of the change
    ///   before, if there was nothing to do.
    /// - Throws: ``StoreError/preconditionFailed`` if an expectation does not hold,
    ///   ``StoreError/keyRepeated(_:)``,
    ///   ``StoreError/payloadTooLarge`` if it is more than one change may be,
    ///   ``StoreError/namespaceMissing(_:)`` and the failures of any write.
    public func write(
        _ batch: WriteBatch,
        in namespace: Namespace,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> Int64 {
        guard batch.puts.count + batch.deletions.count <= limits.batchedKeysMax else {
            throw .payloadTooLarge
        }
        if let key = batch.repeatedKey { throw .keyRepeated(key) }
        var recorded: [UInt8] = []
        var puts: [BatchProposal.Put] = []
        puts.reserveCapacity(batch.puts.count)
        for put in batch.puts {
            let entry = NewEntry(
                entityTag: put.entityTag,
                attributes: put.attributes,
                checksums: [],
                parts: [],
                payload: Self.runs(put.payload, &recorded)
            )
            guard recorded.count <= LogRecord.payloadBytesMax else { throw .payloadTooLarge }
            puts.append(
                BatchProposal.Put(
                    key: put.key,
                    entry: entry,
                    fact: try await fact(put.key, PayloadSource(put.payload)),
                    expectation: put.expectation
                )
            )
        }
        let proposal = BatchProposal(
            namespace: namespace,
            puts: puts,
            deletions: batch.deletions,
            conditions: batch.conditions,
            payload: LogPayload(recorded)
        )
        return try await handingOver(batch.puts.map(\.payload)) { () throws(StoreError) in
            try await commit(.write(proposal), actor: actor) { outcome in
                if case .written(let sequence) = outcome { sequence } else { nil }
            }
        }
    }

    /// The runs of a payload of a batch; the bytes of a short one join those of the record.
    private static func runs(
        _ payload: StagedPayload,
        _ recorded: inout [UInt8]
    ) -> [PayloadRun] {
        switch payload.content {
        case .inline(let inline):
            guard !inline.bytes.isEmpty else { return [] }
            let offset = recorded.count
            recorded += inline.bytes
            return [
                .recordedPart(
                    offset: offset,
                    lengthBytes: inline.bytes.count,
                    blockChecksums: inline.blockChecksums
                )
            ]
        case .blob(_, let extent), .packed(_, let extent): return [.stored(extent)]
        }
    }
}
