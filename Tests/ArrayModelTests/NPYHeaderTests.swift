import ArrayModel
import Testing

/// Holds the header of `.npy` files against the bytes that NumPy writes.
@Suite struct NPYHeaderTests {
    static let types: [String: DataType] = [
        "bool": .bool, "i1": .int8, "<i2": .int16, "<i4": .int32, "<i8": .int64, "u1": .uint8,
        "<u2": .uint16, "<u4": .uint32, "<u8": .uint64, "<f2": .float16, "<f4": .float32,
        "<f8": .float64, "<c8": .complex64, "<c16": .complex128, "V3": .rawBits(bytes: 3),
    ]

    @Test func `headers are NumPy's, byte for byte`() throws {
        for row in try Fixture.rows("headers.json") {
            let name = try #require(row["dtype"]?.string)
            let header = NPYHeader(
                dataType: try #require(Self.types[name]),
                shape: try Fixture.integers(row["shape"])
            )
            let number = try #require(row["version"]?.integer)
            let version = try #require(NPYHeader.Version(rawValue: UInt8(number)))
            #expect(
                Fixture.hexadecimal(header.bytes(version)) == row["hex"]?.string,
                "\(name) \(header.shape) v\(number)"
            )
        }
    }
}
