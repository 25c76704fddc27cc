import Foundation
import StorageModel
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that the scrub reads the snapshots of the index and makes damaged ones anew.
///
/// Method: snapshots of a cleaned store, whose log alone does not make its index, are broken by hand;
/// after the scrub the index is taken away and made again.
@Suite struct DamagedSnapshotTests {
    /// What is broken, of the older (0) and the newer (1) snapshot.
    enum Breakage: CaseIterable {
        case older, newer, both, newerHeader, newerShort

        func apply(_ snapshots: [String]) throws {
            switch self {
            case .older: try Folder.flip(snapshots[0], 5000)
            case .newer: try Folder.flip(snapshots[1], 70_000)
            case .both: for path in snapshots { try Folder.flip(path, 5000) }
            case .newerHeader: try Folder.flip(snapshots[1], 50)
            case .newerShort: try Folder.truncate(snapshots[1], by: 100)
            }
        }

        var count: Int { self == .both ? 2 : 1 }
    }

    @Test(arguments: Breakage.allCases, 1...2)
    func `damaged snapshots are listed and made anew`(
        breakage: Breakage,
        copies: Int
    ) async throws {
        let folder = try await CleanedStoreTests.cleaned(copies: copies)
        let broken = try CleanedStoreTests.snapshots(folder, copies - 1)
        try breakage.apply(broken)
        let ledger = DamageLedger()
        let contents = try await CleanedStoreTests.with(folder, ledger: ledger) { subject in
            let pass = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(pass.damaged == breakage.count)
            #expect(ledger.records.allSatisfy { $0.kind == .snapshot && $0.state == .healed })
            #expect(Set(ledger.records.map(\.path)).isSubset(of: broken))
            #expect(ledger.counts.healed == breakage.count)
            let again = try ScrubTests.scrub(subject, folder).runPass(.unlimited)
            #expect(again.damaged == 0)
            #expect(try BackupTests.backUp(subject, folder).damage == [])
            await subject.settle()
            return try await subject.contents()
        }
        try await CleanedStoreTests.expectWhole(folder, copies: copies, holding: contents)
    }

    @Test func `while a backup is made damaged snapshots stay, and the next pass mends them`()
        async throws
    {
        let folder = try await CleanedStoreTests.cleaned(copies: 1)
        try Folder.flip(try CleanedStoreTests.snapshots(folder)[1], 5000)
        let ledger = DamageLedger()
        try await CleanedStoreTests.with(folder, ledger: ledger) { subject in
            let scrub = try ScrubTests.scrub(subject, folder)
            do {
                let hold = subject.store.holdRemovals()
                _ = try scrub.runPass(.unlimited)
                #expect(ledger.records.map(\.state) == [.found])
                #expect(hold.isUnbroken)
            }
            _ = try scrub.runPass(.unlimited)
            #expect(ledger.records.map(\.state) == [.healed])
        }
    }
}
