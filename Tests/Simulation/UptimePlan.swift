import DiskIO
import Glibc
import SeededRandom

/// What happens between one opening of a store and its end.
struct UptimePlan {
    /// How the process ends, if the power is not lost before.
    enum End: CaseIterable {
        case closed, killed, powerLost
    }

    /// What becomes of the index before the next opening.
    enum IndexFate: CaseIterable {
        case kept, lost, earlier
    }

    let faults: FaultPlan
    let rounds: Int
    let end: End
    let fate: IndexFate

    /// Whether something goes wrong while it runs.
    var isFaulty: Bool { faults != FaultPlan(shortPercent: faults.shortPercent) }

    /// Draws a plan.
    ///
    /// - Parameters:
    ///   - mayFail: Whether calls may fail.
    ///   - mortal: The directories of which one may die.
    ///   - random: All follows from it.
    init(mayFail: Bool, mortal: [String], _ random: inout SeededGenerator) {
        var faults = FaultPlan()
        if random.oneIn(3) { faults.shortPercent = random.pick([10, 30, 60]) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3: faults.crashAtCall = Self.call(&random)
        case 3,
            4 where mayFail:
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                faults.failures[Self.call(&random)] = random.oneIn(2) ? EIO : ENOSPC
            }
            if random.oneIn(3) { faults.crashAtCall = Self.call(&random) }
        case 5 where !mortal.isEmpty:
            faults.dead = [random.pick(mortal): Self.call(&random)]
        default: break
        }
        self.faults = faults
        rounds = Int.random(in: 3...8, using: &random)
        end = random.pick(End.allCases)
        fate = random.pick(IndexFate.allCases)
    }

    /// An uptime in which all goes well.
    init(rounds: Int, end: End, fate: IndexFate) {
        faults = FaultPlan()
        self.rounds = rounds
        self.end = end
        self.fate = fate
    }

    /// One of the calls that an uptime makes; early ones are those of opening.
    private static func call(_ random: inout SeededGenerator) -> Int {
        let most = random.pick([40, 200, 500])
        return Int.random(in: 1...most, using: &random)
    }
}
