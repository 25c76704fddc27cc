import ArrayModel
import Foundation
import ObjectStorage
import Testing

@testable import ArrayStorage

/// Checks that of a chunk that is stored as it is decoded only what is wanted is read.
///
/// Method: sixteen images in one chunk, of which the last is damaged on the disk.
@Suite struct PieceReadingTests {
    private static let image = 64 * 1024
    private static let metadata = plainMetadata([16, 256, 256], chunks: [16, 256, 256], .uint8)

    private static func pixel(_ image: Int, _ place: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: image &* 31 &+ place &* 7 &+ place >> 8)
    }

    private static func pixels(_ images: [Int]) -> [UInt8] {
        images.flatMap { number in (0..<image).map { pixel(number, $0) } }
    }

    /// A reader of an array whose last image fails its checksum.
    private static func damaged(_ store: TestStore) async throws -> (ArrayReader, ResolvedArray) {
        let chunk = (0..<16 * image).map { pixel($0 / image, $0 % image) }
        try await store.put("x/c/0/0/0", chunk)
        let blobs = store.directory.appending(path: "volume/blobs")
        let files = FileManager.default.enumerator(at: blobs, includingPropertiesForKeys: nil)
        let blob = try #require(
            files?.compactMap { $0 as? URL }.first { $0.pathExtension == "blob" }
        )
        var bytes = try Data(contentsOf: blob)
        let start = try #require(
            bytes.range(of: Data(chunk.suffix(64)), options: .backwards)
        ).lowerBound
        bytes[start + 5] ^= 1
        try bytes.write(to: blob)
        let reader = ArrayReader(store: store.store, pool: store.pool)
        return (reader, resolved(metadata, store: store, path: "x"))
    }

    @Test func `images of one chunk are read without the others`() async throws {
        try await TestStore.with { store in
            let (reader, array) = try await Self.damaged(store)
            let shape = Self.metadata.shape
            for (selection, images) in [
                (try Selection("3", shape: shape), [3]),
                (try Selection("2:5", shape: shape), [2, 3, 4]),
                (try Selection("14:0:-6", shape: shape), [14, 8, 2]),
                (try Selection(samples: [9, 3, 0, 3], shape: shape), [9, 3, 0, 3]),
            ] {
                let found = try await bytes(of: reader.region(array, selection))
                #expect(found == Self.pixels(images), "\(images)")
            }
            let boxes = try ["1", "12"].map { try Selection($0, shape: Self.metadata.shape) }
            var gathered = try reader.boxes(array, boxes)
            var found: [UInt8] = []
            while let slab = try await gathered.next() { found += Array(slab.readableBytesView) }
            #expect(found == Self.pixels([1, 12]))
        }
    }

    @Test func `a damaged image is never handed out, and others with it are not either`()
        async throws
    {
        try await TestStore.with { store in
            let (reader, array) = try await Self.damaged(store)
            let shape = Self.metadata.shape
            for selection in [
                try Selection("15", shape: shape), try Selection("...", shape: shape),
                try Selection("14:16", shape: shape),
                try Selection(samples: [2, 15], shape: shape),
            ] {
                await #expect(throws: ArrayReadError.store(.checksumMismatch)) {
                    _ = try await bytes(of: reader.region(array, selection))
                }
            }
        }
    }
}
