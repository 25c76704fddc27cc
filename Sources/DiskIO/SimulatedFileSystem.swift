import Glibc
import Synchronization

/// A disk in memory that forgets what was not flushed, for tests.
///
/// It keeps two states of everything: what processes see, and what the device holds. Writing a file
/// changes the first; ``OpenFile/synchronizeData()`` carries a file's bytes and length to the
/// second, ``synchronizeDirectory(_:)`` a directory's names. At a power loss each 512-byte sector
/// of a file is found as it was after some one of the writes since the last flush, or none, each
/// for itself, so that writes seem lost, torn or reordered; its length likewise; and of a
/// directory's changes an arbitrary part remains. This is the least that POSIX promises; real file
/// systems do better.
///
/// Faults are those of a ``FaultPlan``: calls are counted from 1, and the n-th fails or is the
/// last. All choices follow from the seed. State: guarded by `disk`.
public final class SimulatedFileSystem: FileSystem {
    let disk: Mutex<SimulatedDisk>

    /// Makes an empty disk, which holds the directories `/` and `.`.
    ///
    /// - Parameters:
    ///   - seed: All random choices follow from it.
    ///   - capacityBytes: How many bytes of files fit.
    public convenience init(seed: UInt64, capacityBytes: Int64 = 1 << 40) {
        self.init(SimulatedDisk(seed: seed, capacityBytes: capacityBytes))
    }

    init(_ disk: SimulatedDisk) {
        self.disk = Mutex(disk)
    }

    // MARK: - What tests do to it

    /// What goes wrong from now on; calls are counted from 1 again.
    public func inject(_ plan: FaultPlan) {
        disk.withLock { disk in
            disk.plan = plan
            disk.callCount = 0
        }
    }

    /// How many calls were made since the last plan.
    public var callCount: Int { disk.withLock { $0.callCount } }

    /// Whether the power was lost.
    public var isCrashed: Bool { disk.withLock { $0.isCrashed } }

    /// The disk as it is found after a power loss now; this one is of no more use.
    public func restart(seed: UInt64) -> SimulatedFileSystem {
        disk.withLock { disk in
            disk.isCrashed = true
            return SimulatedFileSystem(disk.afterPowerLoss(seed: seed))
        }
    }

    /// The disk as the next process finds it when this one is killed and the power stays.
    public func restartProcess() -> SimulatedFileSystem {
        disk.withLock { disk in
            disk.isCrashed = true
            return SimulatedFileSystem(disk.afterProcessEnd())
        }
    }

    /// Turns over one bit of a file, on the device and in the cache.
    public func flipBit(_ bit: Int, ofByte offset: Int, in path: String) {
        disk.withLock { $0.flipBit(bit, ofByte: offset, in: path) }
    }

    /// Makes the disk so small, or so large, that so many bytes fit beside what it holds.
    public func leaveRoom(_ bytes: Int64) {
        disk.withLock { $0.leaveRoom(bytes) }
    }

    /// What processes see of a file; `nil` if it is missing.
    public func contents(of path: String) -> [UInt8]? {
        disk.withLock { disk in
            disk.fileNumber(at: path).flatMap { disk.files[$0]?.seen }
        }
    }

    // MARK: - FileSystem

    /// Opens a file, or makes it.
    public func open(_ path: String, _ access: FileAccess) throws(DiskError) -> any OpenFile {
        let number = try disk.withLock { disk throws(DiskError) in
            try disk.perform(.open, path) { disk throws(DiskError) in
                try disk.open(path, access)
            }
        }
        return SimulatedFile(number: number, path: path, access: access, fileSystem: self)
    }

    /// Makes one directory.
    public func makeDirectory(_ path: String) throws(DiskError) {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.makeDirectory, path) { disk throws(DiskError) in
                try disk.makeDirectory(path)
            }
        }
    }

    /// The names in a directory, in the order of their UTF-8 bytes.
    public func list(_ path: String) throws(DiskError) -> [String] {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.list, path) { disk throws(DiskError) in
                try disk.directory(at: path, .list).seen.keys
                    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            }
        }
    }

    /// What a path leads to; `nil` if nothing is there.
    public func status(_ path: String) throws(DiskError) -> FileStatus? {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.status, path) { disk throws(DiskError) in disk.status(path) }
        }
    }

    /// Renames `source` to `target`, replacing it.
    public func rename(_ source: String, to target: String) throws(DiskError) {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.rename, source) { disk throws(DiskError) in
                try disk.rename(source, to: target)
            }
        }
    }

    /// Removes a file's name; open files keep their bytes.
    public func remove(_ path: String) throws(DiskError) {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.remove, path) { disk throws(DiskError) in try disk.remove(path) }
        }
    }

    /// Removes a directory that is empty.
    public func removeDirectory(_ path: String) throws(DiskError) {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.remove, path) { disk throws(DiskError) in
                try disk.removeDirectory(path)
            }
        }
    }

    /// Flushes a directory's entries to the device.
    public func synchronizeDirectory(_ path: String) throws(DiskError) {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.synchronizeDirectory, path) { disk throws(DiskError) in
                try disk.synchronizeDirectory(path)
            }
        }
    }

    /// Takes the exclusive lock of a file, which is made if it is missing.
    public func lock(_ path: String) throws(DiskError) -> any FileLock {
        let number = try disk.withLock { disk throws(DiskError) in
            try disk.perform(.lock, path) { disk throws(DiskError) in try disk.lock(path) }
        }
        return SimulatedLock(number: number, fileSystem: self)
    }

    /// How much room there is on the disk that holds a path.
    public func space(at path: String) throws(DiskError) -> DiskSpace {
        try disk.withLock { disk throws(DiskError) in
            try disk.perform(.space, path) { disk throws(DiskError) in disk.space }
        }
    }
}

/// What goes wrong on a simulated disk.
public struct FaultPlan: Sendable, Hashable {
    /// The calls that fail, counted from 1, and the `errno` that they fail with.
    public var failures: [Int: Int32]
    /// The call at which the power is lost: it has its effect or not, and all later ones fail.
    public var crashAtCall: Int?
    /// The share of reads and writes, of 100, that do less than was asked for.
    public var shortPercent: Int
    /// Directories on disks that die: from which call on every call under them fails with `EIO`.
    public var dead: [String: Int]
    /// Bytes of files that cannot be read: every read that touches them fails with `EIO`.
    public var unreadable: [String: Range<Int>]

    /// Makes a plan; the default is that all goes well.
    public init(
        failures: [Int: Int32] = [:],
        crashAtCall: Int? = nil,
        shortPercent: Int = 0,
        dead: [String: Int] = [:],
        unreadable: [String: Range<Int>] = [:]
    ) {
        self.failures = failures
        self.crashAtCall = crashAtCall
        self.shortPercent = shortPercent
        self.dead = dead
        self.unreadable = unreadable
    }
}

/// A lock on a simulated file.
private final class SimulatedLock: FileLock {
    private let number: Int
    private let fileSystem: SimulatedFileSystem

    init(number: Int, fileSystem: SimulatedFileSystem) {
        self.number = number
        self.fileSystem = fileSystem
    }

    deinit {
        fileSystem.disk.withLock { _ = $0.locked.remove(number) }
    }
}
