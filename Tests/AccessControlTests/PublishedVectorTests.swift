import Foundation
import StorageModel
import Testing

@testable import AccessControl

/// Checks canonical requests, strings to sign and signatures against AWS's general test suite for
/// SigV4, where a copy of it lies beside the checkout.
///
/// Method: every vector but those whose path is normalised, which S3 does not do. What is left
/// follows the same rules as S3, as no path in it is encoded before it is signed.
///
/// Source: aws-c-auth, tests/aws-signing-test-suite/v4.
@Suite struct PublishedVectorTests {
    private struct Context: Decodable {
        struct Credentials: Decodable {
            let access_key_id: String
            let secret_access_key: String
        }
        let credentials: Credentials
        let normalize: Bool
        let omit_session_token: Bool?
    }

    private struct Vector {
        let name: String
        let folder: URL
        let context: Context

        func text(_ file: String) throws -> String {
            try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        }
    }

    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/sigv4/v4")

    /// Paths that normalisation changes.
    private static let pathsNormalised: Set = [
        "get-relative-normalized", "get-relative-relative-normalized",
        "get-slash-dot-slash-normalized", "get-slash-normalized",
        "get-slash-pointless-dot-normalized", "get-slashes-normalized",
    ]

    /// A vector whose query gets a session token after it was signed; S3 always signs the token.
    private static let tokenAddedLater = "post-sts-header-after"

    private static func vectors() throws -> [Vector] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        return try names.sorted().compactMap { name in
            let folder = folder.appending(path: name)
            guard !pathsNormalised.contains(name),
                let data = try? Data(contentsOf: folder.appending(path: "context.json"))
            else { return nil }
            let context = try JSONDecoder().decode(Context.self, from: data)
            return Vector(name: name, folder: folder, context: context)
        }
    }

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path()) }

    /// Reads the text of a request; folded header lines are joined to the line before.
    private static func request(_ text: String) throws -> RequestHead {
        let head = text.components(separatedBy: "\n\n")[0]
        var lines: [String] = []
        for line in head.components(separatedBy: "\n") where !line.isEmpty {
            if line.hasPrefix(" "), let last = lines.popLast() {
                lines.append(last + "\n" + line)
            } else {
                lines.append(line)
            }
        }
        let first = try #require(lines.first)
        let method = try #require(first.split(separator: " ").first)
        let target = first.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: String(parts[1]))
        }
        return RequestHead(method: String(method), target: String(target), headers: headers)
    }

    @Test(
        .enabled(if: isPresent, "the published vectors are not beside the checkout"),
        arguments: ["header", "query"]
    )
    func `canonical request, string to sign and signature match every vector`(
        _ place: String
    ) throws {
        var checked = 0
        for vector in try Self.vectors() {
            if place == "query" && vector.name == Self.tokenAddedLater { continue }
            let head = try Self.request(vector.text("\(place)-signed-request.txt"))
            let expected = try vector.text("\(place)-canonical-request.txt")
            let lines = expected.components(separatedBy: "\n")
            let payload = Array(try #require(lines.last).utf8)
            let list = try #require(SignedHeaderList(Array(lines[lines.count - 2].utf8)))
            let received = ReceivedRequest(head)
            let canonical = CanonicalRequest(
                method: received.method,
                path: received.path,
                pathForm: .encodedAgain,
                query: received.query,
                headers: received.headers,
                signedHeaders: list,
                payload: payload[...]
            )
            #expect(
                String(decoding: canonical.bytes, as: UTF8.self) == expected,
                "\(vector.name)"
            )
            let scope = Array("20150830/us-east-1/service/aws4_request".utf8)
            let signed = canonical.stringToSign(
                timestamp: Array("20150830T123600Z".utf8),
                scope: scope[...]
            )
            #expect(
                try String(decoding: signed, as: UTF8.self)
                    == vector.text("\(place)-string-to-sign.txt"),
                "\(vector.name)"
            )
            let key = SigningKeyCache.derived(
                secretKey: vector.context.credentials.secret_access_key,
                date: scope[..<8],
                region: Array("us-east-1".utf8)[...],
                service: Array("service".utf8)[...]
            )
            #expect(
                try String(decoding: digits(key.authenticate(signed)), as: UTF8.self)
                    == vector.text("\(place)-signature.txt"),
                "\(vector.name)"
            )
            checked += 1
        }
        #expect(checked >= 30)
    }

    @Test(.enabled(if: isPresent, "the published vectors are not beside the checkout"))
    func `signed requests of the vectors verify as they are, with an empty body`() throws {
        let verifier = SignatureVerifier(service: "service", missingContentDigest: .emptyBody)
        let now = WallTime(milliseconds: 1_440_938_160_000)
        var checked = 0
        for vector in try Self.vectors() {
            let canonical = try vector.text("header-canonical-request.txt")
            // Nave issues no session tokens, and a server of S3 sees the digest of a body in a
            // header, which these requests have not.
            let text = try vector.text("header-signed-request.txt")
            guard canonical.hasSuffix(ExampleKeys.emptyDigest),
                !text.contains("X-Amz-Security-Token")
            else { continue }
            let principal = Principal(
                name: .root,
                accessKey: vector.context.credentials.access_key_id,
                secretKey: vector.context.credentials.secret_access_key
            )
            let verified = try verifier.verify(Self.request(text), now: now) { _ in principal }
            #expect(verified.principal == principal, "\(vector.name)")
            checked += 1
        }
        #expect(checked >= 25)
    }
}
