import Checksums
import StorageModel
import Testing

@testable import AccessControl

/// Checks verification against the worked examples that AWS publishes for S3.
///
/// Method: the requests of the examples with their published signatures, then each of them with one
/// thing changed.
@Suite struct WorkedExampleTests {
    /// One published request.
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let method: String
        let target: String
        let headers: [(name: String, value: String)]
        let signedHeaders: String
        let signature: String

        var testDescription: String { name }

        var head: RequestHead {
            let authorization =
                "AWS4-HMAC-SHA256 Credential=\(ExampleKeys.credential),"
                + "SignedHeaders=\(signedHeaders),Signature=\(signature)"
            return RequestHead(
                method: method,
                target: target,
                headers: headers + [(name: "Authorization", value: authorization)]
            )
        }
    }

    // Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
    // Transferring Payload in a Single Chunk", examples.
    static let examples = [
        Example(
            name: "GET object",
            method: "GET",
            target: "/test.txt",
            headers: [
                ("Host", "examplebucket.s3.amazonaws.com"), ("Range", "bytes=0-9"),
                ("x-amz-content-sha256", ExampleKeys.emptyDigest),
                ("x-amz-date", "20130524T000000Z"),
            ],
            signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        Example(
            name: "PUT object",
            method: "PUT",
            target: "/test$file.text",
            headers: [
                ("Host", "examplebucket.s3.amazonaws.com"),
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                (
                    "x-amz-content-sha256",
                    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
                ),
            ],
            signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        Example(
            name: "GET bucket lifecycle",
            method: "GET",
            target: "/?lifecycle",
            headers: [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", ExampleKeys.emptyDigest),
            ],
            signedHeaders: "host;x-amz-content-sha256;x-amz-date",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        Example(
            name: "GET bucket, listing",
            method: "GET",
            target: "/?max-keys=2&prefix=J",
            headers: [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", ExampleKeys.emptyDigest),
            ],
            signedHeaders: "host;x-amz-content-sha256;x-amz-date",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    // Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters", example.
    static let presignedTarget =
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    static let presigned = RequestHead(
        method: "GET",
        target: presignedTarget,
        headers: [("Host", "examplebucket.s3.amazonaws.com")]
    )

    @Test(arguments: examples)
    func `published requests verify, with a cold and with a warm key`(_ example: Example) throws {
        let verifier = SignatureVerifier()
        for _ in 0..<2 {
            let verified = try verifier.verify(
                example.head,
                now: ExampleKeys.time,
                principalFor: ExampleKeys.find
            )
            #expect(verified.principal == ExampleKeys.principal)
        }
        let shuffled = RequestHead(
            method: example.method,
            target: example.target,
            headers: example.head.headers.reversed()
        )
        #expect(throws: Never.self) {
            try verifier.verify(
                shuffled,
                now: ExampleKeys.time,
                principalFor: ExampleKeys.find
            )
        }
    }

    @Test func `the digest in the header is what the body must have`() throws {
        let verified = try SignatureVerifier().verify(
            Self.examples[1].head,
            now: ExampleKeys.time,
            principalFor: ExampleKeys.find
        )
        guard case .sha256(let digest) = verified.payload else {
            Issue.record("not a digest: \(verified.payload)")
            return
        }
        // The example's body.
        #expect(digest == SHA256.digest(of: Array("Welcome to Amazon S3.".utf8)))
    }

    @Test func `the published presigned request verifies and leaves the body unsigned`() throws {
        let verified = try SignatureVerifier().verify(
            Self.presigned,
            now: ExampleKeys.later(seconds: 86_400),
            principalFor: ExampleKeys.find
        )
        #expect(verified.principal == ExampleKeys.principal)
        guard case .unsigned = verified.payload else {
            Issue.record("signed: \(verified.payload)")
            return
        }
    }

    @Test(arguments: examples)
    func `a change of anything that is signed is a mismatch`(_ example: Example) {
        let verifier = SignatureVerifier()
        let original = example.head
        var changed = [
            RequestHead(method: "DELETE", target: original.target, headers: original.headers),
            RequestHead(
                method: original.method,
                target: original.target + "x",
                headers: original.headers
            ),
        ]
        for (index, header) in original.headers.enumerated() {
            let name = header.name.lowercased()
            guard name == "host" || name == "range" || name == "x-amz-storage-class" else {
                continue
            }
            var headers = original.headers
            headers[index].value += "0"
            changed.append(
                RequestHead(method: original.method, target: original.target, headers: headers)
            )
        }
        for head in changed {
            let error = #expect(throws: AuthenticationError.self) {
                try verifier.verify(
                    head,
                    now: ExampleKeys.time,
                    principalFor: ExampleKeys.find
                )
            }
            guard case .signatureMismatch(let mismatch) = error else {
                Issue.record("unexpected \(String(describing: error))")
                continue
            }
            #expect(mismatch.accessKey == ExampleKeys.principal.accessKey)
            #expect(mismatch.signatureProvided == example.signature)
            #expect(mismatch.canonicalRequest.hasPrefix(head.method + "\n"))
        }
    }

    @Test func `another secret under the same key is a mismatch even after a good request`() throws
    {
        let verifier = SignatureVerifier()
        let head = Self.examples[0].head
        _ = try verifier.verify(head, now: ExampleKeys.time, principalFor: ExampleKeys.find)
        let other = Principal(
            name: .root,
            accessKey: ExampleKeys.principal.accessKey,
            secretKey: "another"
        )
        let error = #expect(throws: AuthenticationError.self) {
            try verifier.verify(head, now: ExampleKeys.time) { _ in other }
        }
        guard case .signatureMismatch = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
    }

    @Test func `a signing key is derived as AWS publishes it`() {
        // Source: recomputed from the examples' keys; the signatures above depend on it.
        let key = SigningKeyCache.derived(
            secretKey: ExampleKeys.principal.secretKey,
            date: Array("20130524".utf8)[...],
            region: Array("us-east-1".utf8)[...],
            service: Array("s3".utf8)[...]
        )
        let raw = Hexadecimal.decode(
            "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378"
        )
        let message = Array("any".utf8)
        #expect(raw.map { HMACSHA256.authenticate(message, key: $0) } == key.authenticate(message))
    }
}
