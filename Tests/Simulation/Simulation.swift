import DiskIO
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Testing
import Volumes

@testable import ObjectStorage

/// One run of a workload on a disk on which something goes wrong.
final class Simulation {
    let seed: UInt64
    let steps: [Step]
    private let folder: IndexFolder
    private(set) var history = History(keys: Workload.keys)
    private let clock = SimulatedStore.Clock()
    /// What cleaning did in all.
    private(set) var cleaned = CleaningReport()
    private(set) var expiredUploads = 0

    var index: String { folder.index }

    init(seed: UInt64, steps: [Step]) throws {
        self.seed = seed
        self.steps = steps
        folder = try IndexFolder()
    }

    /// Runs the steps until one is cut off, and notes what is known of every key.
    ///
    /// - Returns: The calls that the disk had to serve.
    @discardableResult
    func run(on disk: SimulatedFileSystem) async throws -> Int {
        let subject: SimulatedStore
        do {
            subject = try await SimulatedStore.open(disk, index: index, seed: seed, clock: clock)
        } catch {
            return disk.callCount
        }
        for step in steps {
            let goesOn = try await perform(step, subject)
            subject.settle()
            guard goesOn else { break }
        }
        let calls = disk.callCount
        await subject.store.close()
        return calls
    }

    /// Whether a failure leaves open if the change took place; nothing can be written after it.
    private static func isCut(_ error: any Error) -> Bool {
        switch error {
        case StoreError.volumeFailed, StoreError.indexFailed: true
        default: false
        }
    }

    private func perform(_ step: Step, _ subject: SimulatedStore) async throws -> Bool {
        switch step {
        case .put(let key, let content):
            return await attempt([(key, content)]) { try await subject.put(key, content) }
        case .delete(let keys):
            do {
                _ = try await subject.store.delete(
                    keys.map(ObjectKey.init(trusted:)),
                    in: subject.namespace
                )
                for key in keys { history.acknowledge(key, nil) }
                return true
            } catch {
                if Self.isCut(error) { history.leaveOpenDeletion(of: keys) }
                return !Self.isCut(error)
            }
        case .copy(let source, let target):
            return try await copy(source, target, subject)
        case .batch(let writes): return await batch(writes, subject)
        case .together(let writes, let deleted): return await together(writes, deleted, subject)
        case .upload(let key, let first, let last):
            return await attempt([(key, last)]) {
                let (upload, part) = try await subject.uploadPart(key, [first, last])
                _ = try await subject.store.completeUpload(
                    upload.id,
                    key: ObjectKey(trusted: key),
                    in: subject.namespace,
                    parts: [part]
                )
            }
        case .abandonedUpload(let key, let content):
            return await attempt([]) { _ = try await subject.uploadPart(key, [content]) }
        case .copyIndex:
            try await folder.copyIndex(of: subject.store)
            return true
        case .snapshot: return await attempt([]) { try await subject.store.takeSnapshot() }
        case .clean(let depth):
            return await attempt([]) {
                let outcome = try await subject.store.reclaimer.perform(.clean(depth))
                if case .cleaned(let report) = outcome { self.note(report) }
            }
        case .expire:
            clock.advance(days: 8)
            return await attempt([]) {
                self.expiredUploads += try await subject.store.expireUploads()
            }
        }
    }

    private func note(_ report: CleaningReport) {
        cleaned.removedSegments += report.removedSegments
        cleaned.punchedSegments += report.punchedSegments
        cleaned.relocatedExtents += report.relocatedExtents
        cleaned.relocatedBytes += report.relocatedBytes
    }

    private func attempt(
        _ writes: [(String, Content)],
        _ body: () async throws -> Void
    ) async -> Bool {
        do {
            try await body()
            for (key, content) in writes { history.acknowledge(key, content) }
            return true
        } catch {
            guard Self.isCut(error) else { return true }
            for (key, content) in writes { history.leaveOpen(key, content) }
            return false
        }
    }

