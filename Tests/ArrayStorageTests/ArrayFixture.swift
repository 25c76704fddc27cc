import ArrayModel
import Foundation
import StorageModel
import Testing

@testable import ArrayStorage

/// One row of `Fixtures/arrays/arrays.json`: an array as keys, and what NumPy answers about it.
struct ArrayFixture: Decodable, Sendable, CustomTestStringConvertible {
    struct Answer: Decodable, Sendable {
        let slice: String
        let shape: [Int]
        let expected: Data
        let statistics: [String: String]?
    }

    let name: String
    let keys: [String: Data]
    let answers: [Answer]

    var testDescription: String { name }

    /// All rows.
    static let all: [ArrayFixture] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/arrays/arrays.json")
        do {
            return try JSONDecoder().decode([ArrayFixture].self, from: Data(contentsOf: path))
        } catch {
            fatalError("Fixtures/arrays/arrays.json: \(error)")
        }
    }()

    /// The metadata, read as the server reads it.
    func metadata() throws -> ArrayMetadata {
        for file in MetadataFile.allCases {
            guard let bytes = keys[file.fileName] else { continue }
            guard case .array(let array) = NodeRecognition.recognise(file, bytes: Array(bytes))
            else { break }
            return array
        }
        throw UnreadableFixture(name: name)
    }

    /// Puts the array's keys into a store, below a path.
    func put(into store: TestStore, path: String) async throws -> ResolvedArray {
        for (key, bytes) in keys { try await store.put("\(path)/\(key)", Array(bytes)) }
        return resolved(try metadata(), store: store, path: path)
    }
}

/// A fixture whose metadata is not understood.
struct UnreadableFixture: Error {
    let name: String
}

/// An array as the catalog would resolve it.
func resolved(
    _ metadata: ArrayMetadata,
    store: TestStore,
    path: String,
    chunksCounted: Int64? = nil
) -> ResolvedArray {
    let tally = chunksCounted.map {
        ChunkTally(
            chunks: $0,
            storedBytes: 0,
            changed: WallTime(milliseconds: 0),
            contentHash: .empty
        )
    }
    let node = CatalogNode(
        place: ArrayPlace(name: path, tag: "latest"),
        line: store.namespace.line,
        path: path,
        metadataKey: "\(path)/zarr.json",
        sequence: 1,
        fact: CatalogFact(dialect: .zarr3, kind: .array),
        modified: WallTime(milliseconds: 0),
        tally: tally
    )
    return ResolvedArray(namespace: store.namespace, node: node, metadata: metadata)
}

/// Metadata of an array in C order without compression.
func plainMetadata(
    _ shape: [Int],
    chunks: [Int],
    _ type: DataType,
    fill: [UInt8]? = nil,
    codecs: [CodecDescription] = [.bytes(.little)]
) -> ArrayMetadata {
    ArrayMetadata(
        dialect: .zarr3,
        shape: shape,
        dataType: type,
        chunkShape: chunks,
        chunkKeys: .zarr3(.slash),
        codecs: codecs,
        fillValue: fill.map { FillValue(bytes: $0, spelling: .null) }
            ?? .zero(itemBytes: type.itemBytes),
        dimensionNames: nil,
        attributes: .object([])
    )
}

/// All bytes of a region.
func bytes(of region: RegionReader) async throws -> [UInt8] {
    var region = region
    var result: [UInt8] = []
    while let slab = try await region.next() {
        #expect(slab.readableBytes > 0)
        result.append(contentsOf: slab.readableBytesView)
    }
    #expect(result.count == region.byteCount)
    return result
}

extension ArrayReaderLimits {
    /// Limits so small that every path with many slabs and batches is taken.
    static var tiny: Self {
        var limits = Self()
        limits.slabBytesPreferred = 64
        limits.slabBytesMin = 16
        limits.slabBytesMax = 96
        limits.batchChunksMax = 2
        limits.cacheBytesMax = 0
        return limits
    }

    /// Limits under which every piece that is a small part of its chunk is read by itself.
    static var pieces: Self {
        var limits = Self()
        limits.pieceBytesMin = 1
        limits.cacheBytesMax = 0
        return limits
    }

    /// Limits under which stored chunks are always listed.
    static var listing: Self {
        var limits = Self()
        limits.lookUpsMax = 0
        return limits
    }

    /// Limits under which a few chunks are listed and slabs are small.
    static var tinyListing: Self {
        var limits = Self.tiny
        limits.lookUpsMax = 1
        return limits
    }

    /// Limits under which no memory is left for slabs.
    static var starved: Self {
        var limits = Self()
        limits.slabsBytesMax = 0
        limits.slabBytesMin = 512
        return limits
    }
}
