import ArrayModel
import Testing

@testable import ArrayCodecs

/// Checks that chunks are encoded to what decodes to the same elements.
///
/// Method: the rows that other libraries wrote, whose elements are known: encoded here and decoded again,
/// and where the codecs leave no choice, compared byte for byte. That the other libraries read what is
/// written here is tested with them (`Tests/Clients`).
@Suite struct ChunkEncoderTests {
    static func encode(_ array: ArrayMetadata, _ elements: [UInt8]) throws -> [UInt8] {
        let encoder = try ChunkEncoder(array)
        #expect(encoder.chunkBytes == elements.count)
        return try elements.withUnsafeBytes {
            try encoder.encode($0, workspace: EncodingWorkspace())
        }
    }

    @Test(arguments: ChunkFixture.all)
    func `what is encoded decodes to the same elements`(_ row: ChunkFixture) throws {
        let array = try row.array()
        let elements = Array(row.expected)
        let stored = try Self.encode(array, elements)
        let decoder = try ChunkDecoder(array)
        #expect(stored.count <= decoder.storedBytesMax)
        #expect(try decoder.decode(stored, workspace: DecodingWorkspace()) == elements)
    }

    private static let determinedFilters: Set<String> = [
        "delta", "shuffle", "astype", "quantize", "numcodecs.astype", "numcodecs.bitround",
    ]

    /// Whether two writers of the chain must make the same bytes.
    static func isDetermined(_ codecs: [CodecDescription]) -> Bool {
        codecs.allSatisfy { codec in
            switch codec {
            case .transpose, .bytes, .crc32c: true
            case .unknown(let name, _): Self.determinedFilters.contains(name)
            case .gzip, .zlib, .zstandard, .blosc, .sharding: false
            }
        }
    }

    @Test func `where the codecs leave no choice the bytes are those of the other writer`() throws {
        var compared = 0
        for row in ChunkFixture.all {
            let array = try row.array()
            guard Self.isDetermined(array.codecs) else { continue }
            #expect(try Self.encode(array, Array(row.expected)) == Array(row.stored), "\(row.name)")
            compared += 1
        }
        #expect(compared > 60)
    }

    @Test func `one workspace serves all chunks`() throws {
        let workspace = EncodingWorkspace()
        for _ in 0..<2 {
            for row in ChunkFixture.all {
                let array = try row.array()
                let stored = try Array(row.expected).withUnsafeBytes {
                    try ChunkEncoder(array).encode($0, workspace: workspace)
                }
                let decoded = try ChunkDecoder(array).decode(
                    stored,
                    workspace: DecodingWorkspace()
                )
                #expect(decoded == Array(row.expected), "\(row.name)")
            }
        }
    }

    static func sharded(_ location: ShardingDescription.IndexLocation) -> ArrayMetadata {
        metadata(
            [
                .sharding(
                    ShardingDescription(
                        chunkShape: [2, 1],
                        codecs: [.bytes(.little)],
                        indexCodecs: [.bytes(.little), .crc32c],
                        indexLocation: location
                    )
                )
            ],
            shape: [2, 3]
        )
    }

    /// Source: Zarr v3 codec specification "Sharding codec", version 1.0, section "Binary shard format".
    @Test func `inner chunks of the fill value are left out of a shard`() throws {
        // Elements 1 0 0 / 2 0 7: the inner chunks are columns, and the second is empty.
        let elements: [UInt8] = [1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7, 0]
        let none = [UInt8](repeating: 0xFF, count: 16)
        func entry(_ offset: UInt8, _ length: UInt8) -> [UInt8] {
            [offset, 0, 0, 0, 0, 0, 0, 0, length, 0, 0, 0, 0, 0, 0, 0]
        }
        let end = try Self.encode(Self.sharded(.end), elements)
        #expect(Array(end[..<56]) == [1, 0, 2, 0, 0, 0, 7, 0] + entry(0, 4) + none + entry(4, 4))
        let start = try Self.encode(Self.sharded(.start), elements)
        #expect(Array(start[..<48]) == entry(52, 4) + none + entry(56, 4))
        #expect(Array(start[52...]) == [1, 0, 2, 0, 0, 0, 7, 0])
        let empty = try Self.encode(Self.sharded(.end), [UInt8](repeating: 0, count: 12))
        #expect(empty.count == 52)
    }

    @Test func `levels that do not exist become the nearest`() throws {
        let codecs: [CodecDescription] = [
            .gzip(level: 99), .gzip(level: -7), .zlib(level: 99),
            .zstandard(level: 999, checksum: .content), .zstandard(level: .min, checksum: .none),
            .unknown(name: "bz2", configuration: .members(["level": .integer(0)])),
            .unknown(name: "bz2", configuration: .members(["level": .integer(Int.max)])),
        ]
        let elements = (0..<200).map { UInt8($0) }
        for codec in codecs {
            let array = metadata([.bytes(.little), codec], shape: [10, 10])
            let stored = try Self.encode(array, elements)
            let decoded = try ChunkDecoder(array).decode(stored, workspace: DecodingWorkspace())
            #expect(decoded == elements, "\(codec)")
        }
    }

    @Test func `a compressor that Blosc lacks is named`() {
        let blosc = BloscDescription(
            compressor: "brotli",
            level: 1,
            shuffle: .none,
            typeBytes: 1,
            blockBytes: 0
        )
        #expect(throws: ArrayCodecError.codecMissing("blosc (brotli)")) {
            try ChunkEncoder(metadata([.bytes(.little), .blosc(blosc)], shape: [2]))
        }
    }
}
