import S3Protocol
import SeededRandom
import StorageModel
import Testing

/// Checks that no request head traps the parser, and that every refusal can be written down.
///
/// Method: good requests damaged byte by byte with a seed; each must be parsed or refused with a
/// document that our own strict reader accepts.
@Suite struct HostileRequestTests {
    static let targets = [
        "/", "/bucket?list-type=2&prefix=a%2Fb&delimiter=/&max-keys=3&start-after=x",
        "/bucket/key%20name/with:colon?uploadId=abc&partNumber=3",
        "/bucket/key?response-content-type=a%2Fb&partNumber=1&versionId=null",
        "/bucket?uploads&key-marker=a&upload-id-marker=b&encoding-type=url",
        "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00&x-amz-meta-a=b",
    ]

    static let fields: [(name: String, value: String)] = [
        ("Range", "bytes=0-499"), ("If-Match", "\"abc\", W/\"d\""),
        ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("x-amz-checksum-crc32", "y/Q5Jg=="), ("x-amz-copy-source", "/bucket/key?versionId=null"),
        ("x-amz-copy-source-range", "bytes=0-5"), ("x-amz-acl", "private"),
        ("x-amz-object-attributes", "ETag,Checksum"), ("x-amz-meta-name", "wert"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), ("x-amz-mp-object-size", "12"),
        ("x-amz-checksum-type", "FULL_OBJECT"), ("x-amz-checksum-algorithm", "CRC32"),
    ]

    static func damaged(_ text: String, _ generator: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(UInt8(ascii: "%"), at: at)
            default: bytes.insert(contentsOf: bytes[at...], at: at)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a damaged request is parsed or refused with a document`() throws {
        var generator = SeededGenerator(seed: 13)
        let methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
        var refusals = 0
        for _ in 0..<30_000 {
            let method = methods.randomElement(using: &generator) ?? "GET"
            let target = Self.targets.randomElement(using: &generator) ?? "/"
            var headers = HeaderList(
                Self.fields.filter { _ in Bool.random(using: &generator) }.map {
                    (name: $0.name, value: Self.damaged($0.value, &generator))
                }
            )
            let raw = Self.damaged(target, &generator)
            do throws(S3Error) {
                let operation = try S3Operation(
                    method: method,
                    target: RequestTarget(raw),
                    headers: &headers
                )
                if case .object(_, _, .get(let request)) = operation {
                    let modified = WallTime(milliseconds: 784_111_777_000)
                    _ = request.conditions.evaluate(entityTag: "abc", modified: modified)
                    _ = RangeHeader.select(request.range, sizeBytes: 1000)
                }
            } catch {
                refusals += 1
                let document = ErrorDocument.write(
                    error,
                    resource: "/bucket",
                    requestID: "R",
                    hostID: "H"
                )
                guard (try? XMLReader.parse(document)) != nil else {
                    Issue.record("\(error) has no readable document, seed 13")
                    return
                }
            }
        }
        #expect(refusals > 1000)
    }
}
