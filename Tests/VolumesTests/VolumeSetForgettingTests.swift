import DiskIO
import Glibc
import StorageFormats
import StorageModel
import Testing
import Volumes

/// Checks that a volume which is gone for good is forgotten when asked, unless something may be on it alone,
/// and that it is not taken back.
///
/// Method: of two or three volumes the last is left out; it is forgotten, and comes back. Then the same
/// with the power lost, or a disk failing, at every call of the forgetting.
@Suite struct VolumeSetForgettingTests {
    typealias Subject = VolumeSetSubject

    /// Volumes of which the last is lost, and what they hold.
    struct Scene {
        /// All of them, as they were when they were closed.
        let disks: [SimulatedFileSystem]
        let blobs: [Extent]
        /// The identifier of the last.
        let lost: UniqueID

        /// Makes it, on disks of their own or with all volumes on one machine.
        init(volumes: Int, copies: Int, oneMachine: Bool = false) throws {
            let machine = SimulatedFileSystem(seed: 9)
            let made =
                oneMachine
                ? [SimulatedFileSystem](repeating: machine, count: volumes)
                : Subject.disks(volumes)
            let subject = try Subject.open(made, copies: copies, calls: .inTurn)
            var blobs: [Extent] = []
            for number in 0..<6 {
                _ = try subject.append(number, payloadBytes: 100)
                blobs.append(try subject.writeBlob(VolumeSubject.pattern(900, seed: number)))
            }
            try subject.repair(blobs)
            lost = subject.volumes.reports(.withoutSpace)[volumes - 1].id
            self.blobs = blobs
            try subject.volumes.close()
            let found = machine.restartProcess()
            disks = oneMachine ? made.map { _ in found } : made.map { $0.restartProcess() }
        }

        /// The volumes without the last, brought up to date.
        func left() throws -> Subject {
            let numbers = Array(disks.indices.dropLast())
            let subject = try Subject.open(disks.dropLast(), numbers: numbers, calls: .inTurn)
            #expect(subject.conditions.last == .missing)
            try subject.repair(blobs)
            return subject
        }
    }

