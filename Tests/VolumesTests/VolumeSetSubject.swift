import DiskIO
import StorageFormats
import StorageModel
import Synchronization
import Volumes

/// A set of volumes for tests, each on a simulated disk of its own.
struct VolumeSetSubject {
    let volumes: VolumeSet
    let events: EventList

    /// What the set said.
    final class EventList: Sendable {
        private let events = Mutex<[VolumeEvent]>([])

        func append(_ event: VolumeEvent) {
            events.withLock { $0.append(event) }
        }

        var all: [VolumeEvent] { events.withLock { $0 } }
    }

    /// What a census of a test knows: a list.
    struct Census: BlobCensus {
        let known: Set<BlobID>
        let volumes: VolumeSet

        func blobs(after last: BlobID?, limit: Int) throws -> [BlobID] {
            Array(known.sorted().filter { blob in last.map { $0 < blob } ?? true }.prefix(limit))
        }

        func isWanted(_ id: BlobID) throws -> Bool { known.contains(id) }

        func count() throws -> Int { known.count }

        func objects(in blobs: [BlobID]) throws -> [String] { blobs.map { "\($0.number)" } }

        func discard(_ id: BlobID) throws { try volumes.removeBlob(id) }
    }

    static func directory(_ number: Int) -> String { "/srv/volume\(number)" }

    static func disks(_ count: Int, seed: UInt64 = 1) -> [SimulatedFileSystem] {
        (0..<count).map { SimulatedFileSystem(seed: seed &* 100 &+ UInt64($0)) }
    }

    /// Opens the volumes of some disks, which are numbered as they stand unless `numbers` says
    /// otherwise.
    static func open(
        _ disks: [SimulatedFileSystem],
        numbers: [Int]? = nil,
        copies: Int? = nil,
        durability: Durability = .strict,
        seed: UInt64 = 1,
        segmentBytesMax: Int64 = 4096,
        calls: VolumeCalls = .together
    ) throws(VolumeError) -> VolumeSetSubject {
        let events = EventList()
        let numbers = numbers ?? Array(disks.indices)
        let locations = zip(numbers, disks).map { number, disk in
            VolumeLocation(directory: directory(number), fileSystem: disk)
        }
        var configuration = VolumeSubject.configuration(
            seed: seed,
            segmentBytesMax: segmentBytesMax
        )
        configuration.naveID = nil
        let set = try VolumeSet.open(
            locations,
            VolumeSetConfiguration(
                volume: configuration,
                copies: copies,
                durability: durability,
                calls: calls,
                onEvent: { events.append($0) }
            )
        )
        return VolumeSetSubject(volumes: set, events: events)
    }

    // MARK: - Using it

    func writeBlob(_ bytes: [UInt8]) throws(VolumeError) -> Extent {
        let writer = try volumes.createBlob()
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(VolumeError) in try writer.append(bytes) }
        }
        try result.get()
        return try writer.finish()
    }

    /// Appends one record with a payload; gives where that is.
    func append(_ number: Int, payloadBytes: Int) throws -> Extent {
        let record = VolumeSubject.record(number, payloadBytes: payloadBytes)
        let placed = try volumes.append([record])
        return .inline(
            position: placed[0].payloadPosition,
            lengthBytes: payloadBytes,
            blockChecksums: record.payload.blockChecksums
        )
    }

    func read(_ extent: Extent) throws(VolumeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: Int(extent.lengthBytes))
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(VolumeError) in
                try volumes.read(
                    extent,
                    range: 0..<extent.lengthBytes,
                    into: buffer,
                    mode: .mayWait
                )
            }
        }
        _ = try result.get()
        return bytes
    }

    func bodies() throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        try volumes.replay(from: LogPosition(0)) { bodies.append($0.body) }
        return bodies
    }

    @discardableResult
    func repair(_ blobs: [Extent]) throws -> RepairProgress {
        let known = blobs.compactMap { extent in
            if case .blob(let id, _, _) = extent { id } else { nil }
        }
        return try volumes.repair(
            Census(known: Set(known), volumes: volumes),
            isCancelled: { false },
            report: { _ in }
        )
    }

    /// Forgets a volume.
    func forget(
        _ id: UniqueID,
        _ blobs: [Extent],
        damage: [DamageRecord] = []
    ) throws(ForgettingError) {
        let known = Set(blobs.compactMap(\.blobID))
        try volumes.forget(
            id,
            Census(known: known, volumes: volumes),
            damage: damage,
            isCancelled: { false }
        )
    }

    var conditions: [VolumeReport.Condition] { volumes.reports(.withoutSpace).map(\.condition) }

    var holdsLog: [Bool] { volumes.reports(.withoutSpace).map(\.holdsLog) }
}

extension Extent {
    /// The number of its blob.
    var blobID: BlobID? {
        if case .blob(let id, _, _) = self { id } else { nil }
    }
}

extension SimulatedFileSystem {
    /// The path of a blob's file on the volume of this disk; nil if it has none.
    func blobPath(_ id: BlobID?, volume: Int) -> String? {
        guard let id else { return nil }
        let digits = String(id.number, radix: 16)
        let name = String(repeating: "0", count: 16 - digits.count) + digits
        let path = "\(VolumeSetSubject.directory(volume))/blobs/\(name.prefix(2))/\(name).blob"
        return contents(of: path) == nil ? nil : path
    }

    /// The bytes of a volume's log, segment by segment.
    func logBytes(volume: Int) -> [[UInt8]] {
        let directory = "\(VolumeSetSubject.directory(volume))/log"
        let names = (try? list(directory)) ?? []
        return names.compactMap { contents(of: "\(directory)/\($0)") }
    }
}
