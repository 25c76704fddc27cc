import Foundation

/// Which seeds run: `NAVE_SIMULATION_SEEDS` says how many, `NAVE_SIMULATION_FIRST_SEED` from where.
enum SimulationSeeds {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    private static let asked = number("NAVE_SIMULATION_SEEDS").map { max(1, $0) }
    private static let first = number("NAVE_SIMULATION_FIRST_SEED") ?? 1

    /// The seeds of whole lives of a store, which are short.
    static let lives: Range<UInt64> = first..<first + (asked ?? 400)

    /// The seeds of lives of versions, each about a tenth of a second.
    static let versions: Range<UInt64> = first..<first + (asked ?? 24)

    /// The seeds of workloads that run again for each of their calls, which take some hundred times as
    /// long.
    static let workloads: [UInt64] = Array(first..<first + (asked.map { max(1, $0 / 200) } ?? 3))

    /// The command that runs one seed of a suite again.
    static func replay(_ seed: UInt64, _ suite: String) -> String {
        "NAVE_SIMULATION_FIRST_SEED=\(seed) NAVE_SIMULATION_SEEDS=1 swift test --filter \(suite)"
    }
}
