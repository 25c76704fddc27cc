import SeededRandom
import StorageModel
import Testing

@testable import AccessControl

/// Checks the rules around a signature: clocks, scopes, lists of headers, digests, encodings.
///
/// Method: rows of requests signed by ``RequestSigner`` or by hand, with the error each must give.
@Suite struct SignatureRuleTests {
    static let host = [(name: "host", value: "127.0.0.1:9000")]

    private func verify(
        _ head: RequestHead,
        now: WallTime = ExampleKeys.time
    ) throws(AuthenticationError) -> VerifiedRequest {
        try SignatureVerifier().verify(head, now: now, principalFor: ExampleKeys.find)
    }

    private func error(_ head: RequestHead, now: WallTime = ExampleKeys.time)
        -> AuthenticationError?
    {
        do {
            _ = try verify(head, now: now)
            return nil
        } catch { return error }
    }

    private func presigned(
        _ target: String,
        method: String = "GET",
        headers: [(name: String, value: String)] = host
    ) -> RequestHead {
        let signed = ExampleKeys.signer.presignedTarget(
            method: method,
            target: target,
            host: "127.0.0.1:9000",
            expiresSeconds: 60,
            now: ExampleKeys.time
        )
        return RequestHead(method: method, target: signed, headers: headers)
    }

    private func signed(
        _ target: String,
        contentDigest: String = "UNSIGNED-PAYLOAD",
        headers: [(name: String, value: String)] = host
    ) -> RequestHead {
        ExampleKeys.signer.signed(
            RequestHead(method: "PUT", target: target, headers: headers),
            contentDigest: contentDigest,
            now: ExampleKeys.time
        )
    }

    private func replacing(_ text: String, _ other: String, in head: RequestHead) -> RequestHead {
        RequestHead(
            method: head.method,
            target: head.target.replacing(text, with: other),
            headers: head.headers.map { ($0.name, $0.value.replacing(text, with: other)) }
        )
    }

    @Test func `a request without a signature has no principal`() throws {
        let plain = RequestHead(method: "GET", target: "/b/k?prefix=X-Amz", headers: Self.host)
        #expect(try verify(plain).principal == nil)
        let chunked = RequestHead(
            method: "PUT",
            target: "/b/k",
            headers: [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]
        )
        guard case .chunksUnsignedWithTrailer = try verify(chunked).payload else {
            Issue.record("the framing of an unsigned request is lost")
            return
        }
        let signedChunks = RequestHead(
            method: "PUT",
            target: "/b/k",
            headers: [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]
        )
        #expect(error(signedChunks) == .headersUnsigned(["x-amz-content-sha256"]))
    }

    @Test(arguments: [
        "/bucket/name:v0/c/0/0", "/bucket/name%3Av0/c/0/0", "/bucket/a%2Fb", "/bucket/a+b",
        "/bucket/a%2Bb", "/bucket/~home", "/bucket/%7Ehome", "/bucket/%E1%88%B4", "/bucket/ሴ",
        "/bucket//double", "/bucket/../up", "/bucket/100%", "/bucket/%zz", "/", "/b?acl",
        "/b?acl=", "/b?prefix=a%20b", "/b?prefix=a+b", "/b?prefix=a%2Bb&prefix=", "/b?&&x=1&",
        "/b?z=1&a=2&a=1&A=3&a-b=0", "/b?delimiter=/&prefix=%C3%A9", "/b?x==1&y=%3D",
    ])
    func `targets in any encoding verify, presigned and in the header`(_ target: String) throws {
        #expect(try verify(presigned(target)).principal == ExampleKeys.principal)
        #expect(try verify(signed(target)).principal == ExampleKeys.principal)
    }

    @Test func `raw and encoded forms of the same key share one signature`() throws {
        let head = signed("/bucket/name:v0/a+b")
        for target in [
            "/bucket/name%3Av0/a%2Bb", "/bucket/name%3av0/a%2bb", "/bucket%2Fname:v0/a+b",
        ] {
            let other = RequestHead(method: head.method, target: target, headers: head.headers)
            #expect(try verify(other).principal == ExampleKeys.principal)
        }
        let query = signed("/b?prefix=a%20b%2F")
        let raw = RequestHead(
            method: query.method,
            target: "/b?prefix=a+b/",
            headers: query.headers
        )
        #expect(try verify(raw).principal == ExampleKeys.principal)
    }