    private func copy(
        _ source: String,
        _ target: String,
        _ subject: SimulatedStore
    ) async throws -> Bool {
        let key = ObjectKey(trusted: source)
        guard let entry = try subject.store.lookUp(key, in: subject.namespace),
            let content = history.known(source)
        else { return true }
        return await attempt([(target, content)]) {
            _ = try await subject.store.copy(
                from: entry,
                to: ObjectKey(trusted: target),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
        }
    }

    private func batch(
        _ writes: [(key: String, content: Content)],
        _ subject: SimulatedStore
    ) async -> Bool {
        let results = await subject.putTogether(writes)
        var goesOn = true
        for (write, result) in zip(writes, results) {
            switch result {
            case .success: history.acknowledge(write.key, write.content)
            case .failure(let error) where Self.isCut(error):
                history.leaveOpen(write.key, write.content)
                goesOn = false
            case .failure: break
            }
        }
        return goesOn
    }

    private func together(
        _ writes: [(key: String, content: Content)],
        _ deleted: [String],
        _ subject: SimulatedStore
    ) async -> Bool {
        let changes =
            writes.map { (key: $0.key, content: Optional($0.content)) }
            + deleted.map { (key: $0, content: nil) }
        do {
            try await subject.write(writes, deleting: deleted)
            for change in changes { history.acknowledge(change.key, change.content) }
            return true
        } catch {
            guard Self.isCut(error) else { return true }
            history.leaveOpenTogether(changes)
            return false
        }
    }

    // MARK: - After a restart

    typealias IndexFate = UptimePlan.IndexFate

    /// Opens the store of a disk and holds what is found against what is known; then writes, and
    /// opens it again without its index, and again with the newest snapshot rotten as well.
    func check(_ disk: SimulatedFileSystem, _ fate: IndexFate, _ context: String) async throws {
        do {
            try await checkAll(disk, fate, context)
        } catch {
            Issue.record("\(context), index \(fate): \(error)")
        }
    }

    private func checkAll(
        _ disk: SimulatedFileSystem,
        _ fate: IndexFate,
        _ context: String
    ) async throws {
        try folder.meet(fate)
        let subject = try await open(disk, 1)
        let found = try await contents(subject, context)
        try await checkCatalog(subject, found, context)
        try await subject.put("after", .noise(700, seed: 1))
        subject.settle()
        try await checkBlobs(disk, subject, context)
        try checkLedger(subject, context)
        let entries = try entries(subject)
        await subject.store.close()
        let kept = try IndexDump(index)

        try folder.meet(.lost)
        try await checkRebuilt(try await open(disk, 2), entries, context)
        #expect(try IndexDump(index) == kept, "\(context): rebuilt index differs")

        guard try spoilNewestSnapshot(disk) else { return }
        try folder.meet(.lost)
        try await checkRebuilt(try await open(disk, 3), entries, "\(context), snapshot rotten")
        #expect(try IndexDump(index) == kept, "\(context): index of the older snapshot differs")
    }

    private func open(_ disk: SimulatedFileSystem, _ time: UInt64) async throws -> SimulatedStore {
        try await SimulatedStore.open(disk, index: index, seed: seed &+ time, clock: clock)
    }

    private func checkRebuilt(
        _ rebuilt: SimulatedStore,
        _ entries: [String: ObjectEntry],
        _ context: String
    ) async throws {
        #expect(try self.entries(rebuilt) == entries, "\(context): entries differ")
        #expect(try await rebuilt.read("after") == Content.noise(700, seed: 1).bytes)
        await rebuilt.store.close()
    }

    /// Turns over a bit in the newest of several snapshots; false if there are fewer than two.
    private func spoilNewestSnapshot(_ disk: SimulatedFileSystem) throws -> Bool {
        let folder = SimulatedStore.directory + "/snapshots"
        guard try disk.status(folder) != nil else { return false }
        let names = try disk.list(folder).filter { $0.hasSuffix(".snapshot") }
        guard names.count >= 2, let newest = names.last else { return false }
        disk.flipBit(3, ofByte: 4096 + Int(seed % 10_000), in: "\(folder)/\(newest)")
        return true
    }

    /// The counts of every segment are those of a walk over all rows.
    private func checkLedger(_ subject: SimulatedStore, _ context: String) throws {
        let volume = subject.store.volume
        let (counted, walked) = try subject.store.index.read { reader throws(SQLiteError) in
            var place: ExtentPlace? = .start
            var found: [OwnedExtent] = []
            while let current = place {
                let all = [LogPosition(0)..<LogPosition(.max)]
                let page = try reader.extents(in: all, after: current, rowsMax: 3)
                found += page.extents
                place = page.next
            }
            return (try reader.liveSegments(), found)
        }
        var live: [LogPosition: LiveSegment] = [:]
        for run in walked {
            let first = volume.segmentStart(of: run.position)
            let before = live[first] ?? LiveSegment(first: first, extents: 0, bytes: 0)
            live[first] = LiveSegment(
                first: first,
                extents: before.extents + 1,
                bytes: before.bytes + run.extent.lengthBytes
            )
        }
        #expect(counted == live.values.sorted { $0.first < $1.first }, "\(context): ledger")
    }

    private func contents(
        _ subject: SimulatedStore,
        _ context: String
    ) async throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for key in Workload.keys {
            let bytes = try await subject.read(key)
            let expected = history.contents(key).map { $0?.bytes }
            #expect(expected.contains(bytes), "\(context): \(key) has \(bytes?.count ?? -1) bytes")
            found[key] = bytes
        }
        let together = history.deletedTogether.map { found[$0] == nil }
        #expect(Set(together).count <= 1, "\(context): one deletion took place in part")
        let written = history.writtenTogether.map { found[$0.key] == $0.value?.bytes }
        #expect(Set(written).count <= 1, "\(context): one change took place in part")
        let listed = try await subject.store.list(ListQuery(), in: subject.namespace)
        let sorted = found.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(listed.objects.map(\.key.text) == sorted, "\(context): listing")
        return found
    }

