import DiskIO
import Foundation
import StorageModel
import Testing

@testable import ObjectStorage

/// Three lives of a store that flushes its log later than it answers.
final class RelaxedRun {
    private let seed: UInt64
    private let folder: String

    private var index: String { folder + "/index" }
    private var staleIndex: String { folder + "/stale" }

    init(_ seed: UInt64) throws {
        self.seed = seed
        let shared = "/dev/shm"
        let root =
            FileManager.default.isWritableFile(atPath: shared)
            ? shared : FileManager.default.temporaryDirectory.path
        folder = "\(root)/nave-relaxed-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(
            atPath: index,
            withIntermediateDirectories: true
        )
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private var events: [RelaxedLife.Event] {
        RelaxedLife.events(seed: seed, RelaxedCrashTests.steps(seed))
    }

    private func open(_ disk: SimulatedFileSystem, _ time: UInt64) async throws -> SimulatedStore {
        try await SimulatedStore.open(
            disk,
            index: index,
            seed: seed &+ time,
            // What one leaves, the other opens.
            durability: time < 3 ? .relaxed : .strict
        )
    }

    /// The calls of a life without faults: the first after the opening, to the last of its end.
    func undisturbedCalls() async throws -> ClosedRange<Int> {
        let disk = SimulatedFileSystem(seed: seed)
        disk.inject(FaultPlan())
        let subject = try await open(disk, 0)
        let opening = disk.callCount
        var life = RelaxedLife(subject, from: [:])
        try await life.live(events)
        #expect(try await contents(subject) == life.history.present.mapValues(\.bytes))
        await subject.store.close()
        return opening + 1...disk.callCount
    }

    /// Lives, ends, and looks at what is there; twice.
    ///
    /// - Returns: 1 if something was lost that was acknowledged.
    func check(
        _ plan: FaultPlan,
        _ end: RelaxedCrashTests.End,
        _ call: Int
    ) async throws -> Int {
        let context = "seed \(seed), call \(call)"
        do {
            return try await lives(plan, end, call, context)
        } catch {
            Issue.record("\(context): \(error)")
            return 0
        }
    }

    private func lives(
        _ plan: FaultPlan,
        _ end: RelaxedCrashTests.End,
        _ call: Int,
        _ context: String
    ) async throws -> Int {
        let disk = SimulatedFileSystem(seed: seed &+ UInt64(call))
        disk.inject(plan)
        var history = RelaxedHistory([:])
        if let subject = try? await open(disk, 0) {
            var life = RelaxedLife(subject, from: [:])
            try await life.live(events)
            history = life.history
            await subject.store.close()
        }
        try FileManager.default.copyItem(atPath: index, toPath: staleIndex)

        let second: SimulatedFileSystem
        switch end {
        case .powerLoss: second = disk.restart(seed: seed &* 31 &+ UInt64(call))
        case .processEnd: second = disk.restartProcess()
        }
        let allowed = end == .powerLoss ? history.afterPowerLoss : history.afterProcessEnd
        if call % 5 == 0 { try loseIndex() }
        let subject = try await open(second, 1)
        let state = try await match(subject, allowed, context)
        let lost = history.present != state && !history.unsure.contains(state)

        var life = RelaxedLife(subject, from: state)
        try await life.live(RelaxedLife.events(seed: seed &+ 1, secondSteps(call)))
        // Not closed, which would flush: the power goes, and then the threads may end.
        let third = second.restart(seed: seed &* 37 &+ UInt64(call))
        await subject.store.close()
        try await last(third, life.history, "\(context), second life")
        return lost ? 1 : 0
    }

    private func secondSteps(_ call: Int) -> [Step] {
        Array(Workload.steps(seed: seed &* 97 &+ UInt64(call), count: 5))
    }

    /// Opens with the index that is there, with the one from before the first end, and with none.
    private func last(
        _ disk: SimulatedFileSystem,
        _ history: RelaxedHistory,
        _ context: String
    ) async throws {
        let subject = try await open(disk, 2)
        let state = try await match(subject, history.afterPowerLoss, context)
        try await subject.put("after", .noise(700, seed: 1))
        await subject.store.close()
        let kept = try IndexDump(index)

        try FileManager.default.removeItem(atPath: index)
        try FileManager.default.moveItem(atPath: staleIndex, toPath: index)
        let stale = try await open(disk, 3)
        _ = try await match(stale, [state], "\(context), stale index")
        await stale.store.close()
        #expect(try IndexDump(index) == kept, "\(context): index made of a stale one differs")

        try loseIndex()
        let rebuilt = try await open(disk, 4)
        _ = try await match(rebuilt, [state], "\(context), rebuilt")
        await rebuilt.store.close()
        #expect(try IndexDump(index) == kept, "\(context): rebuilt index differs")
    }

    private func loseIndex() throws {
        try FileManager.default.removeItem(atPath: index)
        try FileManager.default.createDirectory(
            atPath: index,
            withIntermediateDirectories: true
        )
    }

    /// The state that a store is in, of those that it may be in.
    private func match(
        _ subject: SimulatedStore,
        _ allowed: [RelaxedHistory.State],
        _ context: String
    ) async throws -> RelaxedHistory.State {
        let found = try await contents(subject)
        let state = allowed.last { $0.mapValues(\.bytes) == found }
        guard let state else {
            Issue.record("\(context): \(found.mapValues(\.count)) is none of \(allowed)")
            return [:]
        }
        let listed = try await subject.store.list(ListQuery(), in: subject.namespace)
        let keys = listed.objects.map(\.key.text).filter { $0 != "after" }
        let sorted = state.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(keys == sorted, "\(context): listing")
        return state
    }

    private func contents(_ subject: SimulatedStore) async throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for key in Workload.keys { found[key] = try await subject.read(key) }
        return found
    }
}
