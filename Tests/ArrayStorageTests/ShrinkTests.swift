import ArrayModel
import DiskIO
import StorageModel
import Testing

@testable import ArrayStorage

/// Checks that an array that is made smaller loses nothing but what is outside, whatever happens meanwhile.
///
/// Method: bounds so small that most chunks go after the change that makes the array smaller; on a simulated
/// disk the power is lost, or the disk fails, at every call of it. Whatever is found must be the array as it was
/// or as it was to be; and when it has grown again, what was outside must be the fill value.
@Suite struct ShrinkTests {
    static let larger = [40, 3]
    static let smaller = [4, 1]

    /// 80 chunks, of which 4 are cut and 76 go.
    static func prepared(_ store: CrashStore) async throws {
        let specification = try ArraySpecification(
            .members([
                "shape": .integers(larger), "dtype": .string("uint8"),
                "chunks": .integers([1, 2]),
            ])
        )
        let writer = store.writer(ArrayWriterLimits())
        try await writer.create(specification, store.reference, in: store.namespace)
        try await store.write(7, "...", writer)
    }

    static func bounded(chunksMax: Int) -> ArrayWriterLimits {
        var limits = ArrayWriterLimits()
        limits.chunksMax = chunksMax
        limits.listedKeysMax = 10
        return limits
    }

    static func shrink(_ store: CrashStore, chunksMax: Int = 8) async throws {
        _ = try await store.writer(bounded(chunksMax: chunksMax)).update(
            store.reference,
            in: store.namespace,
            ArrayUpdate(shape: smaller, attributes: nil, attributePolicy: .merge)
        )
    }

    /// Looks at the array, lets it grow to its former extents, and looks again.
    static func check(_ store: CrashStore, acknowledged: Bool, _ comment: String) async throws {
        let found = try await store.array()
        let kept = found.metadata.shape
        #expect(kept == smaller || !acknowledged && kept == larger, "\(comment)")
        let all = try await store.elements()
        #expect(all == [UInt8](repeating: 7, count: kept.reduce(1, *)), "\(comment)")

        _ = try await store.writer(bounded(chunksMax: 8)).update(
            store.reference,
            in: store.namespace,
            ArrayUpdate(shape: larger, attributes: nil, attributePolicy: .merge)
        )
        let expected: [UInt8] = (0..<larger[0]).flatMap { row in
            (0..<larger[1]).map { row < kept[0] && $0 < kept[1] ? 7 : 0 }
        }
        #expect(try await store.elements() == expected, "\(comment)")
    }

    @Test func `a shrink that is refused changes nothing`() async throws {
        let disk = SimulatedFileSystem(seed: 1)
        try await CrashStore.with(disk) { store in
            try await Self.prepared(store)
            // Behind a first page of chunks that would go alone.
            await #expect(throws: ArrayWriteError.chunksTooMany(count: 4, limit: 3)) {
                try await Self.shrink(store, chunksMax: 3)
            }
            #expect(try await store.array().metadata.shape == Self.larger)
            #expect(try await store.elements() == [UInt8](repeating: 7, count: 120))
        }
    }

    @Test func `many chunks go behind the change, and none comes back`() async throws {
        let disk = SimulatedFileSystem(seed: 1)
        try await CrashStore.with(disk) { store in
            try await Self.prepared(store)
            try await Self.shrink(store)
            #expect(try store.storedChunks() == 4)
            #expect(try store.formerShape() == nil)
            try await Self.check(store, acknowledged: true, "undisturbed")
        }
    }

    @Test func `an array whose shrink broke off is appended to without what was outside`()
        async throws
    {
        for call in 1...400 {
            let index = try CrashStore.makeIndexFolder()
            defer { CrashStore.remove(index) }
            let disk = SimulatedFileSystem(seed: UInt64(call))
            try await CrashStore.with(disk, index: index) { store in
                try await Self.prepared(store)
                disk.inject(FaultPlan(crashAtCall: call))
                try? await Self.shrink(store)
            }
            let isFound = try await CrashStore.with(disk.restart(seed: 1), index: index) { store in
                guard try store.formerShape() == "[40,3]" else { return false }
                #expect(try store.storedChunks() > 4)
                try await Self.append(store)
                return true
            }
            if isFound { return }
        }
        Issue.record("no power loss came between the change and the end of the deletions")
    }

    static func append(_ store: CrashStore) async throws {
        let block = ElementBlock(
            NPYLayout(dataType: .uint8, byteOrder: nil, shape: [1, 1], order: .rowMajor),
            bytes: .init(bytes: [9])
        )
        let receipt = try await store.writer(bounded(chunksMax: 8)).append(
            store.reference,
            in: store.namespace,
            axis: 0,
            block
        )
        #expect(receipt.shape == [5, 1])
        #expect(try await store.elements() == [7, 7, 7, 7, 9])
        #expect(try store.storedChunks() == 5)
        #expect(try store.formerShape() == nil)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a power loss at any call leaves the array as it was or as it was to be`(
        seed: UInt64
    ) async throws {
        var call = 1
        var outcomes: Set<Bool> = []
        while true {
            let index = try CrashStore.makeIndexFolder()
            defer { CrashStore.remove(index) }
            let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
            var acknowledged = false
            let position = call
            try await CrashStore.with(disk, index: index) { store in
                try await Self.prepared(store)
                disk.inject(FaultPlan(crashAtCall: position))
                do {
                    try await Self.shrink(store)
                    acknowledged = true
                } catch {
                    #expect(disk.isCrashed, "\(error)")
                }
            }
            let isLast = !disk.isCrashed
            let found = disk.restart(seed: seed &* 31 &+ UInt64(call))
            let isAcknowledged = acknowledged
            try await CrashStore.with(found, index: index) { store in
                try await Self.check(store, acknowledged: isAcknowledged, "call \(position)")
            }
            outcomes.insert(acknowledged)
            if isLast { break }
            call += 1
        }
        #expect(outcomes == [true, false])
        #expect(call > 10)
    }
}
