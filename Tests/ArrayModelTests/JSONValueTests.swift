import ArrayModel
import Testing

/// Holds the JSON reader against RFC 8259 and the writer against the reader.
@Suite struct JSONValueTests {
    @Test func `documents are read`() throws {
        let rows: [(String, JSONValue)] = [
            (" null ", .null), ("true", .bool(true)), ("\t\r\nfalse", .bool(false)),
            ("0", .integer(0)), ("-9223372036854775808", .integer(Int.min)),
            ("[]", .array([])), ("{}", .object([])),
            ("[1, [2], {}]", .array([.integer(1), .integers([2]), .object([])])),
            (#"{"a": 1, "b": 2, "a": 3}"#, .members(["a": .integer(3), "b": .integer(2)])),
            (#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, .string("\"\\/\u{8}\u{C}\n\r\té😀")),
            ("\"\u{7F}µ\"", .string("\u{7F}µ")), (#""\u0000""#, .string("\0")),
        ]
        for (text, expected) in rows {
            #expect(try JSONValue(parsing: Array(text.utf8)) == expected, "\(text)")
        }
        for (text, value) in [
            ("1.5e3", 1500.0), ("-0.0", -0.0), ("5e-324", .leastNonzeroMagnitude), ("1E+2", 100),
        ] {
            guard case .number(let number) = try JSONValue(parsing: Array(text.utf8)) else {
                Issue.record("\(text) is a number")
                continue
            }
            #expect(number.double == value)
            #expect(number.text == text)
        }
        let names = try JSONValue(parsing: Array("[NaN, Infinity, -Infinity]".utf8))
        #expect(names.serialized() == Array(#"["NaN","Infinity","-Infinity"]"#.utf8))
    }

    @Test func `what RFC 8259 forbids is refused`() {
        let rows = [
            "", " ", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
            "{\"a\":1,", "{\"a\":1,}", "{1:1}", "{a:1}", "{'a':1}", "tru", "True", "nul", "nan",
            "-nan", "inf", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1_0", "1 2",
            "\"",
            "\"\n\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"", "[1] x", "\u{FEFF}1", "// a\n1", "-Inf", "Infinit",
        ]
        for text in rows {
            #expect(throws: JSONError.self, "\(text)") {
                try JSONValue(parsing: Array(text.utf8))
            }
        }
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0],
        ] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func `depth and length are bounded`() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try JSONValue(parsing: Array(deep.utf8))
        #expect(throws: JSONError.tooDeep(offset: 64)) {
            try JSONValue(parsing: Array(("[" + deep + "]").utf8))
        }
        let long = [UInt8](repeating: 0x20, count: ArrayLimits.metadataBytesMax + 1)
        #expect(throws: JSONError.tooLong(bytes: long.count)) { try JSONValue(parsing: long) }
    }

    @Test func `what is written reads back the same`() throws {
        let value: JSONValue = .members([
            "text": .string("a\"\\\n\u{1}\u{7F}é😀"), "empty": .array([]), "none": .object([]),
            "numbers": .array([
                .integer(Int.max), .double(0.1), .double(-1e300), .double(.leastNonzeroMagnitude),
            ]),
            "nested": .array([.array([.integers([1, 2]), .null]), .members(["b": .bool(true)])]),
        ])
        for layout in [JSONLayout.compact, .readable] {
            #expect(try JSONValue(parsing: value.serialized(layout)) == value)
        }
        let readable = JSONValue.members([
            "a": .integers([1, 2]), "b": .array([.members(["c": .null])]),
        ])
        let expected = """
            {
              "a": [1, 2],
              "b": [
                {
                  "c": null
                }
              ]
            }

            """
        #expect(readable.serialized(.readable) == Array(expected.utf8))
        #expect(JSONValue.double(.nan).serialized() == Array("\"NaN\"".utf8))
        #expect(JSONValue.string("\u{1F}/é").serialized() == Array("\"\\u001f/é\"".utf8))
    }
}
