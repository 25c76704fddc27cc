import StorageModel
import Testing
import Volumes

/// Checks the list of damage: its bound, that places are listed once, healing and forgetting.
@Suite struct DamageLedgerTests {
    static func record(_ number: Int, at time: Int = 0, _ state: DamageRecord.State = .found)
        -> DamageRecord
    {
        DamageRecord(
            found: WallTime(milliseconds: Int64(time)),
            volume: "/v",
            path: "/v/blobs/\(number)",
            offset: Int64(number),
            kind: .payload,
            place: .blob(BlobID(UInt64(number))),
            state: state
        )
    }

    @Test func `a place is listed once, with the first and the last time it was seen`() {
        let ledger = DamageLedger()
        #expect(ledger.add(Self.record(1, at: 10)))
        #expect(!ledger.add(Self.record(1, at: 20)))
        #expect(ledger.records.map(\.found.milliseconds) == [10])
        #expect(ledger.records.map(\.seen.milliseconds) == [20])
        #expect(ledger.counts == DamageLedger.Counts(found: 1, healed: 0))
    }

    @Test func `the newest are kept and all are counted`() {
        let ledger = DamageLedger()
        for number in 0..<DamageLedger.recordsMax + 5 { ledger.add(Self.record(number)) }
        #expect(ledger.records.count == DamageLedger.recordsMax)
        #expect(ledger.records.first?.path == "/v/blobs/5")
        #expect(ledger.counts.found == Int64(DamageLedger.recordsMax + 5))
    }

    @Test func `what was healed says so, and may break again`() {
        let ledger = DamageLedger()
        ledger.add(Self.record(1))
        ledger.heal(path: "/v/blobs/1", offset: 1)
        ledger.heal(path: "/v/blobs/1", offset: 1)
        ledger.heal(path: "/v/blobs/2", offset: 2)
        #expect(ledger.records.map(\.state) == [.healed])
        #expect(ledger.counts == DamageLedger.Counts(found: 1, healed: 1))
        #expect(ledger.add(Self.record(1, at: 30)))
        #expect(ledger.records.map(\.state) == [.found])
        #expect(ledger.counts == DamageLedger.Counts(found: 2, healed: 1))
        ledger.add(Self.record(3, .healed))
        #expect(ledger.counts == DamageLedger.Counts(found: 3, healed: 2))
    }

    @Test func `owners are named by place, a few of them`() {
        let ledger = DamageLedger()
        ledger.add(Self.record(1))
        ledger.add(Self.record(2))
        let names = (0..<100).map { "n/\($0)" }
        ledger.name(NamedObjects(names), of: .blob(BlobID(1)))
        #expect(ledger.records[0].objects.names == Array(names.prefix(16)))
        #expect(ledger.records[0].objects.moreCount == 84)
        #expect(ledger.records[1].objects == NamedObjects())
    }

    @Test func `places that nothing refers to go, but for those that were healed`() {
        let ledger = DamageLedger()
        ledger.add(Self.record(1))
        ledger.add(Self.record(2))
        ledger.add(Self.record(3, .healed))
        ledger.drop([.blob(BlobID(1)), .blob(BlobID(3)), .log(LogPosition(2))])
        #expect(ledger.records.map(\.place) == [.blob(BlobID(2)), .blob(BlobID(3))])
        #expect(ledger.counts == DamageLedger.Counts(found: 3, healed: 1))
    }

    @Test func `what an earlier process found comes first, and what is unseen is forgotten`() {
        let ledger = DamageLedger()
        ledger.add(Self.record(1, at: 50))
        ledger.restore(
            [Self.record(1, at: 5), Self.record(2, at: 6)],
            counts: DamageLedger.Counts(found: 7, healed: 3)
        )
        #expect(ledger.records.map(\.path) == ["/v/blobs/2", "/v/blobs/1"])
        #expect(ledger.counts == DamageLedger.Counts(found: 8, healed: 3))
        ledger.forget(unseenSince: WallTime(milliseconds: 50))
        #expect(ledger.records.map(\.path) == ["/v/blobs/1"])
    }
}
