import ArrayModel
import Testing

@testable import ArrayCodecs

/// Checks that chunks decode to what the library that wrote them reads.
///
/// Method: rows written by zarr-python, numcodecs and NumPy (`Fixtures/arrays/generate.py`), for every
/// codec, data type, order of axes and order of bytes; then small chains spelled by hand.
@Suite struct ChunkDecoderTests {
    @Test(arguments: ChunkFixture.all)
    func `a stored chunk decodes to the elements its writer reads`(_ row: ChunkFixture) throws {
        let decoder = try ChunkDecoder(try row.array())
        #expect(row.stored.count <= decoder.storedBytesMax)
        let decoded = try decoder.decode(Array(row.stored), workspace: DecodingWorkspace())
        #expect(decoded == Array(row.expected))
    }

    @Test func `one workspace serves all chunks, also after failures`() throws {
        let workspace = DecodingWorkspace()
        for _ in 0..<2 {
            for row in ChunkFixture.all {
                let decoder = try ChunkDecoder(try row.array())
                var damaged = Array(row.stored)
                damaged.removeLast()
                #expect(throws: ArrayCodecError.self, "\(row.name)") {
                    try decoder.decode(damaged, workspace: workspace)
                }
                let decoded = try decoder.decode(Array(row.stored), workspace: workspace)
                #expect(decoded == Array(row.expected), "\(row.name)")
            }
        }
    }

    @Test func `a chunk without codecs is its stored bytes`() throws {
        let decoder = try ChunkDecoder(metadata([.bytes(.little)], shape: [2, 3]))
        #expect(decoder.isIdentity)
        #expect(decoder.chunkBytes == 12)
        #expect(decoder.storedBytesMax == 12)
        let bytes = (0..<12).map { UInt8($0) }
        #expect(try decoder.decode(bytes, workspace: DecodingWorkspace()) == bytes)
    }

    @Test func `transpositions compose`() throws {
        // Two turns of three axes are one turn the other way.
        let twice = try ChunkDecoder(
            metadata(
                [.transpose(order: [1, 2, 0]), .transpose(order: [1, 2, 0]), .bytes(.little)],
                shape: [2, 3, 4]
            )
        )
        let once = try ChunkDecoder(
            metadata([.transpose(order: [2, 0, 1]), .bytes(.little)], shape: [2, 3, 4])
        )
        let bytes = (0..<48).map { UInt8($0) }
        let workspace = DecodingWorkspace()
        #expect(
            try twice.decode(bytes, workspace: workspace)
                == once.decode(bytes, workspace: workspace)
        )
    }

    @Test func `a scalar decodes`() throws {
        let decoder = try ChunkDecoder(metadata([.bytes(.big)], shape: []))
        #expect(try decoder.decode([1, 2], workspace: DecodingWorkspace()) == [2, 1])
    }

    @Test func `a missing codec is named`() {
        let codec = CodecDescription.unknown(name: "sz3", configuration: .null)
        #expect(throws: ArrayCodecError.codecMissing("sz3")) {
            try ChunkDecoder(metadata([.bytes(.little), codec], shape: [2]))
        }
    }

    static let unusable: [([CodecDescription], ArrayCodecError)] = [
        ([], .codecConfigurationInvalid("bytes")),
        ([.transpose(order: [0, 0]), .bytes(nil)], .codecConfigurationInvalid("transpose")),
        ([.transpose(order: [0]), .bytes(nil)], .codecConfigurationInvalid("transpose")),
        ([.bytes(nil), .transpose(order: [1, 0])], .codecConfigurationInvalid("transpose")),
        ([.bytes(nil), .bytes(nil)], .codecConfigurationInvalid("bytes")),
        (
            [
                .unknown(name: "shuffle", configuration: .members(["elementsize": .integer(0)])),
                .bytes(nil),
            ],
            .codecConfigurationInvalid("shuffle")
        ),
        (
            [
                .unknown(name: "delta", configuration: .members(["dtype": .string("<f4")])),
                .bytes(nil),
            ],
            .codecMissing("delta")
        ),
        (
            [
                .sharding(
                    ShardingDescription(
                        chunkShape: [3, 1],
                        codecs: [.bytes(nil)],
                        indexCodecs: [.bytes(nil)],
                        indexLocation: .end
                    )
                )
            ],
            .codecConfigurationInvalid("sharding_indexed")
        ),
    ]

    @Test(arguments: unusable)
    func `a chain that cannot be is refused`(
        _ codecs: [CodecDescription],
        _ error: ArrayCodecError
    ) {
        #expect(throws: error) { try ChunkDecoder(metadata(codecs, shape: [4, 4])) }
    }

    @Test func `a chunk beyond the limit is refused`() {
        #expect(throws: ArrayCodecError.chunkTooLarge(bytes: 2 << 30)) {
            try ChunkDecoder(metadata([.bytes(.little)], shape: [1 << 15, 1 << 15]))
        }
    }
}

/// Metadata of an `int16` array of one chunk.
func metadata(_ codecs: [CodecDescription], shape: [Int]) -> ArrayMetadata {
    ArrayMetadata(
        dialect: .zarr3,
        shape: shape,
        dataType: .int16,
        chunkShape: shape,
        chunkKeys: .zarr3(.slash),
        codecs: codecs,
        fillValue: .zero(itemBytes: 2),
        dimensionNames: nil,
        attributes: .object([])
    )
}
