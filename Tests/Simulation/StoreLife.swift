import DiskIO
import Foundation
import MetadataIndex
import SeededRandom
import StorageModel
import Volumes

@testable import ObjectStorage

/// The life of a store under one seed: several uptimes on simulated disks on which things go wrong,
/// each found by the next as the last one left it.
///
/// Everything is drawn from the seed: the number of volumes and copies, the traffic of several writers
/// and how it interleaves, the faults, and the time. What was acknowledged must be there and whole
/// whenever the store is opened.
final class StoreLife {
    let seed: UInt64
    let copies: Int
    /// The directories of the volumes; one that came back empty has another name than before.
    var directories: [String]
    /// The volumes that are not there.
    var missing: Set<Int> = []
    /// Whether all that the missing ones held has its copies on the others: one more may be lost.
    var isMadeUpFor = false
    /// The volume of which a bit was turned over: no other may be lost before it is replaced.
    var suspect: Int?
    /// Whether the disks have next to no room.
    var isFull = false
    /// Somebody who reads an object slowly, and what the object holds.
    var slowReader: (reader: PayloadReader, content: Content)?
    /// Whether each volume has all that it should have.
    var isHealthy = false
    var random: SeededGenerator
    var disk: SimulatedFileSystem
    var model = Model(keys: Workload.keys)
    var chronicle = Chronicle()
    let clock = SimulatedStore.Clock()
    let folder: IndexFolder
    var openings: UInt64 = 0
    /// Whether the store has been opened once, and knows how many copies it keeps.
    var isMade = false

    init(seed: UInt64) throws {
        self.seed = seed
        var random = SeededGenerator(seed: seed)
        let count = random.pick([1, 2, 2, 3])
        copies = count == 1 ? 1 : random.pick([1, 2, 2])
        directories = (0..<count).map { "/srv/volume\($0)" }
        disk = SimulatedFileSystem(seed: random.next())
        self.random = random
        folder = try IndexFolder()
    }

    /// Whether what one volume holds is on another as well.
    var isSpare: Bool { copies > 1 && missing.isEmpty }

    /// Lives; what was found wrong is in the model's violations.
    func run() async throws {
        chronicle.note("\(directories.count) volumes, \(copies) copies")
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            chooseVolumes()
            let plan = drawPlan()
            await hold(plan)
            guard model.violations.isEmpty else { return }
            try folder.meet(plan.fate)
        }
        bringBack()
        empty()
        await hold(UptimePlan(rounds: 1, end: .closed, fate: .kept))
        guard model.violations.isEmpty else { return }
        if copies > 1 { try await loseEach() } else { try await loseIndex() }
    }

    private func drawPlan() -> UptimePlan {
        // Most stores are made without trouble, or few would have much to lose.
        guard isMade || random.oneIn(4) else {
            return UptimePlan(rounds: 4, end: random.pick([.closed, .powerLost]), fate: .kept)
        }
        // A second disk fails only when the first has been replaced.
        let isSound = isHealthy && suspect == nil
        return UptimePlan(
            mayFail: copies == 1 || isSound || !isMade,
            mortal: isSpare && isSound ? directories : [],
            &random
        )
    }

    // MARK: - Volumes that go and come

    private func chooseVolumes() {
        if !missing.isEmpty {
            if isMadeUpFor, !random.oneIn(3) {
                chronicle.count("volumes lost after others")
                lose()
            } else if !random.oneIn(3) {
                bringBack()
            }
        } else if isSpare, isHealthy, suspect == nil, random.oneIn(2) {
            lose()
        }
        if isHealthy, isSpare, suspect == nil, random.oneIn(6) { flipBit() }
    }

    private func lose() {
        let there = directories.indices.filter { !missing.contains($0) }
        let number = random.pick(there)
        missing.insert(number)
        isHealthy = false
        isMadeUpFor = false
        chronicle.note("volume \(number) is lost")
        chronicle.count("volumes lost")
    }

    private func bringBack() {
        for number in missing.sorted() {
            let isEmpty = random.oneIn(2)
            if isEmpty { directories[number] += "b" }
            chronicle.note("volume \(number) is back, \(isEmpty ? "empty" : "old")")
            chronicle.count(isEmpty ? "volumes back empty" : "volumes back old")
        }
        missing = []
        isMadeUpFor = false
    }

    /// Turns over a bit of some file of one volume.
    func flipBit() {
        let number = Int.random(in: directories.indices, using: &random)
        guard let path = files(of: directories[number]).randomElement(using: &random),
            let size = disk.contents(of: path)?.count, size > 0
        else { return }
        let offset = Int.random(in: 0..<size, using: &random)
        disk.flipBit(Int.random(in: 0..<8, using: &random), ofByte: offset, in: path)
        suspect = number
        isHealthy = false
        chronicle.note("bit flipped in \(path) at \(offset)")
        chronicle.count("bits flipped")
    }

    /// The files of a volume whose bytes may rot.
    private func files(of directory: String) -> [String] {
        let logs = names(directory + "/log")
        let snapshots = names(directory + "/snapshots")
        let blobs = names(directory + "/blobs").flatMap(names)
        return logs + snapshots + blobs
    }

    private func names(_ folder: String) -> [String] {
        ((try? disk.list(folder)) ?? []).map { "\(folder)/\($0)" }
    }

    // MARK: - Opening

    /// Opens the store with the volumes that are there.
    func open() async throws -> SimulatedStore {
        openings += 1
        let present = directories.indices.filter { !missing.contains($0) }.map { directories[$0] }
        return try await SimulatedStore.open(
            disk,
            index: folder.index,
            seed: seed &* 1000 &+ openings,
            clock: clock,
            directories: present,
            copies: isMade ? nil : copies
        )
    }

    // MARK: - At the end

    /// Opens the store without each of its volumes in turn, and without an index; where the others make
    /// up for it, then without each of them as well.
    private func loseEach() async throws {
        guard isHealthy, suspect == nil, random.oneIn(2) else { return }
        let whole = disk.restartProcess()
        for number in directories.indices {
            disk = whole.restartProcess()
            try await hold(without: [number])
            guard isMadeUpFor else { continue }
            let madeUpFor = disk.restartProcess()
            for other in directories.indices where other != number {
                disk = madeUpFor.restartProcess()
                try await hold(without: [number, other])
            }
        }
    }

    private func hold(without lost: Set<Int>) async throws {
        guard model.violations.isEmpty else { return }
        missing = lost
        isMadeUpFor = false
        try folder.meet(.lost)
        chronicle.note("without volumes \(lost.sorted())")
        chronicle.count("volumes lost at the end")
        if lost.count > 1 { chronicle.count("volumes lost after others") }
        await hold(UptimePlan(rounds: 0, end: .killed, fate: .kept))
    }

    /// Makes the index anew; then turns over a bit of the only copy: what is read is right, or an error.
    private func loseIndex() async throws {
        if random.oneIn(2) {
            try folder.meet(.lost)
            await hold(UptimePlan(rounds: 0, end: .closed, fate: .kept))
            guard model.violations.isEmpty else { return }
        }
        flipBit()
        if random.oneIn(2) { try folder.meet(.lost) }
        do {
            let subject = try await open()
            await checkReads(subject, isExcused: true)
            await subject.store.close()
        } catch StoreError.openFailed {
            chronicle.note("not opened")
        }
    }
}
