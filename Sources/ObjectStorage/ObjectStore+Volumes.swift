import DiskIO
import StorageFormats
import Volumes

extension ObjectStore {
    /// Forgets a volume that is missing for good: it is listed no longer, and is not taken back.
    ///
    /// May take as long as a look at every payload's file. When it returns, every volume that is there has
    /// it in writing.
    ///
    /// - Parameter identifier: What the volume's label calls it, a UUID.
    /// - Throws: ``ForgettingError``; then nothing has changed.
    public func forgetVolume(_ identifier: String) async throws(ForgettingError) {
        let (repair, ledger) = (repair, ledger)
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, ForgettingError>, Never>) in
            let isTaken = diskPool.enqueue {
                continuation.resume(
                    returning: Result { () throws(ForgettingError) in
                        try repair.forget(identifier, damage: ledger.records)
                    }
                )
            }
            if !isTaken { continuation.resume(returning: .failure(.closed)) }
        }
        try result.get()
    }
}

extension VolumeRepair {
    /// Forgets a volume; blocks.
    fileprivate func forget(
        _ identifier: String,
        damage: [DamageRecord]
    ) throws(ForgettingError) {
        guard let id = UniqueID(identifier) else {
            throw .volumeUnknown(missing: volumes.missing)
        }
        try volumes.forget(
            id,
            Census(index: index, upkeep: upkeep),
            damage: damage,
            isCancelled: { isClosed }
        )
    }
}
