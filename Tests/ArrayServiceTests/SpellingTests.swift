import ArrayModel
import ArrayStorage
import StorageModel
import Testing

@testable import ArrayService

/// Holds how the service spells values against NumPy and Python.
@Suite struct SpellingTests {
    @Test func `nested lists are what NumPy's tolist gives`() throws {
        let types: [DataType] = [
            .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .float32, .float64, .complex64, .complex128,
        ]
        for row in try Fixture.rows("lists.json") {
            let name = try #require(row["dtype"]?.string)
            let dataType = try #require(types.first { $0.name == name })
            let shape = try #require(row["shape"]?.elements).map { try #require($0.integer) }
            let bytes = try bytes(try #require(row["hex"]?.string))
            for pieceElements in [1, 3, 100] {
                var lists = NestedListWriter(dataType: dataType, shape: shape)
                var text: [UInt8] = []
                bytes.withUnsafeBytes { bytes in
                    let step = pieceElements * dataType.itemBytes
                    for start in stride(from: 0, to: bytes.count, by: step) {
                        let end = min(start + step, bytes.count)
                        lists.append(
                            UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                            to: &text
                        )
                    }
                }
                let written = try JSONValue(parsing: text)
                #expect(same(written, try #require(row["list"])), "\(name) \(shape)")
            }
        }
    }

    /// Equal values, whatever the spelling of the floats.
    private func same(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
        case (.number(let left), .number(let right)):
            left.text == right.text || left.double.bitPattern == right.double.bitPattern
        default: left == right
        }
    }

    private func bytes(_ hexadecimal: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(hexadecimal)
        while !rest.isEmpty {
            bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    @Test func `results without elements keep their empty lists`() {
        let rows: [([Int], String, Int?)] = [
            ([0], "[]", 1), ([0, 5], "[]", 1), ([2, 0], "[[],[]]", 2),
            ([1, 2, 0, 9], "[[[],[]]]", 2),
            ([Int.max, Int.max, 0], "", nil),
        ]
        for (shape, text, count) in rows {
            #expect(NestedListWriter.entryCount(shape: shape) == count)
            guard count != nil else { continue }
            #expect(NestedListWriter.empty(shape: shape).serialized() == Array(text.utf8))
        }
    }

    @Test func `times are RFC 3339`() {
        let rows: [(Int64, String)] = [
            (0, "1970-01-01T00:00:00.000Z"), (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_795_341_900_123, "2026-11-22T10:05:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-11_670_955_199_500, "1600-02-29T12:00:00.500Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (1_703_980_800_000, "2023-12-31T00:00:00.000Z"),
        ]
        for (milliseconds, text) in rows {
            #expect(WallTime(milliseconds: milliseconds).timestamp == text)
        }
    }

    @Test func `cursors read back and nothing else is one`() {
        let cursor = ArrayListCursor(
            namespace: "test",
            place: ArrayPlace(name: "größe/ä", tag: "v0", member: "a/b")
        )
        #expect(ArrayListCursor(opaque: cursor.opaqueText) == cursor)
        for text in ["", "0", "zz", "00", "0000", "ff000000", String(repeating: "0", count: 9000)] {
            #expect(ArrayListCursor(opaque: text) == nil, "\(text)")
        }
    }
}
