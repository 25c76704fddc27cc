import Glibc

/// An open file of a simulated disk.
final class SimulatedFile: OpenFile {
    let path: String
    private let number: Int
    private let access: FileAccess
    private let fileSystem: SimulatedFileSystem

    init(number: Int, path: String, access: FileAccess, fileSystem: SimulatedFileSystem) {
        self.number = number
        self.path = path
        self.access = access
        self.fileSystem = fileSystem
    }

    func readOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int
    {
        let bytes = try perform(.read) { disk, file throws(DiskError) in
            let start = min(Int(offset), file.seen.count)
            let end = start + disk.shortened(min(buffer.count, file.seen.count - start))
            if let bad = disk.plan.unreadable[path], bad.overlaps(start..<end) {
                throw DiskError(errorNumber: EIO, .read, path: path)
            }
            return Array(file.seen[start..<end])
        }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }

    func readCachedOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(DiskError) -> Int?
    {
        let isCached = fileSystem.disk.withLock { $0.shortened(2) == 2 }
        return isCached ? try readOnce(into: buffer, at: offset) : nil
    }

    func writeOnce(_ runs: [UnsafeRawBufferPointer], at offset: Int64) throws(DiskError) -> Int {
        var bytes: [UInt8] = []
        for run in runs { bytes.append(contentsOf: run) }
        return try change(.write) { disk, file throws(DiskError) in
            var count = disk.shortened(bytes.count)
            // What a file has already it may write anew, however full the disk is.
            let grownMax = max(0, disk.space.availableBytes - Int64(file.seen.count))
            let grown = Int64(offset) + Int64(count) - Int64(file.seen.count)
            if grown > grownMax { count -= Int(min(Int64(count), grown - grownMax)) }
            guard count > 0 || bytes.isEmpty else { return 0 }
            file.apply(.write(offset: Int(offset), Array(bytes[..<count])))
            return count
        }
    }

    func synchronizeData() throws(DiskError) {
        do throws(DiskError) {
            try perform(.synchronizeData) { disk, file throws(DiskError) in
                disk.files[number]?.flush()
            }
        } catch  where error.code == .crashed {
            // Who calls is dead: what is not flushed is for the restart to lose, or to keep.
            throw error
        } catch {
            // As Linux does: what could not be written counts as clean and is gone or not.
            fileSystem.disk.withLock { $0.loseUnflushed(number) }
            throw error
        }
    }

    func startWriteback(_ range: Range<Int64>) throws(DiskError) {
        try perform(.writeback) { _, _ throws(DiskError) in }
    }

    func truncate(to sizeBytes: Int64) throws(DiskError) {
        try change(.truncate) { disk, file throws(DiskError) in
            file.apply(.resize(Int(sizeBytes)))
        }
    }

    func punchHole(_ range: Range<Int64>) throws(DiskError) {
        try change(.punchHole) { disk, file throws(DiskError) in
            let start = min(Int(range.lowerBound), file.seen.count)
            let end = min(Int(range.upperBound), file.seen.count)
            file.apply(.write(offset: start, [UInt8](repeating: 0, count: end - start)))
        }
    }

    func sizeBytes() throws(DiskError) -> Int64 {
        try perform(.size) { _, file throws(DiskError) in Int64(file.seen.count) }
    }

    func expectSequentialReading() {}

    private func perform<Value>(
        _ operation: DiskError.Operation,
        _ body: (inout SimulatedDisk, SimulatedNode) throws(DiskError) -> Value
    ) throws(DiskError) -> Value where Value: Sendable {
        try fileSystem.disk.withLock { disk throws(DiskError) in
            try disk.perform(operation, path) { disk throws(DiskError) in
                guard let file = disk.files[number] else {
                    throw DiskError(.crashed, errorNumber: 0, operation, path: path)
                }
                return try body(&disk, file)
            }
        }
    }

    private func change<Value>(
        _ operation: DiskError.Operation,
        _ body: (inout SimulatedDisk, inout SimulatedNode) throws(DiskError) -> Value
    ) throws(DiskError) -> Value where Value: Sendable {
        guard access != .readOnly else {
            throw DiskError(.readOnly, errorNumber: 0, operation, path: path)
        }
        return try fileSystem.disk.withLock { disk throws(DiskError) in
            try disk.perform(operation, path) { disk throws(DiskError) in
                // Taken out while it changes, so that its bytes are not copied.
                guard var file = disk.files.removeValue(forKey: number) else {
                    throw DiskError(.crashed, errorNumber: 0, operation, path: path)
                }
                defer { disk.files[number] = file }
                return try body(&disk, &file)
            }
        }
    }
}
