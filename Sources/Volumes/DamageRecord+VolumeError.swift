import StorageModel

extension DamageRecord {
    /// Makes a record of a read that failed; nil if the failure says nothing about stored bytes.
    ///
    /// - Parameters:
    ///   - error: Why the read failed.
    ///   - extent: What was read.
    ///   - volume: The directory of the volume.
    ///   - blobPath: Where a blob's file is, for one that is missing.
    ///   - now: When it was found.
    public init?(
        _ error: VolumeError,
        reading extent: Extent,
        volume: String,
        blobPath: (BlobID) -> String,
        now: WallTime
    ) {
        let place: Place =
            switch extent {
            case .inline(let position, _, _): .payload(position)
            case .blob(let id, _, _): .blob(id)
            }
        let path: String
        var offset: Int64?
        let kind: Kind
        switch error {
        case .payloadDamaged(let damagedPath, let damagedOffset):
            (path, offset, kind) = (damagedPath, damagedOffset, .payload)
        case .blobInvalid(let damagedPath, _): (path, kind) = (damagedPath, .blobInvalid)
        case .blobMissing(let id): (path, kind) = (blobPath(id), .blobMissing)
        case .readFailed(let disk): (path, kind) = (disk.path, .unreadable)
        case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .membershipInvalid,
            .membershipSplit, .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid,
            .logDamaged,
            .snapshotsMissing, .logSegmentMissing, .logTooShort, .logBeginsLater,
            .logPositionInvalid,
            .recordTooLong, .blobsMissing, .rangeInvalid, .blobWriterClosed, .outOfSpace,
            .writeFailed,
            .volumeFailed, .closed:
            return nil
        }
        self.init(
            found: now,
            volume: volume,
            path: path,
            offset: offset,
            kind: kind,
            place: place
        )
    }
}
