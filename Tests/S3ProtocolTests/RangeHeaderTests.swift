import S3Protocol
import Testing

/// Checks what a `Range` header selects.
///
/// Method: the worked examples of RFC 9110, section 14.1.2 (a representation of 10,000 bytes), the
/// cases that section 14.2 leaves to the server as S3 answers them, then every range of up to
/// twelve bytes against the definition.
@Suite struct RangeHeaderTests {
    struct Row: Sendable {
        let text: String?
        let sizeBytes: Int64
        let expected: RangeSelection
    }

    static let rows = [
        Row(text: "bytes=0-499", sizeBytes: 10_000, expected: .part(0..<500)),
        Row(text: "bytes=500-999", sizeBytes: 10_000, expected: .part(500..<1000)),
        Row(text: "bytes=-500", sizeBytes: 10_000, expected: .part(9500..<10_000)),
        Row(text: "bytes=9500-", sizeBytes: 10_000, expected: .part(9500..<10_000)),
        Row(text: "bytes=0-0,-1", sizeBytes: 10_000, expected: .whole),
        Row(text: "bytes= 0 - 4 ", sizeBytes: 10, expected: .part(0..<5)),
        Row(text: "Bytes=0-4", sizeBytes: 10, expected: .part(0..<5)),
        Row(text: nil, sizeBytes: 10, expected: .whole),
        Row(text: "", sizeBytes: 10, expected: .whole),
        Row(text: "bytes", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=-", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=a-b", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=1-2-3", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=+1-2", sizeBytes: 10, expected: .whole),
        Row(text: "lines=1-2", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=5-2", sizeBytes: 10, expected: .whole),
        Row(text: "bytes=10-", sizeBytes: 10, expected: .unsatisfiable),
        Row(text: "bytes=-0", sizeBytes: 10, expected: .unsatisfiable),
        Row(text: "bytes=0-", sizeBytes: 0, expected: .unsatisfiable),
        Row(text: "bytes=-5", sizeBytes: 0, expected: .unsatisfiable),
        Row(text: "bytes=-99999999999999999999", sizeBytes: 10, expected: .part(0..<10)),
        Row(text: "bytes=3-99999999999999999999", sizeBytes: 10, expected: .part(3..<10)),
        Row(text: "bytes=99999999999999999999-", sizeBytes: 10, expected: .unsatisfiable),
        Row(text: "bytes=0-9223372036854775807", sizeBytes: .max, expected: .part(0..<Int64.max)),
    ]

    @Test(arguments: rows)
    func `selects what the worked rows say`(_ row: Row) {
        #expect(RangeHeader.select(row.text, sizeBytes: row.sizeBytes) == row.expected)
    }

    @Test func `selects exactly the bytes between both ends, exhaustively to twelve bytes`() {
        for size in Int64(0)...12 {
            for first in Int64(0)...13 {
                for last in Int64(0)...13 where first <= last {
                    let bytes = (0..<size).filter { $0 >= first && $0 <= last }
                    let expected: RangeSelection =
                        if let low = bytes.first, let high = bytes.last {
                            .part(low..<high + 1)
                        } else {
                            .unsatisfiable
                        }
                    #expect(
                        RangeHeader.select("bytes=\(first)-\(last)", sizeBytes: size) == expected
                    )
                }
            }
        }
    }

    @Test func `a copy range needs both ends`() {
        #expect(RangeHeader.copyRange("bytes=0-20") == 0..<21)
        for text in [
            "0-2", "bytes=0", "bytes=hello-world", "bytes=0-bar", "bytes=hello-", "bytes=0-2,3-5",
            "bytes=-3", "bytes=9-3", "bytes=0-99999999999999999999",
        ] {
            #expect(RangeHeader.copyRange(text) == nil, "\(text)")
        }
    }
}
