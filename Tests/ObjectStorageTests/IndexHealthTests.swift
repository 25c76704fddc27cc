import SQLiteDatabase
import Testing

@testable import ObjectStorage

/// Checks which failed reads have the committer look after the index.
///
/// Method: rows of what SQLite may say, by the meaning that its page "Result and Error Codes" gives; then
/// the order of a read that fails, a look, and an index that is made anew.
@Suite struct IndexHealthTests {
    static let rows: [(code: SQLiteError.Code, extendedCode: Int32, isOfDisk: Bool)] = [
        (.corrupt, 11, true),
        (.notADatabase, 26, true),
        (.readOnly, 8, true),
        // SQLITE_IOERR_READ, SQLITE_IOERR_CORRUPTFS.
        (.inputOutput, 266, true),
        (.inputOutput, 8458, true),
        // SQLITE_IOERR_NOMEM: the process lacks memory.
        (.inputOutput, 3082, false),
        // The process may have no descriptors left.
        (.cannotOpen, 14, false),
        (.outOfSpace, 13, false),
        (.busy, 5, false),
        (.interrupted, 9, false),
    ]

    static func error(_ code: SQLiteError.Code, _ extendedCode: Int32) -> SQLiteError {
        SQLiteError(code, extendedCode: extendedCode, message: "", sql: "")
    }

    @Test(arguments: rows)
    func `a disk is suspected of what only a disk does`(
        _ row: (code: SQLiteError.Code, extendedCode: Int32, isOfDisk: Bool)
    ) {
        let isNews = IndexHealth().suspect(Self.error(row.code, row.extendedCode), in: "here")
        #expect(isNews == row.isOfDisk)
    }

    @Test func `one read is looked into at a time, and none of an index that was left`() {
        let health = IndexHealth()
        let error = Self.error(.corrupt, 11)
        let isFirstNews = health.suspect(error, in: "old")
        let isSecondNews = health.suspect(error, in: "old")
        #expect(isFirstNews && !isSecondNews)
        let found = health.takeSuspicion(of: "old")
        #expect(found == error)
        health.note(.beingMade)
        let isNewsMeanwhile = health.suspect(error, in: "old")
        #expect(!isNewsMeanwhile)
        health.note(.usable)
        // A reader that began before the index moved is heard of late.
        let isLateNews = health.suspect(error, in: "old")
        #expect(isLateNews)
        let late = health.takeSuspicion(of: "new")
        #expect(late == nil)
        let isNews = health.suspect(error, in: "new")
        #expect(isNews)
    }
}
