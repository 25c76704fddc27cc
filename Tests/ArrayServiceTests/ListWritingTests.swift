import ArrayModel
import Foundation
import NIOHTTP1
import SeededRandom
import Testing

@testable import ArrayService

/// Checks that elements at listed indices are written in one change, and nothing beside them.
///
/// Method: seeded random slices with a list or a mask are assigned to element by element, by the definition, and
/// by the service; then all of the array is compared.
@Suite struct ListWritingTests {
    static let shape = [7, 11, 3]

    /// One axis of a slice: its text, and the indices that it takes.
    struct Pick {
        let text: String
        let indices: [Int]
        var isNumber = false

        static func list(_ extent: Int, _ random: inout some RandomNumberGenerator) -> Pick {
            let count = Int.random(in: 0...extent, using: &random)
            let indices = Array((0..<extent).shuffled(using: &random).prefix(count))
            if Bool.random(using: &random) {
                // Some are counted from the end.
                let texts = indices.map { String($0.isMultiple(of: 3) ? $0 - extent : $0) }
                return Pick(text: "[\(texts.joined(separator: ","))]", indices: indices)
            }
            let mask = (0..<extent).map { indices.contains($0) }
            let texts = mask.map { $0 ? "true" : "false" }
            return Pick(text: "[\(texts.joined(separator: ","))]", indices: indices.sorted())
        }

        static func other(_ extent: Int, _ random: inout some RandomNumberGenerator) -> Pick {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let index = Int.random(in: 0..<extent, using: &random)
                return Pick(text: "\(index)", indices: [index], isNumber: true)
            case 1: return Pick(text: ":", indices: Array(0..<extent))
            case 2: return Pick(text: "::-2", indices: Array((0..<extent).reversed()).every(2))
            default:
                let first = Int.random(in: 0..<extent, using: &random)
                return Pick(text: "\(first)::3", indices: Array(first..<extent).every(3))
            }
        }
    }

    private func created(_ chunks: [Int], in desk: ServiceDesk) async throws {
        let body = """
            {"shape": \(Self.shape), "dtype": "uint16", "chunks": \(chunks), "fill_value": 9}
            """
        let answer = try await desk.send(.PUT, "/v1/arrays/test/a:v1", body: Array(body.utf8))
        #expect(answer.status == 201)
    }

    private func written(
        _ text: String,
        _ body: [UInt8],
        in desk: ServiceDesk
    ) async throws -> ServiceDesk.Answer {
        try await desk.send(
            .PUT,
            "/v1/data/test/a:v1?format=raw&slice=\(text)",
            body: body
        )
    }

    @Test(arguments: [[2, 3, 2], [7, 11, 3], [1, 4, 1], [3, 1, 3]], [1, 2] as [UInt64])
    func `what is listed is written, and nothing else`(_ chunks: [Int], seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await ServiceDesk.with { desk in
            try await created(chunks, in: desk)
            var model = [UInt16](repeating: 9, count: Self.shape.reduce(1, *))
            for round in 0..<25 {
                let listed = Int.random(in: 0..<3, using: &random)
                let picks = Self.shape.enumerated().map { axis, extent in
                    axis == listed ? Pick.list(extent, &random) : Pick.other(extent, &random)
                }
                var next = UInt16(round * 1000)
                var body: [UInt8] = []
                for i in picks[0].indices {
                    for j in picks[1].indices {
                        for k in picks[2].indices {
                            model[(i * Self.shape[1] + j) * Self.shape[2] + k] = next
                            body += [UInt8(truncatingIfNeeded: next), UInt8(next >> 8)]
                            next += 1
                        }
                    }
                }
                let text = picks.map(\.text).joined(separator: ",")
                let answer = try await written(text, body, in: desk)
                #expect(answer.status == 200, "\(text)")
                let touched = zip(picks, chunks).map { pick, extent in
                    Set(pick.indices.map { $0 / extent }).count
                }
                let document = try answer.json()
                #expect(document["chunks_written"]?.integer == touched.reduce(1, *), "\(text)")
                let extents = picks.filter { !$0.isNumber }.map(\.indices.count)
                #expect(document["shape"] == .integers(extents), "\(text)")
                let read = try await desk.get("/v1/data/test/a:v1?format=raw")
                let expected = model.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
                #expect(read.bytes == expected, "seed \(seed), \(text)")
            }
        }
    }

    @Test func `elements are broadcast to what is listed, from either order`() async throws {
        try await ServiceDesk.with { desk in
            try await created([2, 3, 2], in: desk)
            // numpy.save of an array of the shape (3, 1), big-endian, in Fortran's order.
            let header = "{'descr': '>u2', 'fortran_order': True, 'shape': (3, 1), }"
            let padded = header.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
            let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
            let file = magic + Array(padded.utf8) + [1, 0, 2, 0, 3, 0]
            let answer = try await desk.send(
                .PUT,
                "/v1/data/test/a:v1?slice=4,[10,0,5]",
                body: file
            )
            #expect(answer.status == 200)
            let read = try await desk.get("/v1/data/test/a:v1?slice=4&format=json").json()
            let rows = [512, 9, 9, 9, 9, 768, 9, 9, 9, 9, 256]
            #expect(read == .array(rows.map { .integers([$0, $0, $0]) }))
        }
    }

    @Test func `a list of more runs than a write takes chunks is refused`() async throws {
        try await ServiceDesk.with { desk in
            let body = #"{"shape": [40, 4000], "dtype": "int16", "chunks": [1, 4000]}"#
            let made = try await desk.send(.PUT, "/v1/arrays/test/b:v1", body: Array(body.utf8))
            #expect(made.status == 201)
            // Distances that no two neighbours have in common, in each of 40 chunks.
            let indices = (1...80).map { $0 * ($0 + 1) / 2 }.filter { $0 < 4000 }
            let few = indices.map(String.init).joined(separator: ",")
            let npy = ArrayWritingTests.npy([], [5])
            let taken = try await desk.send(
                .PUT,
                "/v1/data/test/b:v1?slice=:,[\(few)]",
                body: npy
            )
            #expect(try taken.json()["chunks_written"]?.integer == 40)
            let many = (0..<1900).map { $0 * 2 + $0 % 2 * ($0 % 4 / 2) }
            #expect(Set(many).count == many.count)
            let text = many.map(String.init).joined(separator: ",")
            let refused = try await desk.send(
                .PUT,
                "/v1/data/test/b:v1?slice=:,[\(text)]",
                body: npy
            )
            #expect(try refused.problem() == "413 region_too_large")
        }
    }
}

extension [Int] {
    /// Every so manieth element, the first among them.
    fileprivate func every(_ step: Int) -> [Int] {
        stride(from: 0, to: count, by: step).map { self[$0] }
    }
}
