import DiskIO
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that it does not matter in which order the folders of several volumes are named.
///
/// Method: of three volumes two are started, and the power is lost at every call; then another two are
/// started and acknowledge something; then all three in each order, on disks of the same bytes. What was
/// acknowledged must be there, or the volumes be refused, and the answer must be the same every time.
@Suite struct VolumeSetOrderTests {
    typealias Subject = VolumeSetSubject

    static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    static func open(
        _ machine: SimulatedFileSystem,
        _ numbers: [Int],
        copies: Int? = nil,
        seed: UInt64
    ) throws(VolumeError) -> Subject {
        try Subject.open(
            numbers.map { _ in machine },
            numbers: numbers,
            copies: copies,
            seed: seed,
            calls: .inTurn
        )
    }

    /// Three volumes that keep two copies; the first two hold the log.
    static func made(seed: UInt64) throws -> SimulatedFileSystem {
        let machine = SimulatedFileSystem(seed: seed)
        let subject = try open(machine, [0, 1, 2], copies: 2, seed: 1)
        for number in 0..<3 { _ = try subject.append(number, payloadBytes: 100) }
        try subject.repair([])
        #expect(subject.holdsLog == [true, true, false])
        try subject.volumes.close()
        return machine.restartProcess()
    }

    /// What opening says, and which of the three are believed to hold the log.
    static func outcome(_ machine: SimulatedFileSystem, _ order: [Int]) -> String {
        do {
            let subject = try open(machine.restartProcess(), order, seed: 60)
            let holding = order.indices.filter { place in
                let copied = VolumeEvent.holdsLog(directory: Subject.directory(order[place]))
                return subject.holdsLog[place] && !subject.events.all.contains(copied)
            }
            .map { order[$0] }.sorted()
            return "\(holding) \(try subject.bodies().count)"
        } catch {
            if case .membershipSplit = error as? VolumeError { return "split" }
            return "\(error)"
        }
    }

    /// A start of two volumes ends at a call; others go on.
    static func expectSame(interrupted: [Int], goingOn: [Int]) throws -> [String: Int] {
        var outcomes: [String: Int] = [:]
        let whole = try made(seed: 7)
        for call in 1...400 {
            let machine = whole.restartProcess()
            machine.inject(FaultPlan(crashAtCall: call))
            let first = Result { () throws(VolumeError) in
                try open(machine, interrupted, seed: 20)
            }
            if case .success(let subject) = first {
                withExtendedLifetime(subject) {}
                break
            }
            let found = machine.restart(seed: UInt64(call) &* 3)
            // Not if the one that holds the log alone is away.
            guard let second = try? open(found, goingOn, seed: 30) else {
                outcomes["unavailable", default: 0] += 1
                continue
            }
            for number in 10..<13 { _ = try second.append(number, payloadBytes: 100) }
            let expected = try second.bodies().count
            try second.volumes.close()
            let seen = Set(orders.map { outcome(found, $0) })
            let context = "\(interrupted) ended at call \(call), then \(goingOn)"
            #expect(seen.count == 1, "\(context): \(seen)")
            #expect(
                seen.allSatisfy { $0 == "split" || $0.hasSuffix(" \(expected)") },
                "\(context): \(seen)"
            )
            for outcome in seen { outcomes[outcome, default: 0] += 1 }
        }
        return outcomes
    }

    @Test(arguments: [[0, 2], [2, 0], [2, 1]])
    func `three volumes are taken in any order after a power loss`(interrupted: [Int]) throws {
        let outcomes = try Self.expectSame(interrupted: interrupted, goingOn: [0, 1])
        #expect(
            !outcomes.isEmpty && outcomes["split"] == nil && outcomes["unavailable"] == nil,
            "\(outcomes)"
        )
    }

    @Test func `holders that went on without each other are refused in any order`()
        throws
    {
        let outcomes = try Self.expectSame(interrupted: [0, 2], goingOn: [1, 2])
        #expect(outcomes["split", default: 0] > 0, "\(outcomes)")
    }
}
