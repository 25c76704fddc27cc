import Foundation
import SQLiteDatabase
import Testing

/// Checks the wrapper against what SQLite documents: values, transactions, isolation, errors.
@Suite final class SQLiteDatabaseTests {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nave-\(UUID())")
    var path: String { folder.appending(path: "test.sqlite").path }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func writer() throws -> Connection {
        let connection = try Connection(
            path: path,
            ConnectionConfiguration(access: .readWrite, busyTimeoutMilliseconds: 50)
        )
        try connection.execute(
            "CREATE TABLE IF NOT EXISTS pair (key BLOB PRIMARY KEY, value) WITHOUT ROWID"
        )
        return connection
    }

    func put(_ key: String, _ value: Int64, _ connection: Connection) throws(SQLiteError) {
        let put = try connection.statement("INSERT OR REPLACE INTO pair VALUES (?1, ?2)")
        try put.bind(key, at: 1)
        try put.bind(value, at: 2)
        try put.run()
    }

    static func count(_ connection: Connection) throws(SQLiteError) -> Int64 {
        let count = try connection.statement("SELECT count(*) FROM pair")
        defer { count.reset() }
        return try count.step() ? count.int64(at: 0) : -1
    }

    @Test func `values come back as they were bound`() throws {
        let connection = try writer()
        let echo = try connection.prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7")
        let text = "zürich — \u{0}天\u{301}"
        try echo.bind(Int64.min, at: 1)
        try echo.bind(text, at: 2)
        try echo.bind(utf8: Array("ü".utf8), at: 3)
        try echo.bind(blob: [0, 255, 7], at: 4)
        try echo.bind("", at: 5)
        try echo.bind(blob: [] as [UInt8], at: 6)
        try echo.bindNull(at: 7)
        for _ in 0..<2 {
            #expect(try echo.step())
            #expect(echo.int64(at: 0) == .min)
            #expect(echo.text(at: 1).utf8.elementsEqual(text.utf8))
            #expect(echo.text(at: 2) == "ü")
            #expect(echo.blob(at: 3) == [0, 255, 7])
            #expect(!echo.isNull(at: 4) && echo.text(at: 4) == "")
            #expect(!echo.isNull(at: 5) && echo.blob(at: 5) == [])
            #expect(echo.isNull(at: 6) && echo.optionalInt64(at: 6) == nil)
            #expect(echo.optionalText(at: 6) == nil)
            #expect(try !echo.step())
        }
        echo.reset()
        #expect(try echo.step())
        #expect(echo.isNull(at: 0))
    }

    @Test func `a transaction is all or nothing`() throws {
        struct Stop: Error {}
        let connection = try writer()
        try connection.writeTransaction { () throws(SQLiteError) in try put("a", 1, connection) }
        #expect(throws: Stop.self) {
            try connection.writeTransaction(failure: { _ in Stop() }) { () throws(Stop) in
                try? put("b", 2, connection)
                throw Stop()
            }
        }
        #expect(!connection.isInTransaction)
        #expect(try Self.count(connection) == 1)
        #expect(throws: SQLiteError.self) {
            try connection.writeTransaction { () throws(SQLiteError) in
                try put("c", 3, connection)
                try connection.execute("INSERT INTO missing VALUES (1)")
            }
        }
        #expect(try Self.count(connection) == 1)
    }

    @Test func `readers see commits and not what is open`() throws {
        let connection = try writer()
        let pool = try ConnectionPool(
            path: path,
            ConnectionConfiguration(access: .readOnly),
            keptMax: 2
        )
        try connection.beginImmediate()
        try put("a", 1, connection)
        #expect(try pool.read(Self.count) == 0)
        try connection.commit()
        #expect(try pool.read(Self.count) == 1)
        try pool.read { (outer) throws(SQLiteError) in
            try outer.beginReading()
            _ = try Self.count(outer)
        }
        #expect(throws: SQLiteError.self) {
            try pool.read { (reader) throws(SQLiteError) in
                try reader.execute("DELETE FROM pair")
            }
        }
        pool.closeIdle()
        #expect(try pool.read(Self.count) == 1)
    }

    @Test func `many threads read through one pool`() async throws {
        let connection = try writer()
        for number in 0..<100 { try put("\(number)", Int64(number), connection) }
        let pool = try ConnectionPool(
            path: path,
            ConnectionConfiguration(access: .readOnly),
            keptMax: 4
        )
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try pool.read { (reader) throws(SQLiteError) in
                        let find = try reader.statement("SELECT value FROM pair WHERE key = ?1")
                        try find.bind("\(number)", at: 1)
                        defer { find.reset() }
                        return try find.step() && find.int64(at: 0) == Int64(number)
                    }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func `errors say what happened and in which statement`() throws {
        let connection = try writer()
        try put("a", 1, connection)
        let failures: [(String, SQLiteError.Code)] = [
            ("SELEC 1", .other), ("INSERT INTO pair VALUES ('a', 2)", .constraint),
        ]
        for (sql, code) in failures {
            do throws(SQLiteError) {
                try connection.prepare(sql).run()
                Issue.record("\(sql) succeeded")
            } catch {
                #expect(error.code == code)
                #expect(error.sql == sql)
                #expect(!error.message.isEmpty)
            }
        }
        let other = try writer()
        try connection.beginImmediate()
        do throws(SQLiteError) {
            try other.beginImmediate()
            Issue.record("two writers")
        } catch {
            #expect(error.code == .busy)
        }
        try connection.rollback()
        try Data(repeating: 7, count: 8192).write(to: folder.appending(path: "foreign"))
        do throws(SQLiteError) {
            _ = try Connection(
                path: folder.appending(path: "foreign").path,
                ConnectionConfiguration(access: .readWrite)
            )
            Issue.record("opened a foreign file")
        } catch {
            #expect(error.code == .notADatabase)
        }
        #expect(throws: SQLiteError.self) {
            try Connection(
                path: folder.appending(path: "none").path,
                ConnectionConfiguration(access: .readOnly)
            )
        }
    }

    @Test func `a backup is one state and a checkpoint empties the log`() throws {
        let connection = try writer()
        for number in 0..<500 { try put("\(number)", 1, connection) }
        let copy = folder.appending(path: "copy.sqlite").path
        try connection.backUp(to: copy)
        let reader = try Connection(path: copy, ConnectionConfiguration(access: .readWrite))
        #expect(try Self.count(reader) == 500)
        let outcome = try connection.checkpoint(.truncate)
        #expect(outcome.loggedPages == outcome.movedPages)
        let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
        #expect(log == 0)
    }
}
