import S3Protocol
import StorageModel
import Testing

/// Checks the conditional headers of reads and writes.
///
/// Method: rows from RFC 9110, sections 13.1 and 13.2.2, and the two combinations that the Amazon S3
/// API Reference documents for GetObject.
@Suite struct ReadConditionsTests {
    /// 1994-11-06T08:49:37Z, the date of the standard's examples.
    static let modified = WallTime(milliseconds: 784_111_777_500)
    static let tag = "9b2cf535f27731c974343645a3985328"
    static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
    static let same = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

    struct Row: Sendable {
        let fields: [String: String]
        let expected: ReadConditions.Decision
    }

    static let rows = [
        Row(fields: [:], expected: .proceed),
        Row(fields: ["If-Match": "\"\(tag)\""], expected: .proceed),
        Row(fields: ["If-Match": tag], expected: .proceed),
        Row(fields: ["If-Match": "*"], expected: .proceed),
        Row(fields: ["If-Match": "\"other\", \"\(tag)\""], expected: .proceed),
        Row(fields: ["If-Match": "\"other\""], expected: .failed(header: "If-Match")),
        Row(fields: ["If-Match": "W/\"\(tag)\""], expected: .failed(header: "If-Match")),
        Row(fields: ["If-Match": ""], expected: .proceed),
        Row(fields: ["If-None-Match": "\"\(tag)\""], expected: .notModified),
        Row(fields: ["If-None-Match": "W/\"\(tag)\""], expected: .notModified),
        Row(fields: ["If-None-Match": tag], expected: .notModified),
        Row(fields: ["If-None-Match": "*"], expected: .notModified),
        Row(fields: ["If-None-Match": "\"other\""], expected: .proceed),
        Row(fields: ["If-Modified-Since": before], expected: .proceed),
        Row(fields: ["If-Modified-Since": same], expected: .notModified),
        Row(fields: ["If-Modified-Since": after], expected: .notModified),
        Row(fields: ["If-Modified-Since": "yesterday"], expected: .proceed),
        Row(
            fields: ["If-Unmodified-Since": before],
            expected: .failed(header: "If-Unmodified-Since")
        ),
        Row(fields: ["If-Unmodified-Since": same], expected: .proceed),
        Row(fields: ["If-Unmodified-Since": "yesterday"], expected: .proceed),
        // S3: If-Match true and If-Unmodified-Since false is 200.
        Row(fields: ["If-Match": tag, "If-Unmodified-Since": before], expected: .proceed),
        // S3: If-None-Match false and If-Modified-Since true is 304.
        Row(fields: ["If-None-Match": tag, "If-Modified-Since": before], expected: .notModified),
        Row(fields: ["If-None-Match": "\"x\"", "If-Modified-Since": after], expected: .proceed),
        Row(
            fields: ["If-Match": "\"x\"", "If-None-Match": tag],
            expected: .failed(header: "If-Match")
        ),
    ]

    @Test(arguments: rows)
    func `conditions decide as the standard says`(_ row: Row) {
        let headers = HeaderList(row.fields.map { (name: $0.key, value: $0.value) })
        let decision = ReadConditions(readHeaders: headers)
            .evaluate(entityTag: Self.tag, modified: Self.modified)
        #expect(decision == row.expected)
    }

    @Test func `every failed condition on a copy source is a failed precondition`() {
        for (name, value) in [
            ("x-amz-copy-source-if-match", "other"), ("x-amz-copy-source-if-none-match", Self.tag),
            ("x-amz-copy-source-if-modified-since", Self.after),
            ("x-amz-copy-source-if-unmodified-since", Self.before),
        ] {
            let conditions = ReadConditions(copySourceHeaders: HeaderList([(name, value)]))
            #expect(throws: S3Error.preconditionFailed(header: name)) {
                try conditions.requireCopySource(entityTag: Self.tag, modified: Self.modified)
            }
        }
    }

    @Test func `write preconditions are the two that S3 has`() throws {
        func parse(_ fields: [(name: String, value: String)]) throws -> WritePrecondition {
            try WritePrecondition(headers: HeaderList(fields))
        }
        #expect(try parse([]) == .none)
        #expect(try parse([("If-None-Match", "*")]) == .absent)
        #expect(try parse([("if-match", "\"abc\"")]) == .entityTag("abc"))
        #expect(try parse([("if-match", "abc")]) == .entityTag("abc"))
        #expect(try parse([("if-match", "*")]) == .present)
        #expect(throws: S3Error.self) { try parse([("If-None-Match", "\"abc\"")]) }
        #expect(throws: S3Error.invalidRequest(.severalPreconditions)) {
            try parse([("If-None-Match", "*"), ("If-Match", "abc")])
        }
    }
}
