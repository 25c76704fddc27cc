import Checksums
import NIOHTTP1
import SeededRandom
import StorageModel
import Testing

/// Checks objects through the service: put, read, conditions, ranges, copies and deletions.
///
/// Method: requests in process on a real store; expectations from the Amazon S3 API Reference and
/// RFC 9110.
@Suite struct ObjectTests {
    @Test func `an object comes back with its headers, at any size`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 1)
            for count in [0, 1, 4096, 131_072, 131_073, 264_853, 524_288, 524_289, 3_000_000] {
                let bytes = generator.bytes(count)
                let put = await nave.send(
                    "PUT",
                    "/bucket/a/b",
                    [("Content-Type", "image/png"), ("x-amz-meta-Colour", "grün")],
                    body: bytes
                )
                #expect(put.status == 200)
                #expect(put.entityTag == Hexadecimal.encode(MD5.digest(of: bytes)))
                #expect(put.headers.first(name: "x-amz-checksum-crc64nvme") != nil)
                #expect(put.headers.first(name: "x-amz-checksum-type") == "FULL_OBJECT")
                let get = await nave.send("GET", "/bucket/a/b")
                #expect(get.status == 200)
                #expect(get.body == bytes)
                #expect(get.entityTag == put.entityTag)
                #expect(get.headers.first(name: "Content-Type") == "image/png")
                #expect(get.headers.first(name: "x-amz-meta-colour") == "grün")
                #expect(get.headers.first(name: "Accept-Ranges") == "bytes")
                #expect(get.headers.first(name: "Server") == "Nave")
                #expect(get.headers.first(name: "x-amz-request-id")?.isEmpty == false)
                #expect(get.headers.first(name: "x-amz-checksum-crc64nvme") == nil)
                let head = await nave.send(
                    "HEAD",
                    "/bucket/a/b",
                    [("x-amz-checksum-mode", "ENABLED")]
                )
                #expect(head.status == 200)
                #expect(head.headers.first(name: "Content-Length") == "\(count)")
                #expect(head.body.isEmpty)
                #expect(
                    head.headers.first(name: "x-amz-checksum-crc64nvme")
                        == put.headers.first(name: "x-amz-checksum-crc64nvme")
                )
            }
            #expect(await nave.send("DELETE", "/bucket/a/b").status == 204)
            #expect(await nave.send("DELETE", "/bucket/a/b").status == 204)
            let gone = await nave.send("GET", "/bucket/a/b")
            #expect(gone.status == 404)
            #expect(gone.code == "NoSuchKey")
            #expect(await nave.send("GET", "/nothing/a").code == "NoSuchBucket")
        }
    }

    @Test func `ranges give exactly their bytes, short and long objects alike`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 2)
            for count in [1000, 1_000_000] {
                let bytes = generator.bytes(count)
                await nave.send("PUT", "/bucket/r", body: bytes)
                for _ in 0..<20 {
                    let first = Int.random(in: 0..<count, using: &generator)
                    let last = Int.random(in: first...count + 10, using: &generator)
                    let part = await nave.send(
                        "GET",
                        "/bucket/r",
                        [("Range", "bytes=\(first)-\(last)")]
                    )
                    let end = min(last, count - 1)
                    #expect(part.status == 206)
                    #expect(part.body == Array(bytes[first...end]))
                    #expect(
                        part.headers.first(name: "Content-Range")
                            == "bytes \(first)-\(end)/\(count)"
                    )
                }
                let beyond = await nave.send("GET", "/bucket/r", [("Range", "bytes=\(count)-")])
                #expect(beyond.status == 416)
                #expect(beyond.code == "InvalidRange")
                #expect(beyond.headers.first(name: "Content-Range") == "bytes */\(count)")
                #expect(await nave.send("GET", "/bucket/r", [("Range", "")]).body == bytes)
                let changed = await nave.send(
                    "GET",
                    "/bucket/r",
                    [("Range", "bytes=0-1"), ("If-Range", "\"other\"")]
                )
                #expect(changed.status == 200)
                #expect(changed.body == bytes)
            }
        }
    }

    @Test func `reads obey their conditions, and queries set headers`() async throws {
        try await ServiceFixture.run { nave in
            let put = await nave.send("PUT", "/bucket/c", body: Array("hello".utf8))
            let tag = put.entityTag
            let known = await nave.send("GET", "/bucket/c", [("If-None-Match", tag)])
            #expect(known.status == 304)
            #expect(known.body.isEmpty)
            #expect(known.entityTag == tag)
            let failed = await nave.send("GET", "/bucket/c", [("If-Match", "\"other\"")])
            #expect(failed.status == 412)
            #expect(failed.code == "PreconditionFailed")
            #expect(await nave.send("GET", "/bucket/c", [("If-Match", tag)]).status == 200)
            let set = await nave.send(
                "GET",
                "/bucket/c?response-content-type=text%2Fcsv&response-expires=never"
            )
            #expect(set.headers["Content-Type"] == ["text/csv"])
            #expect(set.headers["Expires"] == ["never"])
            let part = await nave.send("GET", "/bucket/c?partNumber=1")
            #expect(part.status == 206)
            #expect(part.text == "hello")
            #expect(await nave.send("GET", "/bucket/c?partNumber=2").code == "InvalidPartNumber")
        }
    }

    @Test func `of many conditional writers one wins, and the rest change nothing`() async throws {
        try await ServiceFixture.run { nave in
            for name in ["x", "y", "z"] {
                let replies = await withTaskGroup(of: (Int, Reply).self) { group in
                    for writer in 0..<24 {
                        group.addTask {
                            let body = Array("writer \(writer)".utf8)
                            let reply = await nave.send(
                                "PUT",
                                "/bucket/\(name)",
                                [("If-None-Match", "*")],
                                body: body
                            )
                            return (writer, reply)
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let winners = replies.filter { $0.1.status == 200 }
                #expect(winners.count == 1)
                #expect(
                    replies.filter { $0.1.status == 412 && $0.1.code == "PreconditionFailed" }.count
                        == 23
                )
                let stored = await nave.send("GET", "/bucket/\(name)")
                #expect(stored.text == "writer \(winners.first?.0 ?? -1)")
                let swap = await nave.send(
                    "PUT",
                    "/bucket/\(name)",
                    [("If-Match", stored.entityTag)],
                    body: [1]
                )
                #expect(swap.status == 200)
                let late = await nave.send(
                    "PUT",
                    "/bucket/\(name)",
                    [("If-Match", stored.entityTag)],
                    body: [2]
                )
                #expect(late.status == 412)
            }
            let absent = await nave.send("PUT", "/bucket/absent", [("If-Match", "abc")])
            #expect(absent.code == "NoSuchKey")
        }
    }

    @Test func `copies keep or replace what their source says of itself`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 3)
            for count in [10, 400_000] {
                let bytes = generator.bytes(count)
                let source = await nave.send(
                    "PUT",
                    "/bucket/s%20%2B",
                    [("x-amz-meta-a", "1"), ("Content-Type", "x/y")],
                    body: bytes
                )
                let from = ("x-amz-copy-source", "/bucket/s%20%2B")
                let copied = await nave.send("PUT", "/bucket/t", [from])
                #expect(copied.status == 200)
                #expect(copied.value("ETag") == "\"\(source.entityTag)\"")
                let copy = await nave.send("GET", "/bucket/t")
                #expect(copy.body == bytes)
                #expect(copy.headers.first(name: "x-amz-meta-a") == "1")
                #expect(copy.headers.first(name: "Content-Type") == "x/y")
                let replaced = await nave.send(
                    "PUT",
                    "/bucket/t",
                    [
                        ("x-amz-copy-source", "bucket/t"), ("x-amz-metadata-directive", "REPLACE"),
                        ("x-amz-meta-b", "2"), ("x-amz-checksum-algorithm", "SHA256"),
                    ]
                )
                #expect(replaced.status == 200)
                #expect(
                    replaced.value("ChecksumSHA256") == Base64.encode(SHA256.digest(of: bytes))
                )
                let changed = await nave.send("GET", "/bucket/t")
                #expect(changed.body == bytes)
                #expect(changed.headers.first(name: "x-amz-meta-a") == nil)
                #expect(changed.headers.first(name: "x-amz-meta-b") == "2")
                #expect(changed.headers.first(name: "Content-Type") == "binary/octet-stream")
                let itself = await nave.send(
                    "PUT",
                    "/bucket/t",
                    [("x-amz-copy-source", "bucket/t")]
                )
                #expect(itself.code == "InvalidRequest")
                let conditional = await nave.send(
                    "PUT",
                    "/bucket/u",
                    [from, ("x-amz-copy-source-if-match", "other")]
                )
                #expect(conditional.status == 412)
                let missing = await nave.send(
                    "PUT",
                    "/bucket/u",
                    [("x-amz-copy-source", "bucket/none")]
                )
                #expect(missing.code == "NoSuchKey")
            }
        }
    }

    @Test func `a multiple deletion reports each key`() async throws {
        try await ServiceFixture.run { nave in
            for key in ["a", "b%26", "c"] { await nave.send("PUT", "/bucket/\(key)", body: [1]) }
            let document =
                "<Delete><Object><Key>a</Key></Object><Object><Key>b&amp;</Key></Object>"
                + "<Object><Key>none</Key></Object><Object><Key>x//y</Key></Object>"
                + "<Object><Key>c</Key><ETag>wrong</ETag></Object></Delete>"
            let body = Array(document.utf8)
            let digest = ("Content-MD5", Base64.encode(MD5.digest(of: body)))
            let reply = await nave.send("POST", "/bucket?delete", [digest], body: body)
            #expect(reply.status == 200)
            #expect(reply.values("Key") == ["a", "b&", "none", "x//y", "c"])
            #expect(reply.values("Code") == ["InvalidURI", "PreconditionFailed"])
            let left = await nave.send("GET", "/bucket")
            #expect(left.values("Key") == ["c"])
            let wrong = await nave.send(
                "POST",
                "/bucket?delete",
                [("Content-MD5", Base64.encode(MD5.digest(of: [UInt8]())))],
                body: body
            )
            #expect(wrong.code == "BadDigest")
            let broken = await nave.send("POST", "/bucket?delete", body: Array("<Delete>".utf8))
            #expect(broken.code == "MalformedXML")
        }
    }

    @Test func `a sealed version refuses writes with a reason, each key of a deletion by itself`()
        async throws
    {
        try await ServiceFixture.run { nave in
            let group = Array(#"{"zarr_format":3,"node_type":"group"}"#.utf8)
            await nave.send("PUT", "/bucket/m:v0/zarr.json", body: group)
            await nave.send("PUT", "/bucket/plain", body: [1])
            let bucket = try #require(nave.store.namespace(try NamespaceName("bucket")))
            let version = try VersionName(name: "m", tag: "v0")
            let manifest = try await nave.store.seal(version, in: bucket)
            let put = await nave.send("PUT", "/bucket/m%3Av0/c/0", body: [1])
            #expect(put.status == 403 && put.code == "AccessDenied")
            #expect(put.values("Message").first?.hasPrefix("m:v0 is sealed") == true)
            let single = await nave.send("DELETE", "/bucket/m:v0/zarr.json")
            #expect(single.status == 403)
            let document =
                "<Delete><Object><Key>m:v0/zarr.json</Key></Object>"
                + "<Object><Key>plain</Key></Object></Delete>"
            let body = Array(document.utf8)
            let digest = ("Content-MD5", Base64.encode(MD5.digest(of: body)))
            let reply = await nave.send("POST", "/bucket?delete", [digest], body: body)
            #expect(reply.status == 200 && reply.values("Code") == ["AccessDenied"])
            #expect(reply.values("Key") == ["m:v0/zarr.json", "plain"])
            #expect(await nave.send("GET", "/bucket").values("Key") == ["m:v0/zarr.json"])
            // Who wrote is told.
            let events = try nave.store.events(in: bucket, after: 0, limit: 9)
            #expect(events.first?.actor != nil && manifest.total.keys == 1)
        }
    }
}
