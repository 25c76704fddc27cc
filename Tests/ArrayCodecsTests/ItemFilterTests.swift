import ArrayModel
import Testing

@testable import ArrayCodecs

/// Checks the filters of numcodecs that work on numbers.
///
/// Method: rows that numcodecs 0.16 wrote and read; then bytes that it would not have written.
@Suite struct ItemFilterTests {
    static func bytes(_ values: [Double]) -> [UInt8] {
        values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
    }

    static func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
    }

    static func filter(
        _ name: String,
        _ type: DataType,
        _ configuration: JSONValue
    ) throws -> ItemFilter {
        try #require(
            try ItemFilter(
                name: name,
                configuration: configuration,
                elements: FilteredElements(type, bytes: 0, byteOrder: .little)
            )
        )
    }

    static func decoded(_ filter: ItemFilter, _ stored: [UInt8], room: Int) throws -> [UInt8] {
        var target = [UInt8](repeating: 0xEE, count: room)
        let written = try stored.withUnsafeBytes { source in
            try target.withUnsafeMutableBytes { try filter.decode(source, into: $0) }
        }
        return Array(target[..<written])
    }

    static func encoded(_ filter: ItemFilter, _ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { filter.encode($0) }
    }

    @Test func `bits of the fraction are rounded away`() throws {
        let single = try Self.filter(
            "bitround",
            .float32,
            .members(["keepbits": .integer(3)])
        )
        let values: [Float] = [1.0, 1.1, -3.14159, 65504, 1e-8, 0.0, 2.75]
        let expected: [UInt8] = [
            0, 0, 128, 63, 0, 0, 144, 63, 0, 0, 80, 192, 0, 0, 128, 71, 0, 0, 48, 50, 0, 0, 0, 0,
            0, 0, 48, 64,
        ]
        #expect(Self.encoded(single, Self.bytes(values)) == expected)
        #expect(try Self.decoded(single, expected, room: 28) == expected)
        let half = try Self.filter("bitround", .float16, .members(["keepbits": .integer(2)]))
        #expect(Self.encoded(half, [102, 60, 154, 192, 174, 43]) == [0, 60, 0, 193, 0, 44])
        let all = try Self.filter("bitround", .float16, .members(["keepbits": .integer(10)]))
        #expect(Self.encoded(all, [102, 60, 154, 192]) == [102, 60, 154, 192])
    }

    @Test func `floats become integers and come back`() throws {
        let bytes = try Self.filter(
            "fixedscaleoffset",
            .float64,
            .members([
                "offset": .integer(1000), "scale": .integer(10), "dtype": .string("<f8"),
                "astype": .string("|u1"),
            ])
        )
        let values: [Double] = [1000, 1000.14, 1000.15, 1000.25, 1025.5]
        #expect(Self.encoded(bytes, Self.bytes(values)) == [0, 1, 1, 2, 255])
        let back: [Double] = [1000.0, 1000.1, 1000.1, 1000.2, 1025.5]
        #expect(try Self.decoded(bytes, [0, 1, 1, 2, 255], room: 40) == Self.bytes(back))
        let words = try Self.filter(
            "numcodecs.fixedscaleoffset",
            .float32,
            .members([
                "offset": .integer(-1), "scale": .integer(4), "dtype": .string("<f4"),
                "astype": .string("<i2"),
            ])
        )
        let stored: [UInt8] = [0, 0, 0xFE, 0xFF, 4, 0, 26, 0]
        #expect(Self.encoded(words, Self.bytes([-1.125, -1.375, 0, 5.5] as [Float])) == stored)
        let floats: [Float] = [-1.0, -1.5, 0.0, 5.5]
        #expect(try Self.decoded(words, stored, room: 16) == Self.bytes(floats))
        // What no integer can be is no trap.
        let wild: [Float] = [.nan, .infinity, -.infinity, 1e30]
        let bounds: [UInt8] = [0, 0, 0xFF, 0x7F, 0, 0x80, 0xFF, 0x7F]
        #expect(Self.encoded(words, Self.bytes(wild)) == bounds)
    }

    @Test func `booleans become bits`() throws {
        let filter = try Self.filter("packbits", .bool, .object([]))
        let values: [UInt8] = [1, 0, 1, 1, 0, 0, 0, 0, 1, 1]
        #expect(Self.encoded(filter, values) == [6, 176, 192])
        #expect(try Self.decoded(filter, [6, 176, 192], room: 10) == values)
        #expect(Self.encoded(filter, [UInt8](repeating: 0, count: 16)) == [0, 0, 0])
        #expect(Self.encoded(filter, []) == [0])
        #expect(try Self.decoded(filter, [0], room: 0) == [])
    }

    @Test func `stored bytes that cannot be are refused`() throws {
        let packed = try Self.filter("packbits", .bool, .object([]))
        for stored in [[], [8, 0], [1], [255, 255]] as [[UInt8]] {
            #expect(throws: ArrayCodecError.self) {
                try Self.decoded(packed, stored, room: 100)
            }
        }
        #expect(throws: ArrayCodecError.chunkCorrupt(.tooLong(codec: "packbits", limitBytes: 7))) {
            try Self.decoded(packed, [0, 1], room: 7)
        }
    }

    static let unusable: [(String, DataType, JSONValue, ArrayCodecError)] = [
        ("bitround", .int32, .members(["keepbits": .integer(3)]), .codecMissing("bitround")),
        (
            "bitround", .float32, .members(["keepbits": .integer(24)]),
            .codecConfigurationInvalid("bitround")
        ),
        ("bitround", .float32, .object([]), .codecConfigurationInvalid("bitround")),
        ("packbits", .int8, .object([]), .codecConfigurationInvalid("packbits")),
        ("astype", .int8, .object([]), .codecConfigurationInvalid("astype")),
        (
            "astype", .float64,
            .members(["encode_dtype": .string("<M8[s]"), "decode_dtype": .string("<f8")]),
            .codecConfigurationInvalid("astype")
        ),
        (
            "astype", .complex64,
            .members(["encode_dtype": .string("<f4"), "decode_dtype": .string("<c8")]),
            .codecConfigurationInvalid("astype")
        ),
        (
            "quantize", .float64, .members(["dtype": .string("<f8")]),
            .codecConfigurationInvalid("quantize")
        ),
        (
            "quantize", .float64,
            .members(["digits": .integer(308), "dtype": .string("<f8")]),
            .codecConfigurationInvalid("quantize")
        ),
        (
            "quantize", .int32, .members(["digits": .integer(1)]),
            .codecConfigurationInvalid("quantize")
        ),
        (
            "quantize", .float32,
            .members([
                "digits": .integer(1), "dtype": .string("<f4"), "astype": .string("<i2"),
            ]),
            .codecConfigurationInvalid("quantize")
        ),
        (
            "fixedscaleoffset", .float32,
            .members(["scale": .integer(0), "offset": .integer(0)]),
            .codecConfigurationInvalid("fixedscaleoffset")
        ),
        (
            "fixedscaleoffset", .float32,
            .members([
                "scale": .integer(1), "offset": .integer(0), "dtype": .string("<f4"),
                "astype": .string("<f2"),
            ]),
            .codecMissing("fixedscaleoffset")
        ),
    ]

    @Test(arguments: unusable)
    func `parameters that cannot be are refused`(
        _ name: String,
        _ type: DataType,
        _ configuration: JSONValue,
        _ error: ArrayCodecError
    ) {
        #expect(throws: error) {
            try ItemFilter(
                name: name,
                configuration: configuration,
                elements: FilteredElements(type, bytes: 0, byteOrder: .little)
            )
        }
    }
}
