import AccessControl
import AdminService
import Foundation
import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel
import Synchronization
import Testing

/// Checks health, readiness, principals and the problem documents they answer with.
///
/// Method: requests to the service itself, with principals kept in memory.
@Suite struct AdminServiceTests {
    @Test func `health answers anybody`() async throws {
        let desk = Desk()
        let answer = await desk.send(.GET, "/-/healthy")
        #expect(answer.status == .ok)
        #expect(answer.text == "ok\n")
        #expect(await desk.send(.HEAD, "/-/healthy?x=1").status == .ok)
        #expect(await desk.send(.POST, "/-/healthy").status == .methodNotAllowed)
    }

    @Test func `readiness says in which state the server is`() async throws {
        for (state, status, text) in [
            (Readiness.ready, HTTPResponseStatus.ok, "ready"),
            (.starting, .serviceUnavailable, "starting"),
            (.stopping, .serviceUnavailable, "stopping"),
            (.readOnly, .serviceUnavailable, "read_only"),
        ] {
            let answer = await Desk(readiness: state).send(.GET, "/-/ready")
            #expect(answer.status == status)
            #expect(try answer.json()["state"] as? String == text)
        }
    }

    @Test func `root adds, lists and removes principals, and keys are shown once`() async throws {
        let desk = Desk()
        let made = await desk.send(.PUT, "/v1/principals/ana", as: Desk.root)
        #expect(made.status == .created)
        let keys = try made.json()
        let accessKey = try #require(keys["access_key"] as? String)
        let secretKey = try #require(keys["secret_key"] as? String)
        #expect(accessKey.count == 20)
        #expect(secretKey.count == 40)
        #expect(made.headers.first(name: "cache-control") == "no-store")

        let again = await desk.send(.PUT, "/v1/principals/ana", as: Desk.root)
        #expect(try again.problem() == "principal_exists")
        #expect(again.status == .conflict)
        #expect(await desk.send(.PUT, "/v1/principals/root", as: Desk.root).status == .conflict)

        let listing = await desk.send(.GET, "/v1/principals", as: Desk.root)
        #expect(!listing.text.contains(secretKey))
        let rows = try #require(try listing.json()["principals"] as? [[String: String]])
        #expect(rows.map { $0["name"] } == ["ana", "root"])
        #expect(rows.first == ["name": "ana", "access_key": accessKey])

        let ana = Principal(
            name: try PrincipalName("ana"),
            accessKey: accessKey,
            secretKey: secretKey
        )
        #expect(await desk.send(.GET, "/v1/principals", as: ana).status == .forbidden)
        #expect(await desk.send(.DELETE, "/v1/principals/ana", as: ana).status == .forbidden)

        #expect(
            await desk.send(.DELETE, "/v1/principals/ana", as: Desk.root).status == .noContent
        )
        let gone = await desk.send(.DELETE, "/v1/principals/ana", as: Desk.root)
        #expect(gone.status == .notFound)
        #expect(try gone.problem() == "principal_missing")
        #expect(await desk.send(.GET, "/v1/principals", as: ana).status == .unauthorized)
        #expect(await desk.send(.DELETE, "/v1/principals/root", as: Desk.root).status == .conflict)
    }

    @Test func `a failing store is an error without a cause in it`() async throws {
        let desk = Desk(failure: .volumeFailed)
        let answer = await desk.send(.PUT, "/v1/principals/ana", as: Desk.root)
        #expect(answer.status == .internalServerError)
        #expect(try answer.problem() == "internal_error")
        let full = await Desk(failure: .outOfSpace)
            .send(.PUT, "/v1/principals/ana", as: Desk.root)
        #expect(full.status == .insufficientStorage)
    }

    @Test(arguments: [
        ("/-/", 404), ("/-/metrics", 404), ("/v1/principals/", 400), ("/v1/principals/a/b", 404),
        ("/v1/principals/a%20b", 400), ("/v1/principals/é", 400), ("/v1/principalsx", 404),
        ("*", 404),
        ("/", 404), ("", 404),
    ])
    func `other paths are problems that name themselves`(_ target: String, _ status: Int)
        async throws
    {
        let answer = await Desk().send(.PUT, target, as: Desk.root)
        #expect(Int(answer.status.code) == status)
        let problem = try answer.json()
        #expect(answer.headers.first(name: "content-type") == "application/problem+json")
        #expect(problem["status"] as? Int == status)
        #expect(problem["type"] as? String == "about:blank")
        #expect(problem["title"] as? String == answer.status.reasonPhrase)
        #expect(problem["instance"] as? String == target)
        #expect((problem["detail"] as? String)?.isEmpty == false)
    }

    @Test func `without keys the answer asks for them`() async throws {
        let desk = Desk()
        let local = await desk.send(.GET, "/v1/principals")
        #expect(local.status == .unauthorized)
        #expect(
            local.headers.first(name: "www-authenticate")
                == "Basic realm=\"Nave\", charset=\"UTF-8\""
        )
        let remote = await desk.send(.GET, "/v1/principals", from: .network)
        #expect(remote.headers.first(name: "www-authenticate") == "AWS4-HMAC-SHA256")
    }

    @Test func `Basic is accepted over TLS and from this machine only`() async throws {
        let desk = Desk()
        let header = "Basic " + Data("rootkey:rootsecret".utf8).base64EncodedString()
        func status(_ header: String, _ place: Desk.Place) async -> Desk.Answer {
            await desk.send(.GET, "/v1/principals", headers: ["Authorization": header], from: place)
        }
        #expect(await status(header, .loopback).status == .ok)
        #expect(await status(header.replacing("Basic", with: "bAsIc"), .secure).status == .ok)
        let refused = await status(header, .network)
        #expect(refused.status == .forbidden)
        #expect(try refused.problem() == "basic_needs_tls")
        let wrong = "Basic " + Data("rootkey:rootsecreT".utf8).base64EncodedString()
        #expect(await status(wrong, .loopback).status == .unauthorized)
        #expect(await status("Basic !", .loopback).status == .badRequest)
        #expect(await status("Bearer x", .loopback).status == .unauthorized)
    }

    @Test func `signatures are accepted in the header and in the URL`() async throws {
        let desk = Desk()
        let signer = RequestSigner(
            accessKey: Desk.root.accessKey,
            secretKey: Desk.root.secretKey
        )
        let head = signer.signed(
            RequestHead(method: "GET", target: "/v1/principals", headers: [("host", "nave:9000")]),
            now: Desk.now
        )
        let signed = await desk.send(
            .GET,
            head.target,
            headers: HTTPHeaders(head.headers.map { ($0.name, $0.value) }),
            from: .network
        )
        #expect(signed.status == .ok)
        let presigned = signer.presignedTarget(
            method: "GET",
            target: "/v1/principals",
            host: "nave:9000",
            expiresSeconds: 5,
            now: Desk.now
        )
        let opened = await desk.send(
            .GET,
            presigned,
            headers: ["Host": "nave:9000"],
            from: .network
        )
        #expect(opened.status == .ok)
        let damaged = await desk.send(
            .GET,
            presigned.dropLast() + "x",
            headers: ["Host": "nave:9000"],
            from: .network
        )
        #expect(damaged.status == .unauthorized)
        #expect(!damaged.text.contains("X-Amz-Signature"))
    }
}
