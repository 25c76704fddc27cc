import ArrayModel
import DiskIO
import NIOCore
import ObjectStorage
import SeededRandom
import StorageModel
import Testing

@testable import ArrayStorage

/// Checks that regions have the bytes that NumPy has of the same slices.
///
/// Method: arrays written by zarr-python and by the formula of the original Hub client, every slice
/// under limits that force one slab or many, one batch or many, look-ups or listings; then seeded
/// random arrays against one-element-at-a-time code.
@Suite struct RegionReaderTests {
    @Test(arguments: ArrayFixture.all)
    func `a region is what NumPy reads`(_ row: ArrayFixture) async throws {
        try await TestStore.with { store in
            let array = try await row.put(into: store, path: "data/x")
            for limits in [ArrayReaderLimits(), .tiny, .tinyListing, .starved, .listing, .pieces] {
                let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
                for answer in row.answers {
                    let selection = try Selection(answer.slice, shape: array.metadata.shape)
                    #expect(selection.shape == answer.shape)
                    let found = try await bytes(of: reader.region(array, selection))
                    #expect(found == Array(answer.expected), "\(answer.slice)")
                }
            }
        }
    }

    @Test func `a small region is answered at once when its chunks are in memory`() async throws {
        let row = try #require(ArrayFixture.all.first)
        try await TestStore.with { store in
            let array = try await row.put(into: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let answer = row.answers[3]
            let selection = try Selection(answer.slice, shape: array.metadata.shape)
            #expect(try reader.regionNow(array, selection)?.elements == nil)
            _ = try await bytes(of: reader.region(array, selection))
            let now = try #require(try reader.regionNow(array, selection))
            #expect(Array(now.elements.readableBytesView) == Array(answer.expected))
        }
    }

    @Test func `random regions of random arrays equal a walk over their elements`() async throws {
        try await TestStore.with { store in
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let tiny = ArrayReader(store: store.store, pool: store.pool, limits: .tinyListing)
            let pieces = ArrayReader(store: store.store, pool: store.pool, limits: .pieces)
            var random = SeededGenerator(seed: 7)
            for number in 0..<40 {
                let model = try await RandomArray(number, store: store, random: &random)
                for _ in 0..<6 {
                    let text = model.randomSelection(&random)
                    let selection = try Selection(text, shape: model.metadata.shape)
                    let expected = model.elements(selection)
                    for reader in [reader, tiny, pieces] {
                        let found = try await bytes(of: reader.region(model.resolved, selection))
                        #expect(found == expected, "\(model.metadata.shape) \(text)")
                    }
                }
            }
        }
    }

    /// Slabs are what chunks are decoded once for.
    @Test func `samples that come back to chunks are in one slab if that may be`() async throws {
        try await TestStore.with { store in
            let shape = [12, 8]
            let metadata = plainMetadata(shape, chunks: [4, 8], .uint16, codecs: [.bytes(.big)])
            let array = resolved(metadata, store: store, path: "x")
            for first in [0, 4, 8] as [UInt8] {
                // Big-endian, so that they are decoded.
                let chunk = (first..<first + 4).flatMap { row in
                    (0..<16).map { $0 % 2 == 0 ? 0 : row }
                }
                try await store.put(array.chunkKey([Int(first) / 4, 0]), chunk)
            }
            var limits = ArrayReaderLimits.tiny
            limits.slabBytesMax = 192
            let reader = ArrayReader(store: store.store, pool: store.pool, limits: limits)
            for (samples, slabs) in [
                ([0, 4, 8, 1, 5, 9, 2, 6, 10], 1), ([0, 1, 2, 4, 5, 6, 8, 9, 10], 3),
            ] {
                var region = try reader.region(array, Selection(samples: samples, shape: shape))
                var found: [ByteBuffer] = []
                while let slab = try await region.next() { found.append(slab) }
                let expected = samples.flatMap { row in
                    (0..<16).map { $0 % 2 == 0 ? UInt8(row) : 0 }
                }
                #expect(found.flatMap { Array($0.readableBytesView) } == expected)
                #expect(found.count == slabs, "\(samples)")
            }
        }
    }

    @Test func `one row of a petabyte that nobody wrote is its fill value`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata(
                [10_000_000_000, 512, 512, 3],
                chunks: [1, 512, 512, 3],
                .uint8,
                fill: [9]
            )
            let array = resolved(metadata, store: store, path: "big")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let last = try Selection("9999999999", shape: metadata.shape)
            let row = try await bytes(of: reader.region(array, last))
            #expect(row == [UInt8](repeating: 9, count: 512 * 512 * 3))
            // The first slab of everything comes at once as well, and a column of 10 GB.
            for text in ["...", ":, 0, 0, 0"] {
                let whole = try Selection(text, shape: metadata.shape)
                var region = try reader.region(array, whole)
                let slab = try #require(try await region.next())
                #expect(slab.readableBytesView.prefix(5000).allSatisfy { $0 == 9 })
                #expect(slab.readableBytesView.last == 9)
            }
        }
    }

    @Test func `a chunk that is overwritten is read anew`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata([4], chunks: [4], .uint8)
            let array = resolved(metadata, store: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: [4])
            for value in 1...3 as ClosedRange<UInt8> {
                let chunk = [UInt8](repeating: value, count: 4)
                try await store.put("x/c/0", chunk)
                #expect(try await bytes(of: reader.region(array, whole)) == chunk)
            }
        }
    }

    @Test func `the same stored bytes under other metadata decode anew`() async throws {
        try await TestStore.with { store in
            try await store.put("x/c/0", [1, 2, 3, 4])
            let reader = ArrayReader(store: store.store, pool: store.pool)
            for (order, expected) in [(ByteOrder.little, [1, 2, 3, 4]), (.big, [2, 1, 4, 3])]
                as [(ByteOrder, [UInt8])]
            {
                let metadata = plainMetadata([2], chunks: [2], .uint16, codecs: [.bytes(order)])
                let array = resolved(metadata, store: store, path: "x")
                let whole = Selection.whole(shape: [2])
                #expect(try await bytes(of: reader.region(array, whole)) == expected)
            }
        }
    }

    static let prefixes: [(ChunkKeyEncoding, String, String)] = [
        (.zarr3(.slash), ":", "x/c/"),
        (.zarr3(.slash), "7", "x/c/3/"),
        (.zarr3(.slash), "6:8, :2", "x/c/3/"),
        (.zarr3(.slash), "3:5", "x/c/"),
        (.zarr3(.period), "7", "x/c.3."),
        // Coordinates 1 and 10 have a digit in common, but no coordinate.
        (.zarr2(.period), "2:22", "x/"),
        (.zarr2(.slash), ":, 3", "x/"),
        (.hub0, "7", "x/6-8_"),
        (.zarr3(.slash), "5:5", "x/"),
    ]

    @Test(arguments: prefixes)
    func `a listing begins where all touched chunks do`(
        _ keys: ChunkKeyEncoding,
        _ slice: String,
        _ expected: String
    ) async throws {
        try await TestStore.with { store in
            let plain = plainMetadata([40, 40], chunks: [2, 2], .uint8)
            let metadata = ArrayMetadata(
                dialect: .zarr3,
                shape: plain.shape,
                dataType: .uint8,
                chunkShape: [2, 2],
                chunkKeys: keys,
                codecs: plain.codecs,
                fillValue: plain.fillValue,
                dimensionNames: nil,
                attributes: .object([])
            )
            let array = try StoredArray(
                resolved(metadata, store: store, path: "x"),
                limits: .init()
            )
            let selection = try Selection(slice, shape: [40, 40])
            #expect(array.listingPrefix(selection) == expected)
        }
    }

    @Test func `what cannot be read says why`() async throws {
        try await TestStore.with { store in
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let whole = Selection.whole(shape: [4])
            func error(_ metadata: ArrayMetadata) async -> ArrayReadError? {
                let array = resolved(metadata, store: store, path: "x")
                do {
                    _ = try await bytes(of: reader.region(array, whole))
                    return nil
                } catch {
                    return error as? ArrayReadError
                }
            }
            let unknown = CodecDescription.unknown(name: "sz3", configuration: .null)
            let missing = plainMetadata([4], chunks: [4], .uint8, codecs: [.bytes(nil), unknown])
            #expect(await error(missing) == .notDecodable(.codecMissing("sz3")))
            let text = plainMetadata([4], chunks: [4], .opaque(name: "string", itemBytes: 4))
            #expect(await error(text) == .dataTypeNotSliceable("string"))
            let plain = plainMetadata([4], chunks: [4], .uint8)
            try await store.put("x/c/0", [1, 2, 3])
            #expect(
                await error(plain)
                    == .chunkUnreadable(
                        key: "x/c/0",
                        .chunkLength(expectedBytes: 4, foundBytes: 3)
                    )
            )
            try await store.put("x/c/0", [1, 2, 3, 4, 5])
            #expect(
                await error(plain)
                    == .chunkUnreadable(
                        key: "x/c/0",
                        .chunkLength(expectedBytes: 4, foundBytes: 5)
                    )
            )
        }
    }
}

/// Checks that pieces by chunk are the pieces by order.
@Suite struct SlabPieceTests {
    @Test func `every chunk has the piece that the walk has`() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let rank = Int.random(in: 0...3, using: &random)
            let shape = (0..<rank).map { _ in Int.random(in: 1...9, using: &random) }
            let chunks = (0..<rank).map { _ in Int.random(in: 1...5, using: &random) }
            let text = selectionText(shape, random: &random)
            let plan = ReadPlan(
                selection: try Selection(text, shape: shape),
                grid: ChunkGrid(shape: shape, chunkShape: chunks),
                slabElementsMax: Int.random(in: 1...40, using: &random)
            )
            for slab in Array(plan.slabs) + [plan.everything] {
                let walked = Array(slab.pieces)
                #expect(slab.touchedChunkCount == walked.count, "\(shape) \(chunks) \(text)")
                var found: [ChunkPiece] = []
                forEachIndex(plan.grid.chunkCounts) { chunk in
                    found += slab.pieces(ofChunk: chunk)
                }
                #expect(Set(found) == Set(walked), "\(shape) \(chunks) \(text)")
            }
        }
    }
}
