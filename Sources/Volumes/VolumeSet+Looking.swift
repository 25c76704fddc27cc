import DiskIO
import StorageFormats
import StorageModel

extension VolumeSet {
    /// The identifier that log and blobs carry in some directories, before they are opened; nil if
    /// none says so.
    ///
    /// Opening says what is wrong with them.
    public static func originID(of locations: [VolumeLocation]) -> UniqueID? {
        for location in locations {
            let path = VolumeLayout(directory: location.directory).members
            let bytes = try? location.fileSystem.open(path, .readOnly)
                .read(VolumeMembership.encodedBytesMax + 1, at: 0)
            if let bytes, let membership = try? VolumeMembership(decoding: bytes) {
                return membership.originID
            }
        }
        for location in locations {
            let path = VolumeLayout(directory: location.directory).label
            let bytes = try? location.fileSystem.open(path, .readOnly)
                .read(VolumeLabel.encodedBytesMax + 1, at: 0)
            if let bytes, let label = try? VolumeLabel(decoding: bytes) { return label.volumeID }
        }
        return nil
    }

    /// Records at the end of the log that could not be read when it was opened, and that the index, or
    /// a snapshot of it, holds.
    public var passedDamage: [LogAudit.Damage] { logVolumes.flatMap(\.passedDamage) }

    /// Whether what is appended goes to one volume alone.
    public var isLogOnOneVolume: Bool { standing.withLock { $0.logHolders.count == 1 } }

    /// Whether there was any directory of blobs when the volumes were opened.
    public var foundBlobDirectories: Bool { readable.contains { $0.foundBlobDirectories } }

    /// The volume whose file a failure names; the first where it names none.
    public func directory(of error: VolumeError) -> String {
        let path: String? =
            switch error {
            case .payloadDamaged(let path, _), .blobInvalid(let path, _), .logDamaged(let path, _):
                path
            case .snapshotsMissing(let directory), .blobsMissing(let directory): directory
            case .readFailed(let disk), .writeFailed(let disk), .outOfSpace(let disk): disk.path
            case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign,
                .membershipInvalid, .membershipSplit, .volumeTwice, .volumeForgotten,
                .logUnavailable,
                .copiesInvalid, .logSegmentMissing, .logTooShort, .logBeginsLater,
                .logPositionInvalid, .recordTooLong, .blobMissing, .rangeInvalid,
                .blobWriterClosed, .volumeFailed, .closed:
                nil
            }
        let owner = members.first { member in
            path?.hasPrefix(member.directory + "/") == true && !member.directory.isEmpty
        }
        return owner?.directory ?? readable.first?.directory ?? ""
    }

    /// Where the file of a blob is, or would be if it is on no volume.
    public func path(of id: BlobID) -> String {
        let holder = readable.first { (try? $0.blobs.holds(id)) == true }
        return (holder ?? readable.first)?.layout.blob(id) ?? ""
    }
}
