import NIOCore
import Synchronization
import Testing

@testable import ArrayStorage

/// Checks that what is made for clients of the Zarr view is bounded, and that neither clients that take
/// nothing nor one client with many requests keep others waiting.
///
/// Method: the time is given, and so late that the clock does not come there while the test runs.
@Suite struct ViewMemoryTests {
    private static let mebibyte = 1 << 20
    private static let later = ContinuousClock.now + .seconds(86_400)

    /// Bytes that tell their places.
    private static func pattern(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) })
    }

    /// How often bytes were made.
    private final class Makings: Sendable {
        private let made = Atomic(0)

        var count: Int { made.load(ordering: .relaxed) }

        /// Makes bytes for a client.
        func bytes(
            _ count: Int,
            for client: String,
            in memory: ViewMemory,
            at now: ContinuousClock.Instant = .now
        ) async throws -> ViewBytes {
            ViewBytes(
                try await content(count, for: client, in: memory),
                for: client,
                in: memory,
                at: now
            ) { () throws(ArrayReadError) in
                do {
                    return try await self.content(count, for: client, in: memory)
                } catch {
                    throw .cancelled
                }
            }
        }

        private func content(
            _ count: Int,
            for client: String,
            in memory: ViewMemory
        ) async throws -> ViewBytes.Content {
            let share = try await memory.reserve(count, for: client)
            made.wrappingAdd(1, ordering: .relaxed)
            return ViewBytes.Content(bytes: ViewMemoryTests.pattern(count), share: share)
        }
    }

    @Test
    func `who takes nothing loses the memory to who waits, and is given the same bytes later`()
        async throws
    {
        let (memory, makings, now) = (ViewMemory(bytesMax: 20), Makings(), Self.later)
        let slow = [
            try await makings.bytes(10, for: "a", in: memory, at: now),
            try await makings.bytes(10, for: "b", in: memory, at: now - .seconds(1)),
        ]
        let first = try #require(slow[1].copyNow(0..<4, at: now))
        #expect(memory.takenBytes == 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await memory.reserve(10, for: "c") }
            while memory.waitingCount < 1 { await Task.yield() }
            // Nobody is slow yet.
            memory.reclaim(at: now)
            #expect(memory.waitingCount == 1)
            // Both are; the one that has been for longer is enough.
            memory.reclaim(at: now + .seconds(2))
            try await group.waitForAll()
        }
        #expect(slow[0].copyNow(0..<1) != nil && slow[1].copyNow(0..<1) == nil)
        let whole = Self.pattern(10)
        let rest = try await slow[1].copy(4..<10)
        #expect(Array(buffer: first) + Array(buffer: rest) == Array(buffer: whole))
        #expect(makings.count == 3)
    }

    @Test func `who keeps the pace keeps the memory`() async throws {
        let (memory, makings, now) = (ViewMemory(bytesMax: 16 << 20), Makings(), Self.later)
        let quick = try await makings.bytes(8 << 20, for: "a", in: memory, at: now)
        let idle = try await makings.bytes(8 << 20, for: "b", in: memory, at: now)
        for second in 1...6 {
            let part = (second - 1) * Self.mebibyte..<second * Self.mebibyte
            _ = quick.copyNow(part, at: now + .seconds(second))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await memory.reserve(1 << 20, for: "c") }
            while memory.waitingCount < 1 { await Task.yield() }
            memory.reclaim(at: now + .seconds(7))
            try await group.waitForAll()
        }
        #expect(quick.copyNow(0..<1, at: now) != nil && idle.copyNow(0..<1, at: now) == nil)
        #expect(makings.count == 2)
    }

    @Test func `one client has a half at most, and waits for its own requests beyond`() async throws
    {
        let memory = ViewMemory(bytesMax: 20)
        let first = try await memory.reserve(6, for: "a")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await memory.reserve(6, for: "a") }
            for _ in 0..<100 { await Task.yield() }
            let others = [
                try await memory.reserve(10, for: "b"), try await memory.reserve(4, for: "c"),
            ]
            #expect(memory.takenBytes == 20)
            withExtendedLifetime(others) {}
            first.shrink(to: 0)
            try await group.waitForAll()
        }
        withExtendedLifetime(first) {}
        #expect(memory.takenBytes == 0 && memory.waitingCount == 0)
    }

    @Test func `what is longer than all is given all, and who is cancelled gives all back`()
        async throws
    {
        let memory = ViewMemory(bytesMax: 20)
        let large = try await memory.reserve(.max, for: "a")
        #expect(memory.takenBytes == 20)
        await withTaskGroup(of: Bool.self) { group in
            for client in ["a", "b"] {
                group.addTask { (try? await memory.reserve(1, for: client)) == nil }
            }
            while memory.waitingCount < 1 { await Task.yield() }
            group.cancelAll()
            for await isCancelled in group { #expect(isCancelled) }
        }
        large.shrink(to: 0)
        #expect(memory.takenBytes == 0 && memory.waitingCount == 0)
        for client in 0..<1000 {
            let share = try await memory.reserve(10, for: "\(client)")
            withExtendedLifetime(share) {}
        }
        #expect(memory.takenBytes == 0)
    }

    @Test func `a decoded chunk that was given up takes no memory, and comes again`() async throws {
        let row = try #require(ArrayFixture.all.first)
        try await TestStore.with { store in
            let array = try await row.put(into: store, path: "x")
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let key = try #require(row.keys.keys.first { $0.hasPrefix("c/") })
            let chunk = try #require(try await reader.decodedChunk("x/\(key)", of: array))
            let all = 0..<chunk.bytes.byteCount
            let whole = try #require(chunk.bytes.copyNow(all))
            #expect(reader.viewMemory.takenBytes == all.count)
            chunk.bytes.giveUp()
            #expect(reader.viewMemory.takenBytes == 0)
            let again = try await chunk.bytes.copy(all)
            #expect(again == whole)
            #expect(reader.viewMemory.takenBytes == all.count)
        }
    }
}
