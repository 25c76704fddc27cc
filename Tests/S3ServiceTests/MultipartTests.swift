import Checksums
import NIOHTTP1
import S3Protocol
import SeededRandom
import StorageModel
import Testing

/// Checks multipart uploads through the service.
///
/// Method: requests in process on a real store; the entity tag is the MD5 of the parts' MD5s, the
/// checksums are computed over all bytes, the codes are those of the Amazon S3 API Reference.
@Suite struct MultipartTests {
    static let partBytes = 5 << 20

    static func begin(
        _ nave: ServiceFixture,
        _ key: String,
        _ fields: [(String, String)] = []
    ) async throws -> String {
        let reply = await nave.send("POST", "/bucket/\(key)?uploads", fields)
        #expect(reply.status == 200, "\(reply.text)")
        return try #require(reply.value("UploadId"))
    }

    static func completion(_ parts: [(Int, String)]) -> [UInt8] {
        let items = parts.map {
            "<Part><PartNumber>\($0.0)</PartNumber><ETag>\"\($0.1)\"</ETag></Part>"
        }
        return Array(
            "<CompleteMultipartUpload>\(items.joined())</CompleteMultipartUpload>".utf8
        )
    }

    @Test func `parts make one object, with the checksums of the whole`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 4)
            let parts = [
                generator.bytes(Self.partBytes), generator.bytes(Self.partBytes + 1),
                generator.bytes(100),
            ]
            let whole = Array(parts.joined())
            let choices: [(String?, String?, String)] = [
                (nil, nil, "CRC64NVME"), ("CRC32", "FULL_OBJECT", "CRC32"),
                ("CRC32C", "COMPOSITE", "CRC32C"), ("SHA256", nil, "SHA256"),
            ]
            for (name, type, kept) in choices {
                var fields = [("x-amz-meta-a", "1")]
                if let name { fields.append(("x-amz-checksum-algorithm", name)) }
                if let type { fields.append(("x-amz-checksum-type", type)) }
                let upload = try await Self.begin(nave, "m", fields)
                var tags: [(Int, String)] = []
                for (index, part) in parts.enumerated() {
                    let reply = await nave.send(
                        "PUT",
                        "/bucket/m?uploadId=\(upload)&partNumber=\(index + 1)",
                        body: part
                    )
                    #expect(reply.entityTag == Hexadecimal.encode(MD5.digest(of: part)))
                    tags.append((index + 1, reply.entityTag))
                }
                let listed = await nave.send("GET", "/bucket/m?uploadId=\(upload)&max-parts=2")
                #expect(listed.values("PartNumber") == ["1", "2"])
                #expect(listed.value("IsTruncated") == "true")
                #expect(listed.value("NextPartNumberMarker") == "2")
                let done = await nave.send(
                    "POST",
                    "/bucket/m?uploadId=\(upload)",
                    body: Self.completion(tags)
                )
                #expect(done.status == 200, "\(done.text)")
                let digests = parts.flatMap { MD5.digest(of: $0) }
                let tag = Hexadecimal.encode(MD5.digest(of: digests)) + "-3"
                #expect(done.value("ETag") == "\"\(tag)\"")
                let again = await nave.send(
                    "POST",
                    "/bucket/m?uploadId=\(upload)",
                    body: Self.completion(tags)
                )
                #expect(again.value("ETag") == "\"\(tag)\"")
                let get = await nave.send(
                    "GET",
                    "/bucket/m",
                    [("x-amz-checksum-mode", "ENABLED")]
                )
                #expect(get.body == whole)
                #expect(get.wasPulled)
                #expect(get.headers.first(name: "x-amz-meta-a") == "1")
                let algorithm = try #require(ChecksumAlgorithm(name: kept))
                let checksum = try #require(get.headers.first(name: algorithm.headerName))
                if get.headers.first(name: "x-amz-checksum-type") == "FULL_OBJECT" {
                    var streaming = algorithm.makeStreaming()
                    whole.withUnsafeBytes { streaming.update($0) }
                    #expect(checksum == streaming.finalizeBase64())
                } else {
                    #expect(checksum.hasSuffix("-3"))
                }
                #expect(done.value("Checksum\(kept)") == checksum)
                try await Self.checkParts(nave, parts, algorithm)
            }
        }
    }

    /// Reads an object part by part.
    static func checkParts(
        _ nave: ServiceFixture,
        _ parts: [[UInt8]],
        _ algorithm: ChecksumAlgorithm
    ) async throws {
        for (index, part) in parts.enumerated() {
            let reply = await nave.send("GET", "/bucket/m?partNumber=\(index + 1)")
            #expect(reply.status == 206)
            #expect(reply.body == part)
            #expect(reply.headers.first(name: "x-amz-mp-parts-count") == "3")
        }
        #expect(await nave.send("GET", "/bucket/m?partNumber=4").code == "InvalidPartNumber")
        let attributes = await nave.send(
            "GET",
            "/bucket/m?attributes",
            [("x-amz-object-attributes", "ObjectParts,Checksum")]
        )
        #expect(attributes.value("PartsCount") == "3")
        #expect(attributes.values("Size") == parts.map { String($0.count) })
    }

    @Test func `completion refuses what was not uploaded so`() async throws {
        try await ServiceFixture.run { nave in
            let upload = try await Self.begin(nave, "m")
            let target = "/bucket/m?uploadId=\(upload)"
            let first = await nave.send("PUT", target + "&partNumber=1", body: [1]).entityTag
            let second = await nave.send("PUT", target + "&partNumber=2", body: [2]).entityTag
            let rows: [([(Int, String)], String)] = [
                ([(1, first), (2, second)], "EntityTooSmall"),
                ([(2, second), (1, first)], "InvalidPartOrder"),
                ([(1, first), (2, second), (1, first)], "InvalidPartOrder"),
                ([(1, second)], "InvalidPart"), ([(3, first)], "InvalidPart"),
                ([(-1, first)], "InvalidPart"), ([], "MalformedXML"),
            ]
            for (parts, code) in rows {
                let reply = await nave.send("POST", target, body: Self.completion(parts))
                #expect(reply.code == code)
            }
            let size = await nave.send(
                "POST",
                target,
                [("x-amz-mp-object-size", "2")],
                body: Self.completion([(1, first)])
            )
            #expect(size.code == "InvalidRequest")
            let digest = await nave.send(
                "POST",
                target,
                [
                    ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
                    ("x-amz-checksum-type", "FULL_OBJECT"),
                ],
                body: Self.completion([(1, first)])
            )
            #expect(digest.code == "BadDigest")
            #expect(await nave.send("GET", "/bucket/m").code == "NoSuchKey")
            let absent = await nave.send(
                "POST",
                target,
                [("If-Match", "abc")],
                body: Self.completion([(1, first)])
            )
            #expect(absent.code == "NoSuchKey")
            #expect(
                await nave.send("POST", "/bucket/m?uploadId=none").code == "MalformedXML"
            )
            #expect(await nave.send("GET", "/bucket/m?uploadId=none").code == "NoSuchUpload")
            #expect(
                await nave.send("GET", "/bucket/other?uploadId=\(upload)").code == "NoSuchUpload"
            )
            #expect(await nave.send("GET", "/bucket?uploads").values("UploadId") == [upload])
            #expect(await nave.send("DELETE", target).status == 204)
            #expect(await nave.send("DELETE", target).code == "NoSuchUpload")
            #expect(await nave.send("PUT", target + "&partNumber=1").code == "NoSuchUpload")
            #expect(await nave.send("GET", "/bucket?uploads").values("UploadId").isEmpty)
        }
    }

    @Test func `a part can be copied from a range of an object`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 5)
            let bytes = generator.bytes(Self.partBytes + 1000)
            await nave.send("PUT", "/bucket/source", body: bytes)
            let upload = try await Self.begin(nave, "m")
            let target = "/bucket/m?uploadId=\(upload)&partNumber="
            let from = ("x-amz-copy-source", "bucket/source")
            let first = await nave.send(
                "PUT",
                target + "1",
                [from, ("x-amz-copy-source-range", "bytes=1000-\(Self.partBytes + 999)")]
            )
            #expect(first.status == 200, "\(first.text)")
            let second = await nave.send("PUT", target + "2", [from])
            #expect(second.status == 200)
            for (range, code) in [
                ("bytes=0-99999999", "InvalidRange"), ("bytes=5", "InvalidArgument"),
                ("0-5", "InvalidArgument"),
            ] {
                let reply = await nave.send(
                    "PUT",
                    target + "3",
                    [from, ("x-amz-copy-source-range", range)]
                )
                #expect(reply.code == code)
            }
            let tags = [first, second].enumerated().map { index, reply in
                (index + 1, (reply.value("ETag") ?? "").filter { $0 != "\"" })
            }
            let done = await nave.send(
                "POST",
                "/bucket/m?uploadId=\(upload)",
                body: Self.completion(tags)
            )
            #expect(done.status == 200, "\(done.text)")
            let whole = Array(bytes[1000...]) + bytes
            let get = await nave.send("GET", "/bucket/m", [("x-amz-checksum-mode", "ENABLED")])
            #expect(get.body == whole)
            var check = CRC64NVME()
            whole.withUnsafeBytes { check.update($0) }
            #expect(
                get.headers.first(name: "x-amz-checksum-crc64nvme") == Base64.encode(check.bytes)
            )
        }
    }
}
