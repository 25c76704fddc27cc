import ArrayModel
import Foundation
import Testing

@testable import ArrayCodecs

/// Checks that numbers are cast and rounded bit for bit as numcodecs has it.
///
/// Method: rows that numcodecs wrote and read (`Fixtures/arrays/generate.py`): every pair of types with
/// numbers at the edges of both, and every type of floats with ties; then the definition of a
/// half-precision float, on all of them.
@Suite struct NumberFilterTests {
    /// What numcodecs makes of some numbers.
    struct Row: Decodable {
        let elements: Data
        let stored: Data
        let decoded: Data
    }

    struct Cast: Decodable {
        let decodedType: String
        let encodedType: String

        enum CodingKeys: String, CodingKey {
            case decodedType = "decode_dtype"
            case encodedType = "encode_dtype"
        }

        var configuration: JSONValue {
            .members([
                "decode_dtype": .string(decodedType), "encode_dtype": .string(encodedType),
            ])
        }
    }

    struct Quantize: Decodable {
        let digits: Int
        let dtype: String
        let astype: String

        var configuration: JSONValue {
            .members([
                "digits": .integer(digits), "dtype": .string(dtype), "astype": .string(astype),
            ])
        }
    }

    /// A row beside the parameters of its filter.
    struct FilterRow<Parameters: Decodable>: Decodable {
        let row: Row
        let parameters: Parameters

        init(from decoder: any Decoder) throws {
            row = try Row(from: decoder)
            parameters = try Parameters(from: decoder)
        }
    }

    struct Rows: Decodable {
        let casts: [FilterRow<Cast>]
        let quantizations: [FilterRow<Quantize>]
        let scales: [String: Int?]
    }

    let rows: Rows

    init() throws {
        rows = try JSONDecoder().decode(Rows.self, from: ChunkFixture.contents("filters.json"))
    }

