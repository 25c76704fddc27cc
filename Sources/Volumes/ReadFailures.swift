import DiskIO
import StorageModel
import Synchronization

/// Tells a disk that does not read from one of which some sectors cannot be read.
///
/// Places of the disk are remembered whose reads failed. A place counts once, however often it is read, and is
/// so large that one damaged sector, be it of a directory, lies in one place. Reads that succeed have the
/// oldest place forgotten, now and then. So as many places as ``placesMax`` come together only if about one
/// read of ``successesPerPlace`` or more fails, in different places.
///
/// State: guarded by `state`; `isClean` may be read without it.
final class ReadFailures: Sendable {
    /// Places with failures by which a disk is taken for one that does not read.
    static let placesMax = 8
    /// Reads that succeed for each place that is forgotten.
    static let successesPerPlace = 64

    /// A part of a volume.
    enum Place: Hashable {
        /// Blobs whose files are in one directory.
        case blobs(firstDigits: UInt64)
        /// So many bytes of the log.
        case log(mebibyte: Int64)

        init(_ extent: Extent) {
            switch extent {
            case .blob(let id, _, _): self = .blobs(firstDigits: id.number >> 56)
            case .inline(let position, _, _): self = .log(mebibyte: position.bytes >> 20)
            }
        }
    }

    private struct State {
        var places: [Place] = []
        var successes = 0
        var count: UInt64 = 0
    }

    private let state = Mutex(State())
    private let isClean = Atomic(true)

    /// How many reads failed in all.
    var count: UInt64 { state.withLock { $0.count } }

    /// Whether the disk is taken for one that does not read.
    var areTooMany: Bool { state.withLock { $0.places.count >= Self.placesMax } }

    /// Notes a read that failed.
    ///
    /// - Returns: Whether the disk is taken for one that does not read.
    func note(failed extent: Extent) -> Bool {
        state.withLock { state in
            isClean.store(false, ordering: .relaxed)
            state.count += 1
            let place = Place(extent)
            if !state.places.contains(place), state.places.count < Self.placesMax {
                state.places.append(place)
            }
            return state.places.count >= Self.placesMax
        }
    }

    /// Notes a read that succeeded.
    func noteSuccess() {
        // Nearly always, and on the way of every read.
        guard !isClean.load(ordering: .relaxed) else { return }
        state.withLock { state in
            state.successes += 1
            guard state.successes >= Self.successesPerPlace else { return }
            state.successes = 0
            if !state.places.isEmpty { state.places.removeFirst() }
            isClean.store(state.places.isEmpty, ordering: .relaxed)
        }
    }
}

extension VolumeError {
    /// Whether a read failed for the disk's sake; not so where a file is gone, or the process has no
    /// descriptors left.
    var isOfDevice: Bool {
        switch self {
        case .readFailed(let disk): disk.code == .inputOutput
        case .writeFailed(let disk): disk.code == .inputOutput || disk.code == .readOnly
        case .inUse, .labelMissing, .labelInvalid, .versionUnknown, .foreign, .membershipInvalid,
            .membershipSplit, .volumeTwice, .volumeForgotten, .logUnavailable, .copiesInvalid,
            .logDamaged, .snapshotsMissing, .logSegmentMissing, .logTooShort, .logBeginsLater,
            .logPositionInvalid, .recordTooLong, .blobsMissing, .blobMissing, .blobInvalid,
            .payloadDamaged, .rangeInvalid, .blobWriterClosed, .outOfSpace, .volumeFailed, .closed:
            false
        }
    }
}
