import Testing

/// Checks that a store keeps what it acknowledged through any number of faults.
///
/// Method: each seed is the life of a store, see ``StoreLife``, held against a model.
/// `NAVE_SIMULATION_SEEDS` sets how many seeds run, `NAVE_SIMULATION_FIRST_SEED` from where; a failure
/// names the command that runs its seed alone.
@Suite struct StoreLifeTests {
    static let lanes = 4

    @Test(arguments: 0..<UInt64(lanes))
    func `what was acknowledged outlives every fault`(lane: UInt64) async throws {
        var counts: [String: Int] = [:]
        for seed in SimulationSeeds.lives where seed % UInt64(Self.lanes) == lane {
            let life = try StoreLife(seed: seed)
            try await life.run()
            Self.expectNoViolation(life)
            counts.merge(life.chronicle.counts, uniquingKeysWith: +)
        }
        print("lane \(lane):", counts.sorted { $0.key < $1.key }.map { "\($0): \($1)" })
    }

    @Test func `a seed gives the same history every time`() async throws {
        var digest: UInt64 = 0
        for seed in SimulationSeeds.lives.prefix(20) {
            let first = try StoreLife(seed: seed)
            try await first.run()
            let second = try StoreLife(seed: seed)
            try await second.run()
            #expect(first.chronicle.lines == second.chronicle.lines, "seed \(seed)")
            digest ^= first.chronicle.digest &* seed
        }
        // Another process with these seeds prints the same.
        print("histories:", String(digest, radix: 16))
    }

    private static func expectNoViolation(_ life: StoreLife) {
        guard !life.model.violations.isEmpty else { return }
        Issue.record(
            """
            seed \(life.seed): \(life.model.violations.joined(separator: "; "))
            run it again: \(SimulationSeeds.replay(life.seed, "StoreLifeTests"))
            \(life.chronicle.lines.joined(separator: "\n"))
            """
        )
    }
}