    @Test func `the name decides the order of parameters before the value does`() {
        let query = QueryTable(Array("a-b=1&a=2&a=10&b&a.c=x".utf8), from: 0, plus: .space)
        var text: [UInt8] = []
        query.appendCanonical(excluding: "none", to: &text)
        #expect(String(decoding: text, as: UTF8.self) == "a=10&a=2&a-b=1&a.c=x&b=")
    }

    /// An empty piece keeps a query from being taken as it came, and means nothing.
    @Test func `a query that is canonical already reads like one that is encoded anew`() {
        var random = SeededGenerator(seed: 11)
        let texts = ["", "a", "b-c", "%2F", "a%20b", "X-Amz-Signature", "x", "%C3%BC", "~_."]
        for _ in 0..<2000 {
            let pieces = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                texts[Int.random(in: texts.indices, using: &random)] + "="
                    + texts[Int.random(in: texts.indices, using: &random)]
            }
            let query = pieces.joined(separator: "&")
            let asItCame = QueryTable(Array("/k?\(query)".utf8), from: 3, plus: .space)
            let anew = QueryTable(Array("/k?&\(query)".utf8), from: 3, plus: .space)
            #expect(asItCame.parameters.count == pieces.count)
            #expect(anew.parameters.count == pieces.count)
            for excluded: StaticString in ["X-Amz-Signature", "a", "none"] {
                var left: [UInt8] = []
                var right: [UInt8] = []
                asItCame.appendCanonical(excluding: excluded, to: &left)
                anew.appendCanonical(excluding: excluded, to: &right)
                #expect(left == right, "\(query)")
                #expect(asItCame.value(excluded) == anew.value(excluded), "\(query)")
            }
        }
    }

    @Test func `header values are trimmed, collapsed and joined`() throws {
        let head = signed(
            "/b/k",
            headers: Self.host + [
                ("X-Amz-Meta-A", "  one   two\t three "), ("x-amz-meta-a", "four"),
                ("X-Amz-Meta-Empty", ""),
            ]
        )
        #expect(try verify(head).principal == ExampleKeys.principal)
        let tight = RequestHead(
            method: head.method,
            target: head.target,
            headers: head.headers.map { ($0.name.uppercased(), $0.value) }
                .map { $0 == "X-AMZ-META-A" && $1 != "four" ? ($0, "one two three") : ($0, $1) }
        )
        #expect(try verify(tight).principal == ExampleKeys.principal)
    }

    @Test func `clocks may differ by fifteen minutes and no more`() {
        let head = signed("/b/k")
        #expect(error(head, now: ExampleKeys.later(seconds: 900)) == nil)
        #expect(error(head, now: ExampleKeys.later(seconds: -900)) == nil)
        for seconds: Int64 in [901, -901, 1 << 40] {
            let now = ExampleKeys.later(seconds: seconds)
            #expect(
                error(head, now: now)
                    == .requestTimeTooSkewed(requestTime: ExampleKeys.time, serverTime: now)
            )
        }
    }

    @Test func `a presigned URL is valid from its date to its expiry`() {
        let head = presigned("/b/k")
        #expect(error(head, now: ExampleKeys.later(seconds: 60)) == nil)
        #expect(error(head, now: ExampleKeys.later(seconds: -900)) == nil)
        let late = ExampleKeys.later(seconds: 61)
        #expect(
            error(head, now: late)
                == .requestExpired(expired: ExampleKeys.later(seconds: 60), serverTime: late)
        )
        let early = ExampleKeys.later(seconds: -901)
        #expect(
            error(head, now: early)
                == .requestNotYetValid(requestTime: ExampleKeys.time, serverTime: early)
        )
    }

    /// A text to replace in a good request and the fault that it makes.
    struct FaultRow: Sendable {
        let text: String
        let other: String
        let fault: AuthorizationFault
    }

    static let queryRows = [
        FaultRow(text: "Expires=60", other: "Expires=0", fault: .expiresOutOfRange),
        FaultRow(text: "Expires=60", other: "Expires=-1", fault: .expiresOutOfRange),
        FaultRow(text: "Expires=60", other: "Expires=604801", fault: .expiresOutOfRange),
        FaultRow(text: "Expires=60", other: "Expires=1e3", fault: .expiresMalformed),
        FaultRow(
            text: "Expires=60",
            other: "Expires=99999999999999999999",
            fault: .expiresMalformed
        ),
        FaultRow(text: "Expires=60", other: "Expires=", fault: .parameterMissing("X-Amz-Expires")),
        FaultRow(
            text: "X-Amz-Date=20130524T000000Z",
            other: "",
            fault: .parameterMissing("X-Amz-Date")
        ),
        FaultRow(text: "T000000Z", other: "T250000Z", fault: .dateMalformed),
        FaultRow(text: "T000000Z", other: "", fault: .dateMalformed),
        FaultRow(text: "=AWS4-HMAC-SHA256", other: "=AWS4-X", fault: .algorithmUnsupported),
        FaultRow(
            text: "X-Amz-Algorithm=AWS4-HMAC-SHA256&",
            other: "",
            fault: .parameterMissing("X-Amz-Algorithm")
        ),
        FaultRow(text: "%2Fs3%2F", other: "%2Fsts%2F", fault: .scopeServiceWrong("sts")),
        FaultRow(text: "aws4_request", other: "aws5", fault: .scopeTerminatorWrong("aws5")),
        FaultRow(text: "us-east-1%2F", other: "%2F", fault: .credentialMalformed),
        FaultRow(text: "%2F20130524", other: "", fault: .credentialMalformed),
        FaultRow(text: "2F20130524", other: "2F20130525", fault: .scopeDateMismatch),
        FaultRow(text: "SignedHeaders=host", other: "SignedHeaders=date", fault: .hostUnsigned),
        FaultRow(
            text: "SignedHeaders=host",
            other: "SignedHeaders=Host",
            fault: .signedHeadersMalformed
        ),
        FaultRow(
            text: "SignedHeaders=host",
            other: "SignedHeaders=host;;a",
            fault: .signedHeadersMalformed
        ),
    ]

    @Test(arguments: queryRows)
    func `faults in a presigned URL are named`(_ row: FaultRow) {
        let head = replacing(row.text, row.other, in: presigned("/b/k"))
        #expect(error(head) == .authorizationQueryMalformed(row.fault))
        #expect(!row.fault.message.isEmpty)
    }

    static let headerRows = [
        FaultRow(
            text: "Credential=",
            other: "Credentials=",
            fault: .parameterMissing("Credential")
        ),
        FaultRow(
            text: "SignedHeaders=",
            other: "Signed=",
            fault: .parameterMissing("SignedHeaders")
        ),
        FaultRow(text: "Signature=", other: "Sig=", fault: .parameterMissing("Signature")),
        FaultRow(text: "/s3/", other: "/iam/", fault: .scopeServiceWrong("iam")),
        FaultRow(text: "/aws4_request", other: "/x", fault: .scopeTerminatorWrong("x")),
        FaultRow(text: "/20130524/", other: "/20130523/", fault: .scopeDateMismatch),
        FaultRow(text: "=host;", other: "=", fault: .hostUnsigned),
    ]

    @Test(arguments: headerRows)
    func `faults in the header are named`(_ row: FaultRow) {
        let head = replacing(row.text, row.other, in: signed("/b/k"))
        #expect(error(head) == .authorizationHeaderMalformed(row.fault))
    }

    @Test func `schemes other than SigV4 are refused`() {
        for value in [
            "AWS AKIA:sig", "Basic dXNlcjpwYXNz", "Bearer x", "AWS4-ECDSA-P256-SHA256 x", "",
        ] {
            let head = RequestHead(
                method: "GET",
                target: "/",
                headers: Self.host + [("Authorization", value)]
            )
            #expect(error(head) == .mechanismUnsupported)
        }
        let version2 = RequestHead(
            method: "GET",
            target: "/b/k?AWSAccessKeyId=a&Expires=1&Signature=s",
            headers: Self.host
        )
        #expect(error(version2) == .mechanismUnsupported)
        let both = RequestHead(
            method: "PUT",
            target: presigned("/b/k").target,
            headers: signed("/b/k").headers
        )
        #expect(error(both) == .mechanismsMixed)
    }

    @Test func `every x-amz header must be signed`() {
        let head = signed("/b/k")
        let added = RequestHead(
            method: head.method,
            target: head.target,
            headers: head.headers + [("X-Amz-Acl", "public-read"), ("accept", "*/*")]
        )
        #expect(error(added) == .headersUnsigned(["x-amz-acl"]))
        let copying = presigned(
            "/b/k",
            headers: Self.host + [("x-amz-copy-source", "/other/secret")]
        )
        #expect(error(copying) == .headersUnsigned(["x-amz-copy-source"]))
        let digested = presigned(
            "/b/k",
            headers: Self.host + [("x-amz-content-sha256", ExampleKeys.emptyDigest)]
        )
        #expect(error(digested) == nil)
    }

    @Test func `dates come from x-amz-date, else from Date, else not at all`() throws {
        let head = signed("/b/k")
        let headers = head.headers.filter { $0.name != "x-amz-date" }
        let without = RequestHead(method: head.method, target: head.target, headers: headers)
        #expect(error(without) == .dateMissing)
        let garbled = replacing("20130524T000000Z", "today", in: head)
        #expect(error(garbled) == .dateMissing)
        let time = SigningTime(httpDate: Array("Fri, 24 May 2013 00:00:00 GMT".utf8))
        #expect(time == SigningTime(ExampleKeys.time))
        // The signature covers x-amz-date, which is gone: the time is taken, the signature fails.
        let dated = RequestHead(
            method: head.method,
            target: head.target,
            headers: headers + [("Date", "Fri, 24 May 2013 00:00:00 GMT")]
        )
        guard case .signatureMismatch = error(dated) else {
            Issue.record("unexpected \(String(describing: error(dated)))")
            return
        }
    }

    @Test func `values of x-amz-content-sha256 decide how the body is read`() throws {
        func payload(_ digest: String) throws -> PayloadSigning {
            try verify(signed("/b/k", contentDigest: digest)).payload
        }
        guard case .unsigned = try payload("UNSIGNED-PAYLOAD"),
            case .sha256 = try payload(ExampleKeys.emptyDigest),
            case .chunksSigned = try payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            case .chunksSignedWithTrailer = try payload(
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
            ),
            case .chunksUnsignedWithTrailer = try payload("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        else {
            Issue.record("a body is read in the wrong way")
            return
        }
        let asymmetric = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
        #expect(
            error(signed("/b/k", contentDigest: asymmetric))
                == .contentDigestUnsupported(asymmetric)
        )
        for text in ["", "abc", String(repeating: "g", count: 64), "unsigned-payload"] {
            #expect(error(signed("/b/k", contentDigest: text)) == .contentDigestInvalid(text))
        }
        let head = signed("/b/k")
        let without = RequestHead(
            method: head.method,
            target: head.target,
            headers: head.headers.filter { $0.name != "x-amz-content-sha256" }
        )
        #expect(error(without) == .contentDigestMissing)
    }

    @Test func `a digest signed in a presigned URL counts, not one in an unsigned header`() throws {
        let signer = ExampleKeys.signer
        let target = signer.presignedTarget(
            method: "PUT",
            target: "/b/k?X-Amz-Content-Sha256=\(ExampleKeys.emptyDigest)",
            host: "127.0.0.1:9000",
            expiresSeconds: 60,
            now: ExampleKeys.time
        )
        let head = RequestHead(
            method: "PUT",
            target: target,
            headers: Self.host + [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
        )
        guard case .sha256 = try verify(head).payload else {
            Issue.record("the signed digest is not what the body is held to")
            return
        }
    }

    @Test func `unknown keys and session tokens are refused`() {
        let unknown = replacing("AKIAIOSFODNN7EXAMPLE", "nobody", in: signed("/b/k"))
        #expect(error(unknown) == .accessKeyUnknown("nobody"))
        let token = signed("/b/k", headers: Self.host + [("x-amz-security-token", "t")])
        #expect(error(token) == .sessionTokenUnsupported)
        #expect(error(presigned("/b/k?X-Amz-Security-Token=t")) == .sessionTokenUnsupported)
    }
}