    private func check(_ name: String, _ configuration: JSONValue, _ row: Row) throws {
        let filter = try ItemFilterTests.filter(name, .float64, configuration)
        let elements = Array(row.elements)
        #expect(ItemFilterTests.encoded(filter, elements) == Array(row.stored), "\(configuration)")
        let decoded = try ItemFilterTests.decoded(filter, Array(row.stored), room: elements.count)
        #expect(decoded == Array(row.decoded), "\(configuration)")
        #expect(filter.encodedBytesMax(elements.count) == row.stored.count)
        #expect(throws: ArrayCodecError.self, "a target that is too small") {
            try ItemFilterTests.decoded(filter, Array(row.stored), room: elements.count - 1)
        }
    }

    @Test func `every type is cast to every other`() throws {
        #expect(rows.casts.count == 144)
        for cast in rows.casts { try check("astype", cast.parameters.configuration, cast.row) }
    }

    @Test func `floats are rounded to digits`() throws {
        #expect(rows.quantizations.count == 72)
        for row in rows.quantizations {
            try check("numcodecs.quantize", row.parameters.configuration, row.row)
        }
    }

    @Test func `digits become a power of two`() throws {
        #expect(rows.scales.count == 661)
        for (text, exponent) in rows.scales {
            let digits = try #require(Int(text))
            let scale = exponent.map { Double(sign: .plus, exponent: $0, significand: 1) }
            #expect(Quantization.scale(digits: digits) == scale, "\(digits) digits")
        }
        for digits in [Int.min, Int.max] { #expect(Quantization.scale(digits: digits) == nil) }
    }

    @Test func `stored numbers of which a part is missing are refused`() throws {
        let cast = Cast(decodedType: "<f8", encodedType: "<i4")
        let filter = try ItemFilterTests.filter("astype", .float64, cast.configuration)
        #expect(throws: ArrayCodecError.chunkCorrupt(.truncated(codec: "astype"))) {
            try ItemFilterTests.decoded(filter, [1, 2, 3, 4, 5], room: 100)
        }
    }

    // MARK: - Half precision

    @Test func `every half-precision float is the nearest to itself`() {
        for bits in UInt16.min...UInt16.max {
            let value = HalfPrecision.value(bits)
            #expect(HalfPrecision.bits(value) == bits)
        }
    }

    /// Source: IEEE 754-2019, section 4.3.1, roundTiesToEven.
    @Test func `between two half-precision floats the nearer is taken and of ties the even one`() {
        for bits in UInt16.min..<0x7BFF {
            let (low, high) = (HalfPrecision.value(bits), HalfPrecision.value(bits + 1))
            let middle = (low + high) / 2
            for (sign, signBit) in [(1.0, UInt16(0)), (-1.0, 0x8000)] {
                let even = bits.isMultiple(of: 2) ? bits : bits + 1
                #expect(HalfPrecision.bits(sign * middle) == even | signBit)
                #expect(HalfPrecision.bits(sign * middle.nextDown) == bits | signBit)
                #expect(HalfPrecision.bits(sign * middle.nextUp) == (bits + 1) | signBit)
            }
        }
        #expect(HalfPrecision.bits(65_520.0.nextDown) == 0x7BFF)
        #expect(HalfPrecision.bits(65_520) == 0x7C00)
        #expect(HalfPrecision.bits(-.greatestFiniteMagnitude) == 0xFC00)
        #expect(HalfPrecision.bits(.leastNonzeroMagnitude) == 0)
    }

    // MARK: - Filters in a chain

    static func array(_ dataType: DataType, _ codecs: [CodecDescription]) -> ArrayMetadata {
        ArrayMetadata(
            dialect: .zarr3,
            shape: [4, 4],
            dataType: dataType,
            chunkShape: [4, 4],
            chunkKeys: .zarr3(.slash),
            codecs: codecs,
            fillValue: .zero(itemBytes: dataType.itemBytes),
            dimensionNames: nil,
            attributes: .object([])
        )
    }

    static func cast(_ encoded: String, _ decoded: String) -> CodecDescription {
        let cast = Cast(decodedType: decoded, encodedType: encoded)
        return .unknown(name: "numcodecs.astype", configuration: cast.configuration)
    }

    static let bitround = CodecDescription.unknown(
        name: "bitround",
        configuration: .members(["keepbits": .integer(3)])
    )

    static let unfit: [(DataType, [CodecDescription], String)] = [
        // numcodecs would take what `bytes` wrote for numbers of the other order.
        (.float64, [cast("<f4", "<f8"), .bytes(.big)], "bytes"),
        (.float64, [cast("<f4", ">f8"), .bytes(.little)], "bytes"),
        (.uint8, [cast("<f4", "|u1"), .bytes(.big)], "bytes"),
        (.float64, [cast("<f4", "<f8"), .bytes(nil)], "bytes"),
        (.int16, [.bytes(nil)], "bytes"),
        (.float64, [bitround, cast(">f4", "<f8"), .bytes(.big)], "astype"),
        (.float64, [cast("<f4", "|u1"), .bytes(.little)], "astype"),
        // The first makes eight bytes, which are no whole number of sixteen.
        (.rawBits(bytes: 1), [cast("<c8", "<c16"), .bytes(nil), cast("<c8", "<c16")], "astype"),
        (.float64, [bitround, sharding], "sharding_indexed"),
    ]

    static let sharding = CodecDescription.sharding(
        ShardingDescription(
            chunkShape: [2, 2],
            codecs: [.bytes(.little)],
            indexCodecs: [.bytes(.little)],
            indexLocation: .end
        )
    )

    @Test(arguments: unfit)
    func `orders and lengths that do not fit together are refused`(
        _ type: DataType,
        _ codecs: [CodecDescription],
        _ name: String
    ) {
        #expect(throws: ArrayCodecError.codecConfigurationInvalid(name), "\(codecs)") {
            try ChunkDecoder(Self.array(type, codecs))
        }
    }

    @Test func `filters that make more bytes raise the bound on what is stored`() throws {
        let decoder = try ChunkDecoder(
            Self.array(.int8, [Self.cast("<f8", "|i1"), .bytes(.little)])
        )
        #expect(decoder.storedBytesMax == 128)
        // Each of them makes eight times as many bytes of what it is given.
        let chained = (0..<31).map { _ in Self.cast("<f8", "|i1") }
        #expect(throws: ArrayCodecError.chunkTooLarge(bytes: 16 << 30)) {
            try ChunkDecoder(Self.array(.int8, chained + [.bytes(.little)]))
        }
    }
}
