import Foundation
import SeededRandom
import StorageModel
import Testing

/// Checks buckets, who may use them, and their listings, through the service.
///
/// Method: requests in process on a real store; listings against a sorted model, seeded.
@Suite struct BucketTests {
    static let other = ServiceFixture.other

    @Test func `a bucket is made once and belongs to its maker`() async throws {
        try await ServiceFixture.run { nave in
            let made = await nave.send("PUT", "/mine", as: Self.other)
            #expect(made.status == 200)
            #expect(made.headers.first(name: "Location") == "/mine")
            #expect(await nave.send("PUT", "/mine", as: Self.other).status == 200)
            #expect(await nave.send("PUT", "/bucket", as: Self.other).code == "BucketAlreadyExists")
            #expect(await nave.send("PUT", "/No", as: Self.other).code == "InvalidBucketName")
            #expect(await nave.send("PUT", "/another", as: nil).status == 403)
            #expect(await nave.send("HEAD", "/mine", as: Self.other).status == 200)
            #expect(await nave.send("HEAD", "/mine").status == 200)
            #expect(await nave.send("HEAD", "/bucket", as: Self.other).status == 403)
            #expect(await nave.send("HEAD", "/none", as: Self.other).status == 404)
            #expect(await nave.send("GET", "/", as: Self.other).values("Name") == ["mine"])
            #expect(await nave.send("GET", "/").values("Name") == ["bucket", "mine"])
            #expect(await nave.send("GET", "/", as: nil).code == "AccessDenied")
            let page = await nave.send("GET", "/?max-buckets=1")
            let token = try #require(page.value("ContinuationToken"))
            let rest = await nave.send("GET", "/?max-buckets=1&continuation-token=\(token)")
            #expect(rest.values("Name") == ["mine"])
            await nave.send("PUT", "/mine/k", body: [1], as: Self.other)
            #expect(await nave.send("DELETE", "/mine", as: Self.other).code == "BucketNotEmpty")
            await nave.send("DELETE", "/mine/k", as: Self.other)
            #expect(await nave.send("DELETE", "/mine", as: Self.other).status == 204)
            #expect(await nave.send("DELETE", "/mine", as: Self.other).code == "NoSuchBucket")
        }
    }

