import ArrayCodecs
import ArrayModel
import ObjectStorage
import Synchronization
import Testing

@testable import ArrayStorage

/// Checks that what reading keeps in memory is within its bounds, whatever clients ask for.
///
/// Method: limits of some bytes, and the sizes that come out; large chunks are used from several
/// threads, which must never meet.
@Suite struct MemoryBoundTests {
    @Test func `a region is charged for the slab that is sent and the one that is made`()
        async throws
    {
        try await TestStore.with { store in
            var limits = ArrayReaderLimits()
            limits.slabBytesPreferred = 64
            limits.slabBytesMin = 8
            limits.slabsBytesMax = 128
            let array = resolved(
                plainMetadata([1000], chunks: [1], .uint8),
                store: store,
                path: "x"
            )
            let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
            func slabBytes(_ region: RegionReader) async throws -> Int? {
                var region = region
                return try await region.next()?.readableBytes
            }
            let whole = Selection.whole(shape: [1000])
            let first = try reader.region(array, whole)
            let second = try reader.region(array, whole)
            #expect(try await slabBytes(first) == 64)
            #expect(try await slabBytes(second) == 8)
            withExtendedLifetime(first) {}
        }
    }

    @Test func `a part of a list sets aside what its slabs can be`() async throws {
        try await TestStore.with { store in
            var limits = ArrayReaderLimits()
            limits.slabBytesPreferred = 64
            limits.slabBytesMin = 8
            limits.slabBytesMax = 512
            limits.slabsBytesMax = 256
            let metadata = plainMetadata([1000], chunks: [10], .uint16, codecs: [.bytes(.big)])
            let array = resolved(metadata, store: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
            let samples = (0..<1000).map { $0 * 7 % 1000 }
            let list = try Selection(samples: samples, shape: [1000])
            let part = try reader.region(array, list, elements: 100..<110)
            #expect(reader.budget.takenBytes == 20)
            let whole = try reader.region(array, list)
            #expect(reader.budget.takenBytes == 20 + 128, "a usual slab and the next")
            withExtendedLifetime((part, whole)) {}
        }
    }

    @Test func `a region of one slab and a bit more has the slabs that it wants`() async throws {
        try await TestStore.with { store in
            var limits = ArrayReaderLimits()
            limits.slabBytesPreferred = 64
            let metadata = plainMetadata([70], chunks: [1], .uint8)
            let array = resolved(metadata, store: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
            var region = try reader.region(array, Selection.whole(shape: [70]))
            #expect(try await region.next()?.readableBytes == 64)
            #expect(try await region.next()?.readableBytes == 6)
            #expect(try await region.next() == nil)
        }
    }

    @Test func `large chunks are decoded and used one at a time`() async throws {
        try await TestStore.with { store in
            let bytes = 1 << 18
            let metadata = plainMetadata([8 * bytes], chunks: [bytes], .uint8)
            var limits = ArrayReaderLimits()
            limits.largeChunkBytes = bytes
            let array = try StoredArray(
                resolved(metadata, store: store, path: "x"),
                limits: limits
            )
            let keys = (0..<8).map { array.key([$0]) }
            for key in keys { try await store.put(key, [UInt8](repeating: 1, count: bytes)) }
            let loader = ChunkLoader(store: store.store, limits: limits)
            let engine = ReadEngine(
                loader: loader,
                pool: store.pool,
                limits: limits,
                summaries: SummaryStore(file: nil, entriesMax: 8)
            )
            let meter = UseMeter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys + keys {
                    group.addTask {
                        try await engine.blocking { () throws(ArrayReadError) -> Void in
                            guard let entry = try loader.entries([key], of: array)[0] else {
                                return
                            }
                            _ = try loader.withChunk(
                                key,
                                entry: entry,
                                of: array,
                                retention: .keep
                            ) { chunk, _ in
                                meter.use { chunk.readableBytesView.reduce(0) { $0 + Int($1) } }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(meter.sum == 16 * bytes)
            #expect(meter.most == 1)
        }
    }

    static let tooLarge: [(ArrayMetadata, ArrayReadError)] = [
        (
            plainMetadata([257 << 20], chunks: [257 << 20], .uint8),
            .notDecodable(.chunkTooLarge(bytes: 257 << 20))
        ),
        (
            plainMetadata(
                [250 << 20],
                chunks: [250 << 20],
                .uint8,
                codecs: [.bytes(nil)] + Array(repeating: .gzip(level: 5), count: 31)
            ),
            .notDecodable(.chunkTooLarge(bytes: CodecLimits.encodedChunkBytesMax))
        ),
    ]

    @Test(arguments: tooLarge)
    func `what would take too much memory is refused before it is read`(
        _ metadata: ArrayMetadata,
        _ error: ArrayReadError
    ) async throws {
        try await TestStore.with { store in
            let array = resolved(metadata, store: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: metadata.shape)
            #expect(throws: error) { try reader.region(array, whole) }
        }
    }

    @Test func `elements longer than the smallest slab are refused`() async throws {
        try await TestStore.with { store in
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: [4])
            for (bytes, isRefused) in [(1 << 20, false), ((1 << 20) + 1, true)] {
                let metadata = plainMetadata([4], chunks: [1], .rawBits(bytes: bytes))
                let array = resolved(metadata, store: store, path: "x")
                let result = Result { try reader.region(array, whole) }
                if case .failure(let error) = result {
                    #expect(error as? ArrayReadError == .dataTypeNotSliceable("r8388616"))
                }
                #expect(((try? result.get()) == nil) == isRefused)
            }
        }
    }

    @Test func `a cancelled task reads no more`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata([1000], chunks: [1], .uint8)
            let array = resolved(metadata, store: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: [1000])
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: ArrayReadError.cancelled) {
                        try await reader.statistics(array, whole, [.sum])
                    }
                    await #expect(throws: ArrayReadError.cancelled) {
                        var region = try reader.region(array, whole)
                        _ = try await region.next()
                    }
                }
            }
        }
    }
}

/// Counts how many threads use something at once.
///
/// State: guarded by `state`.
private final class UseMeter: Sendable {
    private let state = Mutex((now: 0, most: 0, sum: 0))

    var most: Int { state.withLock { $0.most } }
    var sum: Int { state.withLock { $0.sum } }

    func use(_ work: () -> Int) {
        state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
        let result = work()
        state.withLock {
            $0.now -= 1
            $0.sum += result
        }
    }
}
