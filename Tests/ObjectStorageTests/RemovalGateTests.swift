import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks that blobs are held back while somebody holds the gate, and go afterwards.
@Suite struct RemovalGateTests {
    static func ids(_ numbers: Int...) -> [BlobID] { numbers.map { BlobID(UInt64($0)) } }

    @Test func `blobs pass a gate that nobody holds`() {
        let gate = RemovalGate()
        gate.announce(Self.ids(1))
        #expect(gate.pass(Self.ids(1, 2)) == Self.ids(1, 2))
        #expect(!gate.isHeld)
    }

    @Test func `what was held back goes when the last hold is given up`() {
        let gate = RemovalGate()
        let removed = Mutex<[BlobID]>([])
        gate.whenOpened { blobs in removed.withLock { $0 += blobs } }
        var first: RemovalHold? = gate.hold()
        gate.announce(Self.ids(1))
        #expect(gate.pass(Self.ids(1)) == [])
        var second: RemovalHold? = gate.hold()
        gate.announce(Self.ids(2))
        #expect(gate.pass(Self.ids(2, 3)) == [])
        // What no change freed is held back as well, but belongs to no state.
        #expect(first?.freed { _ in true } == Self.ids(1, 2))
        #expect(second?.freed { $0 == BlobID(2) } == Self.ids(2))
        first = nil
        #expect(removed.withLock { $0 } == [])
        #expect(gate.isHeld)
        second = nil
        #expect(removed.withLock { $0 } == Self.ids(1, 2, 3))
        #expect(!gate.isHeld)
        #expect(gate.pass(Self.ids(4)) == Self.ids(4))
    }

    @Test func `too much breaks every hold, and all of it goes`() {
        let gate = RemovalGate(limit: 3)
        let removed = Mutex<[BlobID]>([])
        gate.whenOpened { blobs in removed.withLock { $0 += blobs } }
        var hold: RemovalHold? = gate.hold()
        #expect(gate.pass(Self.ids(1, 2)) == [])
        #expect(hold?.isUnbroken == true)
        #expect(gate.pass(Self.ids(3, 4)) == Self.ids(1, 2, 3, 4))
        #expect(hold?.isUnbroken == false)
        let later = gate.hold()
        #expect(gate.pass(Self.ids(5)) == [])
        // A hold that was broken gives nothing up that another has.
        hold = nil
        #expect(gate.isHeld && later.isUnbroken)
        gate.announce(Self.ids(5, 6, 7, 8))
        #expect(removed.withLock { $0 } == Self.ids(5))
        #expect(!later.isUnbroken)
    }

    @Test func `what nobody announced breaks the holds`() {
        let gate = RemovalGate()
        let removed = Mutex<[BlobID]>([])
        gate.whenOpened { blobs in removed.withLock { $0 += blobs } }
        let hold = gate.hold()
        _ = gate.pass(Self.ids(1))
        gate.breakHolds()
        #expect(!hold.isUnbroken)
        #expect(removed.withLock { $0 } == Self.ids(1))
    }
}
