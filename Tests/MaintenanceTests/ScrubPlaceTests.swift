import DiskIO
import Foundation
import StorageModel
import Synchronization
import Testing
import Volumes

@testable import Maintenance
@testable import ObjectStorage

/// Checks that what the scrub remembers is where it is said to be, and that the scrub goes on where it cannot
/// be written.
///
/// Method: passes over a store with damage, while the place changes or does not exist.
@Suite struct ScrubPlaceTests {
    /// Where the file is now.
    final class Place: Sendable {
        private let path: Mutex<String>

        init(_ path: String) { self.path = Mutex(path) }

        var now: String { path.withLock { $0 } }

        func move(to new: String) { path.withLock { $0 = new } }
    }

    static func scrub(_ subject: StoreSubject, _ folder: Folder, _ place: Place) throws -> Scrub {
        try Scrub(
            subject.store,
            stateFile: { place.now },
            fileSystem: PosixFileSystem(),
            clock: folder.clock,
            logger: Folder.logger
        )
    }

    /// A store with one damaged payload.
    static func withDamage(
        _ ledger: DamageLedger,
        _ body: (StoreSubject, Folder) async throws -> Void
    ) async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder, ledger: ledger) { subject in
            try await subject.put("large", Folder.bytes(200_000, seed: 1))
            try Folder.flip(try folder.blobPath(try subject.extent("large")), 4096 + 5)
            try await body(subject, folder)
        }
    }

    @Test func `a pass comes to its end though nothing can be remembered`() async throws {
        let ledger = DamageLedger()
        try await Self.withDamage(ledger) { subject, folder in
            let place = Place(folder.path + "/nowhere/scrub.json")
            let scrub = try Self.scrub(subject, folder, place)
            for passes in 1...2 as ClosedRange<Int64> {
                #expect(try scrub.runPass(.unlimited).damaged == 1)
                #expect(scrub.status.passes == passes)
                #expect(ledger.records.map(\.objects.names) == [["subject/large"]])
            }
            scrub.keep()
            // As soon as it can be, it is.
            place.move(to: folder.path + "/scrub.json")
            scrub.keep()
            let kept = try ScrubState.read(place.now, PosixFileSystem())
            #expect(kept?.passes == 2 && kept?.damage.count == 1)
        }
    }

    @Test func `what is remembered goes where the index goes`() async throws {
        try await Self.withDamage(DamageLedger()) { subject, folder in
            let place = Place(folder.path + "/scrub.json")
            let scrub = try Self.scrub(subject, folder, place)
            _ = try scrub.runPass(.unlimited)
            place.move(to: folder.path + "/elsewhere.json")
            _ = try scrub.runPass(.unlimited)
            let kept = try ScrubState.read(place.now, PosixFileSystem())
            #expect(kept?.passes == 2 && kept?.damage.count == 1)
            // The next process goes on there.
            #expect(try Self.scrub(subject, folder, place).status.passes == 2)
        }
    }
}
