import ArrayModel
import Checksums
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import ArrayService

/// Checks the frames that say what chunk they are.
///
/// Method: golden bytes, whose checksums are those of the Python package google-crc32c 1.7.1 and of a CRC
/// computed bit by bit; else the frames without checksums, which ``ChunkBundleTests`` holds against single
/// keys, with checksums put behind them.
@Suite struct CheckedChunksTests {
    static let kind = "application/vnd.nave.checked-chunks"

    /// What a checked answer is, made of a plain one; nil if that is not whole frames.
    static func checked(_ plain: [UInt8], _ reference: String, _ keys: [String]) -> [UInt8]? {
        guard let frames = ChunkBundleTests.frames(plain), frames.count == keys.count else {
            return nil
        }
        var rest = plain[...]
        var bytes: [UInt8] = []
        for (frame, key) in zip(frames, keys) {
            let headBytes = 16 + frame.entityTag.utf8.count + frame.coding.utf8.count
            let head = rest.prefix(headBytes)
            rest = rest.dropFirst(headBytes + frame.payload.count)
            let named = frame.payload + head + Array("\(reference)/\(key)".utf8)
            let checksum = CRC32C.checksum(named)
            bytes += head + frame.payload
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
        }
        return bytes
    }

    private func answer(
        _ desk: ServiceDesk,
        _ reference: String,
        _ keys: [String],
        tags: [String?]? = nil,
        accept: String? = CheckedChunksTests.kind
    ) async throws -> ServiceDesk.Answer {
        try await desk.send(
            .POST,
            "/v1/chunks/\(reference)",
            headers: accept.map { ["Accept": $0] } ?? [:],
            body: ChunkBundleTests.body(keys, tags: tags)
        )
    }

    @Test func `the golden frames`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", ChunkBundleTests.v2.utf8)
            try await desk.put("x/0", "123456789".utf8)
            let stored = """
                c8 00 03 00 00 00 00 00 09 00 00 00 00 00 00 00 22 30 22 \
                31 32 33 34 35 36 37 38 39 09 fe 6e c1
                """
            let missing = "94 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 b7 2d fe a4"
            let unchanged = "30 01 03 00 00 00 00 00 00 00 00 00 00 00 00 00 22 30 22 05 42 e4 50"
            let rows = [
                (stored + " " + missing, [String?](repeating: nil, count: 2)),
                (unchanged + " " + missing, ["\"0\"", "\"0\""]),
            ]
            for (text, tags) in rows {
                let golden = text.split(separator: " ").compactMap { UInt8($0, radix: 16) }
                let answer = try await answer(desk, "test/x", ["0", "1"], tags: tags)
                #expect(answer.headers.first(name: "content-type") == Self.kind)
                #expect(answer.headers.first(name: "vary") == "Accept")
                #expect(answer.bytes == golden)
            }
        }
    }

    @Test func `every dialect's frames are the plain ones with their checksums`() async throws {
        try await ServiceDesk.with { desk in
            for (number, array) in try Fixture.arrays().enumerated() {
                let isHub = array.keys.keys.contains("info.txt")
                try await array.put(isHub ? "x\(number)/v0" : "x\(number):v0", in: desk)
                let reference = "test/x\(number):v0"
                let keys = try await ChunkBundleTests.keys(of: reference, desk) + ["7/7/7/7"]
                let plain = try await answer(desk, reference, keys, accept: nil)
                let checked = try await answer(desk, reference, keys)
                let frames = try #require(ChunkBundleTests.frames(plain.bytes))
                #expect(frames.contains { $0.status == 200 }, "\(array.name)")
                #expect(checked.bytes == Self.checked(plain.bytes, reference, keys))
            }
        }
    }

    @Test func `large and empty chunks are checked whole, in pieces of any length`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("x/.zarray", ChunkBundleTests.v2.utf8)
            var generator = SystemRandomNumberGenerator()
            let lengths = [0, 1, 959, 961, 65_535, 65_536, 65_537, 131_073, 0, 300_000, 0]
            for (index, length) in lengths.enumerated() {
                let payload = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                try await desk.put("x/\(index)", payload)
            }
            let keys = lengths.indices.map(String.init)
            let plain = try await answer(desk, "test/x", keys, accept: nil)
            let checked = try await answer(desk, "test/x", keys)
            #expect(checked.bytes == Self.checked(plain.bytes, "test/x", keys))
            let none = try await answer(desk, "test/x", [])
            #expect(none.status == 200 && none.bytes.isEmpty)
        }
    }

    @Test func `the reference is that of the request, without percent-encoding`() async throws {
        try await ServiceDesk.with { desk in
            try await desk.put("a b/é:v1/.zarray", ChunkBundleTests.v2.utf8)
            try await desk.put("a b/é:v1/0", [7])
            for path in ["test/a%20b/%C3%A9:v1", "test/a%20b%2F%C3%A9%3Av1"] {
                let plain = try await answer(desk, path, ["0"], accept: nil)
                let checked = try await answer(desk, path, ["0"])
                #expect(ChunkBundleTests.frames(plain.bytes)?.first?.payload == [7])
                #expect(checked.bytes == Self.checked(plain.bytes, "test/a b/é:v1", ["0"]))
            }
        }
    }

    @Test func `checked frames are for those who ask for them by name`() {
        let plain = "application/vnd.nave.chunks"
        let rows: [(String?, ChunksRequest.Format)] = [
            (nil, .plain), ("", .plain), ("*/*", .plain), (plain, .plain),
            (Self.kind, .checked), ("\(plain), \(Self.kind)", .checked),
            ("\(Self.kind);q=0.5, \(plain);q=0.9", .plain),
            ("\(plain) ; q=0.5,\(Self.kind.uppercased())", .checked),
            ("\(Self.kind);q=0", .plain), ("\(Self.kind);q=x", .plain),
        ]
        for (accept, format) in rows {
            #expect(ChunksRequest.Format(accept: accept) == format, "\(accept ?? "")")
        }
    }
}
