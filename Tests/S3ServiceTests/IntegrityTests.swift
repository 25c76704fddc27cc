import AccessControl
import Checksums
import S3Protocol
import StorageModel
import Testing

/// Checks that a body that is not what the client said is refused with the right code, and that
/// the object stored before stays as it was.
///
/// Method: rows of one fault each, in every framing; the codes are those of the Amazon S3 API
/// Reference, "Error responses".
@Suite struct IntegrityTests {
    static let good = Array("the bytes that were meant".utf8)
    static let old = Array("the object before".utf8)

    struct Row: Sendable {
        let fields: [(String, String)]
        var contentDigest = "UNSIGNED-PAYLOAD"
        var body = good
        var declaredBytes: Int64?
        let code: String
    }

    static let rows = [
        Row(
            fields: [("Content-MD5", Base64.encode(MD5.digest(of: old)))],
            code: "BadDigest"
        ),
        Row(fields: [("Content-MD5", "AAAA")], code: "InvalidDigest"),
        Row(fields: [("x-amz-checksum-crc32", "AAAAAA==")], code: "BadDigest"),
        Row(fields: [("x-amz-checksum-sha256", "AAAA")], code: "InvalidRequest"),
        Row(
            fields: [],
            contentDigest: Hexadecimal.encode(SHA256.digest(of: old)),
            code: "XAmzContentSHA256Mismatch"
        ),
        Row(fields: [], declaredBytes: Int64(good.count + 1), code: "IncompleteBody"),
        Row(fields: [], declaredBytes: 6 << 30, code: "EntityTooLarge"),
        chunked("19\r\nthe bytes that were meant\r\n0\r\n\r\n", length: 24, code: "IncompleteBody"),
        chunked("19\r\nthe bytes that were meant\r\n", code: "IncompleteBody"),
        chunked("zz\r\nthe bytes", code: "InvalidRequest"),
        chunked(
            "19\r\nthe bytes that were meant\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            trailer: "x-amz-checksum-crc32",
            code: "BadDigest"
        ),
        chunked(
            "19\r\nthe bytes that were meant\r\n0\r\n\r\n",
            trailer: "x-amz-checksum-crc32",
            code: "MalformedTrailerError"
        ),
        chunked(
            "19\r\nthe bytes that were meant\r\n0\r\nx-amz-checksum-crc32:zz\r\n\r\n",
            trailer: "x-amz-checksum-crc32",
            code: "InvalidRequest"
        ),
        Row(
            fields: [("Content-Encoding", "aws-chunked")],
            contentDigest: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            code: "MissingContentLength"
        ),
    ]

    /// A row with an aws-chunked body.
    static func chunked(
        _ text: String,
        length: Int = good.count,
        trailer: String? = nil,
        code: String
    ) -> Row {
        var fields = [
            ("x-amz-decoded-content-length", String(length)), ("Content-Encoding", "aws-chunked"),
        ]
        if let trailer { fields.append(("x-amz-trailer", trailer)) }
        return Row(
            fields: fields,
            contentDigest: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            body: Array(text.utf8),
            code: code
        )
    }

    @Test func `a wrong body is refused and the old object stays`() async throws {
        try await ServiceFixture.run { nave in
            await nave.send("PUT", "/bucket/k", body: Self.old)
            for row in Self.rows {
                let reply = await nave.send(
                    "PUT",
                    "/bucket/k",
                    row.fields,
                    body: row.body,
                    contentDigest: row.contentDigest,
                    declaredBytes: row.declaredBytes
                )
                #expect(reply.code == row.code, "\(row)")
                #expect(reply.status >= 400)
                #expect(await nave.send("GET", "/bucket/k").body == Self.old, "\(row)")
            }
            #expect(await nave.send("GET", "/bucket").values("Key") == ["k"])
        }
    }

    @Test func `a body in chunks of HTTP needs no length`() async throws {
        try await ServiceFixture.run { nave in
            let signer = RequestSigner(accessKey: "ROOT", secretKey: "root-secret")
            let head = signer.signed(
                RequestHead(
                    method: "PUT",
                    target: "/bucket/k",
                    headers: [("host", "h"), ("transfer-encoding", "chunked")]
                ),
                now: ServiceFixture.now()
            )
            let reply = await nave.sendAsIs("PUT", "/bucket/k", head.headers, body: [1, 2])
            #expect(reply.status == 200)
            #expect(await nave.send("GET", "/bucket/k").body == [1, 2])
        }
    }

    @Test(arguments: ChecksumAlgorithm.allCases)
    func `every checksum is checked and returned, in header and trailer`(
        _ algorithm: ChecksumAlgorithm
    ) async throws {
        try await ServiceFixture.run { nave in
            var streaming = algorithm.makeStreaming()
            Self.good.withUnsafeBytes { streaming.update($0) }
            let text = streaming.finalizeBase64()
            let inHeader = await nave.send(
                "PUT",
                "/bucket/h",
                [(algorithm.headerName, text)],
                body: Self.good
            )
            #expect(inHeader.status == 200)
            #expect(inHeader.headers.first(name: algorithm.headerName) == text)
            let body =
                "19\r\nthe bytes that were meant\r\n0\r\n\(algorithm.headerName):\(text)\r\n\r\n"
            let inTrailer = await nave.send(
                "PUT",
                "/bucket/t",
                [
                    ("x-amz-decoded-content-length", "25"), ("Content-Encoding", "aws-chunked"),
                    ("x-amz-trailer", algorithm.headerName),
                    ("x-amz-sdk-checksum-algorithm", algorithm.name),
                ],
                body: Array(body.utf8),
                contentDigest: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            )
            #expect(inTrailer.status == 200, "\(inTrailer.text)")
            for key in ["h", "t"] {
                let get = await nave.send(
                    "GET",
                    "/bucket/\(key)",
                    [("x-amz-checksum-mode", "ENABLED")]
                )
                #expect(get.body == Self.good)
                #expect(get.headers.first(name: algorithm.headerName) == text)
                #expect(get.headers.first(name: "Content-Encoding") == nil)
                let range = await nave.send(
                    "GET",
                    "/bucket/\(key)",
                    [("x-amz-checksum-mode", "ENABLED"), ("Range", "bytes=0-2")]
                )
                #expect(range.headers.first(name: algorithm.headerName) == nil)
                let attributes = await nave.send(
                    "GET",
                    "/bucket/\(key)?attributes",
                    [("x-amz-object-attributes", "Checksum,ETag,ObjectSize")]
                )
                #expect(attributes.value("Checksum\(algorithm.name)") == text)
                #expect(attributes.value("ObjectSize") == "25")
            }
        }
    }
}