    @Test func `a forgotten volume is listed no longer, and is refused when it comes back`() throws
    {
        let scene = try Scene(volumes: 3, copies: 2)
        let left = try scene.left()
        try left.forget(scene.lost, scene.blobs)
        #expect(left.conditions == [.current, .current])
        #expect(left.events.all.last == .forgotten(scene.lost))
        let more = try left.append(50, payloadBytes: 100)
        try left.volumes.close()
        var found = scene.disks.map { $0.restartProcess() }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2], [2, 0]] {
            let error = VolumeSubject.error {
                _ = try Subject.open(order.map { found[$0] }, numbers: order)
            }
            #expect(error == .volumeForgotten(directory: Subject.directory(2)), "\(order)")
            found = found.map { $0.restartProcess() }
        }
        let again = try Subject.open(Array(found[..<2]), copies: 2)
        #expect(again.conditions == [.current, .current])
        #expect(!again.events.all.contains(.missing(scene.lost)))
        #expect(try again.read(more) == VolumeSubject.pattern(100, seed: 50))
        for (number, blob) in scene.blobs.enumerated() {
            #expect(try again.read(blob) == VolumeSubject.pattern(900, seed: number))
        }
    }

    @Test func `a forgotten volume that went on alone is refused by name as well`() throws {
        let scene = try Scene(volumes: 3, copies: 2)
        let left = try scene.left()
        try left.forget(scene.lost, scene.blobs)
        try left.volumes.close()
        let found = scene.disks.map { $0.restartProcess() }
        // As its list is after it was started without the others.
        let path = "\(Subject.directory(2))/members.json"
        let bytes = try #require(found[2].contents(of: path))
        var list = try VolumeMembership(decoding: bytes)
        list.setHoldsLog(scene.lost)
        for id in list.members where id != scene.lost { list.setBehind(id) }
        try found[2].open(path, .createOrReplace).write(list.encoded(), at: 0)
        let error = VolumeSubject.error { _ = try Subject.open(found) }
        #expect(error == .volumeForgotten(directory: Subject.directory(2)))
    }

    @Test func `a disk may be replaced any number of times`() throws {
        let scene = try Scene(volumes: 2, copies: 2)
        var first = scene.disks[0]
        var lost = scene.lost
        for number in 1...(VolumeMembership.membersMax + 3) {
            let new = SimulatedFileSystem(seed: UInt64(1000 + number))
            let subject = try Subject.open(
                [first, new],
                numbers: [0, number],
                seed: UInt64(100 + number),
                calls: .inTurn
            )
            try subject.repair(scene.blobs)
            try subject.forget(lost, scene.blobs)
            #expect(subject.conditions == [.current, .current])
            lost = subject.volumes.reports(.withoutSpace)[1].id
            try subject.volumes.close()
            first = first.restartProcess()
        }
    }

    // MARK: - What is refused

    @Test func `what is there, is not known or is needed for the copies is not forgotten`() throws {
        let scene = try Scene(volumes: 2, copies: 2)
        let alone = try scene.left()
        let present = alone.volumes.reports(.withoutSpace)[0].id
        let unknown = UniqueID(high: 1, low: 2)
        #expect(throws: ForgettingError.volumePresent(directory: Subject.directory(0))) {
            try alone.forget(present, scene.blobs)
        }
        #expect(throws: ForgettingError.volumeUnknown(missing: [scene.lost])) {
            try alone.forget(unknown, scene.blobs)
        }
        #expect(throws: ForgettingError.tooFewVolumes(left: 1, copies: 2)) {
            try alone.forget(scene.lost, scene.blobs)
        }
        #expect(alone.conditions == [.current, .missing])
    }

    @Test func `a volume that may have the only copy of something is not forgotten`() throws {
        let scene = try Scene(volumes: 3, copies: 1)
        let left = try scene.left()
        let only = scene.blobs.filter { scene.disks[2].blobPath($0.blobID, volume: 2) != nil }
        try #require(!only.isEmpty && only.count < scene.blobs.count)
        let names = only.compactMap(\.blobID).sorted().map { "\($0.number)" }
        #expect(throws: ForgettingError.onlyCopies(payloads: only.count, objects: names)) {
            try left.forget(scene.lost, scene.blobs)
        }
        #expect(left.conditions == [.current, .current, .missing])
        // Once nobody wants it any more it is.
        try left.forget(scene.lost, scene.blobs.filter { !only.contains($0) })
        #expect(left.conditions == [.current, .current])
    }

    @Test func `a volume that may have a whole copy of what is damaged is not forgotten`() throws {
        let scene = try Scene(volumes: 3, copies: 2)
        let left = try scene.left()
        func record(_ volume: Int, _ state: DamageRecord.State) -> DamageRecord {
            DamageRecord(
                found: WallTime(milliseconds: 1),
                volume: Subject.directory(volume),
                path: Subject.directory(volume) + "/log/0000000000000000.log",
                offset: 64,
                kind: .payload,
                place: .payload(LogPosition(64)),
                state: state,
                objects: NamedObjects(["a/b"])
            )
        }
        #expect(throws: ForgettingError.onlyWholeCopies(places: 1, objects: ["a/b"])) {
            try left.forget(scene.lost, scene.blobs, damage: [record(0, .found)])
        }
        // What was mended, or was on the lost volume itself, is no reason.
        try left.forget(scene.lost, scene.blobs, damage: [record(0, .healed), record(2, .found)])
        #expect(left.conditions == [.current, .current])
    }

    @Test func `nothing is forgotten while a volume cannot be told`() throws {
        let scene = try Scene(volumes: 3, copies: 2)
        let left = try scene.left()
        let dead = Subject.directory(1)
        scene.disks[1].inject(FaultPlan(dead: [dead: 1]))
        _ = try left.append(60, payloadBytes: 100)
        #expect(throws: ForgettingError.volumeFailed(directory: dead)) {
            try left.forget(scene.lost, scene.blobs)
        }
    }

    // MARK: - Power losses and failures

    /// Forgets the last of three volumes, of which the others are on some disks.
    ///
    /// - Returns: Whether it was acknowledged.
    static func forget(
        _ scene: Scene,
        on disks: [SimulatedFileSystem],
        injecting inject: () -> Void
    ) throws -> Bool {
        let subject = try Subject.open(disks, calls: .inTurn)
        try subject.repair(scene.blobs)
        inject()
        return (try? subject.forget(scene.lost, scene.blobs)) != nil
    }

    /// Opens volumes of one machine.
    static func open(
        _ numbers: [Int],
        of machine: SimulatedFileSystem
    ) -> Result<Subject, VolumeError> {
        let found = machine.restartProcess()
        return Result { () throws(VolumeError) in
            try Subject.open(
                numbers.map { _ in found },
                numbers: numbers,
                seed: 60,
                calls: .inTurn
            )
        }
    }

    static func expectBlobs(_ scene: Scene, _ subject: Subject, _ context: String) throws {
        for (number, blob) in scene.blobs.enumerated() {
            #expect(
                try subject.read(blob) == VolumeSubject.pattern(900, seed: number),
                "\(context)"
            )
        }
    }

    @Test func `a power loss at any call leaves the volume forgotten or not`() throws {
        let scene = try Scene(volumes: 3, copies: 2, oneMachine: true)
        let undisturbed = scene.disks[0].restartProcess()
        let isDone = try Self.forget(scene, on: [undisturbed, undisturbed]) {
            undisturbed.inject(FaultPlan())
        }
        #expect(isDone)
        let calls = undisturbed.callCount
        try #require(calls > 10)
        for call in 1...calls {
            let machine = scene.disks[0].restartProcess()
            let isAcknowledged = try Self.forget(scene, on: [machine, machine]) {
                machine.inject(FaultPlan(crashAtCall: call))
            }
            let found = machine.restart(seed: UInt64(call))
            // Whichever of the volumes are there.
            for numbers in [[0, 1], [0], [1]] {
                let context = "power lost at call \(call), volumes \(numbers)"
                let opened = try Self.open(numbers, of: found).get()
                try Self.expectBlobs(scene, opened, context)
                let isListed = opened.volumes.missing.contains(scene.lost)
                #expect(!(isAcknowledged && isListed), "\(context)")
                switch Self.open(numbers + [2], of: found) {
                case .failure(.volumeForgotten(Subject.directory(2))): break
                case .failure(let error): Issue.record("\(context): \(error)")
                case .success: #expect(!isAcknowledged, "\(context)")
                }
            }
        }
        // What was acknowledged just before the power was lost.
        let after = undisturbed.restart(seed: 5)
        for numbers in [[0, 1, 2], [0, 2], [1, 2]] {
            let outcome = Self.open(numbers, of: after)
            #expect(throws: VolumeError.volumeForgotten(directory: Subject.directory(2))) {
                try outcome.get()
            }
        }
    }

    @Test(arguments: 0...1)
    func `a disk that dies at any call of the forgetting takes nothing with it`(bad: Int) throws {
        let scene = try Scene(volumes: 3, copies: 2)
        let counted = scene.disks.map { $0.restartProcess() }
        _ = try Self.forget(scene, on: Array(counted[..<2])) { counted[bad].inject(FaultPlan()) }
        for call in 1...counted[bad].callCount {
            let disks = scene.disks[..<2].map { $0.restartProcess() }
            let isAcknowledged = try Self.forget(scene, on: disks) {
                disks[bad].inject(FaultPlan(dead: [Subject.directory(bad): call]))
            }
            let context = "disk \(bad) dead from call \(call)"
            let good = disks[1 - bad].restart(seed: UInt64(call))
            let opened = try Subject.open([good], numbers: [1 - bad], calls: .inTurn)
            let isListed = opened.volumes.missing.contains(scene.lost)
            #expect(!(isAcknowledged && isListed), "\(context)")
            try Self.expectBlobs(scene, opened, context)
        }
    }
}