    @Test func `others read only what is public, and never write`() async throws {
        try await ServiceFixture.run { nave in
            await nave.send("PUT", "/bucket/k", body: [7])
            for caller in [nil, Self.other] {
                for (method, target) in [
                    ("GET", "/bucket/k"), ("HEAD", "/bucket/k"), ("GET", "/bucket"),
                    ("PUT", "/bucket/k"), ("DELETE", "/bucket/k"), ("DELETE", "/bucket"),
                    ("POST", "/bucket?delete"), ("GET", "/bucket?acl"), ("PUT", "/bucket?acl"),
                    ("POST", "/bucket/k?uploads"), ("GET", "/bucket?uploads"),
                    ("GET", "/bucket?policy"), ("GET", "/bucket/none"),
                ] {
                    let reply = await nave.send(method, target, as: caller)
                    #expect(reply.status == 403, "\(method) \(target)")
                    #expect(reply.code == "AccessDenied", "\(method) \(target)")
                }
            }
            #expect(
                await nave.send("PUT", "/bucket?acl", [("x-amz-acl", "public-read")]).status == 200
            )
            #expect(
                await nave.send("GET", "/bucket?acl").values("Permission") == [
                    "READ", "FULL_CONTROL",
                ]
            )
            for caller in [nil, Self.other] {
                #expect(await nave.send("GET", "/bucket/k", as: caller).body == [7])
                #expect(await nave.send("GET", "/bucket", as: caller).values("Key") == ["k"])
                #expect(await nave.send("GET", "/bucket/none", as: caller).code == "NoSuchKey")
                #expect(await nave.send("PUT", "/bucket/k", body: [8], as: caller).status == 403)
                let overriding = await nave.send(
                    "GET",
                    "/bucket/k?response-content-type=text%2Fhtml",
                    as: caller
                )
                #expect(overriding.status == (caller == nil ? 400 : 200))
                #expect(await nave.send("DELETE", "/bucket/k", as: caller).status == 403)
                #expect(await nave.send("PUT", "/bucket?acl", as: caller).status == 403)
            }
            let secret = await nave.send("PUT", "/bucket/p", [("x-amz-acl", "private")], body: [1])
            #expect(secret.code == "AccessControlListNotSupported")
            #expect(await nave.send("GET", "/bucket/k").body == [7])
            let copy = await nave.send(
                "PUT",
                "/mine/k",
                [("x-amz-copy-source", "bucket/k")],
                as: Self.other
            )
            #expect(copy.code == "NoSuchBucket")
        }
    }

    @Test func `signatures are needed and must be right`() async throws {
        try await ServiceFixture.run { nave in
            let stranger = Principal(
                name: .root,
                accessKey: "STRANGER",
                secretKey: "root-secret"
            )
            let thief = Principal(name: .root, accessKey: "ROOT", secretKey: "guess")
            #expect(await nave.send("GET", "/bucket", as: stranger).code == "InvalidAccessKeyId")
            #expect(await nave.send("GET", "/bucket", as: thief).code == "SignatureDoesNotMatch")
            let bad = await nave.sendAsIs(
                "GET",
                "/bucket",
                [("host", "h"), ("authorization", "AWS4-HMAC-SHA256 nothing")]
            )
            #expect(bad.code == "AuthorizationHeaderMalformed")
            #expect(
                await nave.sendAsIs(
                    "OPTIONS",
                    "/bucket/k",
                    [("origin", "http://a"), ("access-control-request-method", "GET")]
                ).code == "AccessForbidden"
            )
            #expect(await nave.send("GET", "/bucket/a//b").code == "InvalidURI")
        }
    }

    @Test func `unconfigured features answer as S3 does`() async throws {
        try await ServiceFixture.run { nave in
            #expect(await nave.send("GET", "/bucket?versioning").status == 200)
            #expect(await nave.send("GET", "/bucket?location").text.contains("LocationConstraint"))
            #expect(await nave.send("GET", "/bucket?policy").code == "NoSuchBucketPolicy")
            #expect(await nave.send("GET", "/bucket?cors").status == 404)
            #expect(await nave.send("PUT", "/bucket?versioning").status == 501)
            #expect(await nave.send("GET", "/none?versioning").code == "NoSuchBucket")
            await nave.send("PUT", "/bucket/k", body: [1])
            #expect(await nave.send("GET", "/bucket/k?tagging").status == 200)
            let encrypted = await nave.send(
                "PUT",
                "/bucket/e",
                [("x-amz-server-side-encryption", "AES256")],
                body: [1]
            )
            #expect(encrypted.status == 501)
            #expect(await nave.send("GET", "/bucket/e").status == 404)
        }
    }

    /// The pages of a listing, walked to the end.
    static func walk(
        _ nave: ServiceFixture,
        _ query: String,
        marker: (Reply) -> String?
    ) async -> (keys: [String], prefixes: [String]) {
        var keys: [String] = []
        var prefixes: [String] = []
        var suffix = ""
        for _ in 0..<1000 {
            let reply = await nave.send("GET", "/bucket?\(query)\(suffix)")
            #expect(reply.status == 200, "\(reply.text)")
            keys += reply.values("Key")
            let inner = reply.values("Prefix").dropFirst()
            prefixes += inner
            guard reply.value("IsTruncated") == "true", let next = marker(reply) else { break }
            suffix = next
        }
        return (keys, prefixes)
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + String(Int(byte) + 256, radix: 16).suffix(2)
        }.joined()
    }

    @Test func `listings agree with a sorted model, page by page`() async throws {
        try await ServiceFixture.run { nave in
            var generator = SeededGenerator(seed: 6)
            var model: [String] = []
            let segments = ["a", "b", "ä", "a b", "a+b", "&", "z.z"]
            for _ in 0..<120 {
                let depth = Int.random(in: 1...3, using: &generator)
                let key = (0..<depth).map { _ in segments.randomElement(using: &generator) ?? "a" }
                    .joined(separator: "/")
                guard !model.contains(key) else { continue }
                model.append(key)
                await nave.send("PUT", "/bucket/\(Self.encoded(key))", body: Array(key.utf8))
            }
            model.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for prefix in ["", "a", "a/", "ä/", "none"] {
                for delimiter in ["", "/"] {
                    let (keys, prefixes) = Self.expected(model, prefix, delimiter)
                    let query =
                        "prefix=\(Self.encoded(prefix))&delimiter=\(Self.encoded(delimiter))"
                        + "&max-keys=7"
                    let second = await Self.walk(nave, "list-type=2&" + query) {
                        $0.value("NextContinuationToken").map { "&continuation-token=\($0)" }
                    }
                    #expect(second.keys == keys)
                    #expect(second.prefixes == prefixes)
                    let first = await Self.walk(nave, query) {
                        let marker = $0.value("NextMarker") ?? $0.values("Key").last
                        return marker.map { "&marker=" + Self.encoded($0) }
                    }
                    #expect(first.keys == keys)
                    #expect(first.prefixes == prefixes)
                    let versions = await Self.walk(nave, "versions&" + query) {
                        $0.value("NextKeyMarker").map {
                            "&key-marker=\(Self.encoded($0))&version-id-marker=null"
                        }
                    }
                    #expect(versions.keys == keys)
                    #expect(versions.prefixes == prefixes)
                }
            }
        }
    }

    /// What a listing must give: keys, and prefixes up to the first delimiter after the prefix.
    static func expected(
        _ model: [String],
        _ prefix: String,
        _ delimiter: String
    ) -> (keys: [String], prefixes: [String]) {
        var keys: [String] = []
        var prefixes: [String] = []
        for key in model where key.utf8.starts(with: prefix.utf8) {
            let rest = key.dropFirst(prefix.count)
            if !delimiter.isEmpty, let end = rest.range(of: delimiter) {
                let common = String(key[..<end.upperBound])
                if prefixes.last != common { prefixes.append(common) }
            } else {
                keys.append(key)
            }
        }
        return (keys, prefixes)
    }
}
