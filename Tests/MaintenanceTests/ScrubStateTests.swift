import DiskIO
import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance

/// Checks the file in which the scrub keeps how far it has come.
///
/// Method: the fixture was written by hand after docs/formats/scrub.md.
@Suite struct ScrubStateTests {
    static let path = "/scrub.json"

    static func fixture() throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return Array(
            try Data(contentsOf: root.appending(path: "Fixtures/formats/scrub-1/scrub.json"))
        )
    }

    static func disk(_ bytes: [UInt8]) throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 1)
        try disk.open(path, .createNew).write(bytes, at: 0)
        return disk
    }

    static func state() -> ScrubState {
        var state = ScrubState()
        state.passes = 4
        state.found = 5
        state.healed = 1
        state.last = ScrubState.FinishedPass(
            began: 1_764_633_600_000,
            ended: 1_767_139_200_000,
            bytes: 654_321,
            damaged: 0
        )
        var pass = ScrubState.Pass(began: 1_767_225_600_000)
        pass.isAmongBlobs = true
        pass.blob = "1a2b3c4d5e6f7081"
        pass.bytes = 123_456
        pass.damaged = 2
        pass.logs = [
            ScrubState.LogPlace(
                volume: "0123e456-7a8b-4c9d-8e0f-112233445566",
                position: 66_624
            )
        ]
        state.current = pass
        state.damage = [
            DamageRecord(
                found: WallTime(milliseconds: 1_767_225_600_001),
                seen: WallTime(milliseconds: 1_767_225_600_002),
                volume: "/srv/nave",
                path: "/srv/nave/blobs/1a/1a2b3c4d5e6f7081.blob",
                offset: 69_632,
                kind: .payload,
                place: .blob(BlobID(0x1A2B_3C4D_5E6F_7081)),
                objects: NamedObjects(["test/large"])
            ),
            DamageRecord(
                found: WallTime(milliseconds: 1_767_225_600_003),
                volume: "/srv/nave",
                path: "/srv/nave/log/0000000000000000.log",
                offset: nil,
                kind: .logRecord,
                place: .log(LogPosition(0x480)),
                state: .healed
            ),
        ]
        return state
    }

    @Test func `the fixture is written byte for byte and read back`() throws {
        let disk = try Self.disk(try Self.fixture())
        #expect(try ScrubState.read(Self.path, disk) == Self.state())
        try Self.state().publish(Self.path, disk)
        #expect(try disk.contents(of: Self.path) == Self.fixture())
    }

    @Test func `objects that are counted and not named are read back`() throws {
        var state = Self.state()
        state.damage = [
            DamageRecord(
                found: WallTime(milliseconds: 1),
                volume: "/srv/nave",
                path: "/srv/nave/blobs/00/0000000000000001.blob",
                offset: nil,
                kind: .blobMissing,
                place: .blob(BlobID(1)),
                objects: NamedObjects((0..<20).map { "test/\($0)" })
            )
        ]
        let disk = try Self.disk([])
        try state.publish(Self.path, disk)
        #expect(try ScrubState.read(Self.path, disk) == state)
        let text = String(decoding: try #require(disk.contents(of: Self.path)), as: UTF8.self)
        #expect(text.contains("\"more_objects\" : 4"))
    }

    @Test func `what cannot be read is as if it were not there`() throws {
        #expect(try ScrubState.read(Self.path, SimulatedFileSystem(seed: 1)) == nil)
        let bytes = try Self.fixture()
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let disk = try Self.disk(Array(bytes[..<count]))
            #expect(try ScrubState.read(Self.path, disk) == nil)
        }
        let disk = try Self.disk(Array(#"{"format": "other", "version": 2}"#.utf8))
        #expect(try ScrubState.read(Self.path, disk) == nil)
    }

    @Test func `a newer version is refused`() throws {
        let newer = try Self.disk(Array(#"{"format": "nave-scrub", "version": 2}"#.utf8))
        #expect(throws: MaintenanceError.versionUnknown(path: Self.path, version: 2)) {
            try ScrubState.read(Self.path, newer)
        }
    }

    @Test func `a power loss leaves the old state or the new one`() throws {
        var crash = 0
        while true {
            crash += 1
            let disk = try Self.disk([])
            try ScrubState().publish(Self.path, disk)
            disk.inject(FaultPlan(crashAtCall: crash))
            let isOver = (try? Self.state().publish(Self.path, disk)) != nil
            let found = try ScrubState.read(Self.path, disk.restart(seed: UInt64(crash)))
            #expect(found == ScrubState() || found == Self.state(), "call \(crash)")
            if isOver {
                #expect(found == Self.state())
                break
            }
        }
        #expect(crash > 4)
    }
}
