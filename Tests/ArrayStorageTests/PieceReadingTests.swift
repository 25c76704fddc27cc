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
            for text in ["3", "2:5", "[9, 3, 0]", "4:0:-2"] {
                let selection = try Selection(text, shape: Self.metadata.shape)
                let found = try await bytes(of: reader.region(array, selection))
                #expect(found.count == selection.elementCount)
                if text == "3" { #expect(found == (0..<Self.image).map { Self.pixel(3, $0) }) }
                if text == "4:0:-2" {
                    let expected = [4, 2].flatMap { number in
                        (0..<Self.image).map { Self.pixel(number, $0) }
                    }
                    #expect(found == expected)
                }
            }
            let boxes = try ["1", "12"].map { try Selection($0, shape: Self.metadata.shape) }
            var gathered = try reader.boxes(array, boxes)
            var found: [UInt8] = []
            while let slab = try await gathered.next() { found += Array(slab.readableBytesView) }
            let expected = [1, 12].flatMap { number in
                (0..<Self.image).map { Self.pixel(number, $0) }
            }
            #expect(found == expected)
        }
    }

    @Test func `a damaged image is never handed out, and others with it are not either`()
        async throws
    {
        try await TestStore.with { store in
            let (reader, array) = try await Self.damaged(store)
            for text in ["15", "[2, 15]", "...", "14:16"] {
                let selection = try Selection(text, shape: Self.metadata.shape)
                await #expect(throws: ArrayReadError.store(.checksumMismatch)) {
                    _ = try await bytes(of: reader.region(array, selection))
                }
            }
        }
    }
}
