import DiskIO
import SeededRandom
import StorageFormats
import StorageModel
import Synchronization
import Volumes

/// A volume for tests: where it is, how it is opened, and short ways to use it.
enum VolumeSubject {
    static let directory = "/srv/volume"
    static let naveID = UniqueID(high: 1, low: 2)

    static func configuration(
        seed: UInt64 = 1,
        flushed: LogPosition = LogPosition(0),
        segmentBytesMax: Int64 = 4096
    ) -> VolumeConfiguration {
        let numbers = Mutex(SeededGenerator(seed: seed))
        return VolumeConfiguration(
            now: WallTime(milliseconds: 1_767_225_600_000),
            naveID: naveID,
            flushed: flushed,
            segmentBytesMax: segmentBytesMax,
            openBlobsMax: 2,
            random: { numbers.withLock { $0.next() } }
        )
    }

    static func open(
        _ disk: any FileSystem,
        seed: UInt64 = 1,
        flushed: LogPosition = LogPosition(0),
        segmentBytesMax: Int64 = 4096
    ) throws(VolumeError) -> Volume {
        try Volume.open(
            directory: directory,
            fileSystem: disk,
            configuration(seed: seed, flushed: flushed, segmentBytesMax: segmentBytesMax)
        )
    }

    static func record(_ number: Int, payloadBytes: Int = 0) -> LogRecord {
        LogRecord(
            body: Array("record \(number)".utf8),
            payload: LogPayload(pattern(payloadBytes, seed: number))
        )
    }

    static func pattern(_ count: Int, seed: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(seed))
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    static func replay(_ volume: Volume, from start: LogPosition = LogPosition(0)) throws
        -> [ReplayedRecord]
    {
        var records: [ReplayedRecord] = []
        try volume.replay(from: start) { records.append($0) }
        return records
    }

    static func read(
        _ extent: Extent,
        _ range: Range<Int64>? = nil,
        of volume: Volume,
        mode: ReadMode = .mayWait
    ) throws -> [UInt8]? {
        let range = range ?? 0..<extent.lengthBytes
        var bytes = [UInt8](repeating: 0xEE, count: range.count)
        let outcome = try bytes.withUnsafeMutableBytes { buffer in
            try volume.read(extent, range: range, into: buffer, mode: mode)
        }
        return outcome == .complete ? bytes : nil
    }

    static func writeBlob(_ bytes: [UInt8], pieceBytes: Int, to volume: Volume)
        throws(VolumeError) -> Extent
    {
        let writer = try volume.createBlob()
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let piece = Array(bytes[start..<min(start + pieceBytes, bytes.count)])
            let result = piece.withUnsafeBytes { piece in
                Result { () throws(VolumeError) in try writer.append(piece) }
            }
            try result.get()
        }
        return try writer.finish()
    }

    static func error(_ body: () throws -> Void) -> VolumeError? {
        do {
            try body()
            return nil
        } catch {
            return error as? VolumeError
        }
    }
}

extension Volume {
    /// Appends records that hold no addresses of each other, wherever they go.
    func append(_ records: [LogRecord]) throws(VolumeError) -> [AppendedRecord] {
        while true {
            if case .appended(let placed) = try append(records, at: logEnd) { return placed }
        }
    }
}

extension VolumeSet {
    /// Appends records that hold no addresses of each other, wherever they go.
    func append(_ records: [LogRecord]) throws(VolumeError) -> [AppendedRecord] {
        while true {
            if case .appended(let placed) = try append(records, at: logEnd) { return placed }
        }
    }
}