    /// Every metadata file that is there is in the catalog, and tallies agree with listings.
    private func checkCatalog(
        _ subject: SimulatedStore,
        _ found: [String: [UInt8]],
        _ context: String
    ) async throws {
        let nodes = try subject.store.nodes(in: subject.namespace, limit: 100)
        let metadata = found.keys.filter { $0.hasSuffix("zarr.json") }
        #expect(nodes.count == metadata.count, "\(context): catalog")
        for node in nodes {
            let bytes = found["\(node.path.isEmpty ? "m:v0" : node.path)/zarr.json"]
            let isArray = bytes == Content.array.bytes
            #expect((node.fact.kind == .array) == isArray, "\(context): \(node.path)")
            let prefix = node.path.isEmpty ? "" : node.path + "/"
            let chunks = try subject.store.list(prefix: prefix, line: node.line, limit: 100)
                .filter { !CatalogFile.namesMetadata($0.key.text) }
            #expect(
                node.tally?.chunks == (isArray ? Int64(chunks.count) : nil),
                "\(context): tally"
            )
        }
    }

    /// The disk has the blobs that something refers to, and no other.
    private func checkBlobs(
        _ disk: SimulatedFileSystem,
        _ subject: SimulatedStore,
        _ context: String
    ) async throws {
        var named: Set<BlobID> = []
        for entry in try entries(subject).values { named.formUnion(entry.payload.allBlobs) }
        let uploads = try await subject.store.uploads(UploadQuery(), in: subject.namespace)
        for upload in uploads.uploads {
            for part in try subject.store.parts(of: upload) {
                named.formUnion(part.payload.allBlobs)
            }
        }
        let root = SimulatedStore.directory + "/blobs"
        let files = try disk.list(root).flatMap { try disk.list("\(root)/\($0)") }
        #expect(files.count == named.count, "\(context): blobs \(files)")
    }

    private func entries(_ subject: SimulatedStore) throws -> [String: ObjectEntry] {
        var entries: [String: ObjectEntry] = [:]
        for key in Workload.keys + ["after"] {
            entries[key] = try subject.store.lookUp(try ObjectKey(key), in: subject.namespace)
        }
        return entries
    }
}

extension Payload {
    fileprivate var allBlobs: [BlobID] { blobs(touching: 0..<max(1, lengthBytes)) }
}
