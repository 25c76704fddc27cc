import DiskIO
import Foundation
import MetadataIndex
import SQLiteDatabase
import StorageModel
import Testing

@testable import Maintenance
@testable import ObjectStorage

/// Checks that the index made from the log alone is the one that was lost.
///
/// Method: every row of every table is written out as text, before the index is lost and after it
/// was made again.
@Suite struct IndexRebuildTests {
    static func rebuild(
        _ folder: Folder,
        stop: StopFlag = StopFlag(),
        progress: ProgressVisitor = { _ in }
    ) throws -> IndexRebuild.Report {
        try IndexRebuild(
            volumeDirectories: folder.volumes,
            indexDirectory: folder.index,
            fileSystem: PosixFileSystem(),
            now: folder.clock()
        ).run(stop: stop, progress: progress)
    }

    /// Every row of every table, and the statements that made the tables and indexes.
    static func dump(_ path: String) throws -> [String] {
        let connection = try SharedConnection(
            path: path,
            ConnectionConfiguration(access: .readWrite)
        )
        return try connection.withConnection { connection throws(SQLiteError) in
            var lines: [String] = []
            let schema = try connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
            var tables: [String] = []
            while try schema.step() {
                lines.append(schema.text(at: 1))
                if schema.text(at: 1).hasPrefix("CREATE TABLE") {
                    tables.append(schema.text(at: 0))
                }
            }
            for table in tables {
                let columns = try connection.prepare("SELECT name FROM pragma_table_info(?1)")
                try columns.bind(table, at: 1)
                var names: [String] = []
                while try columns.step() { names.append("quote(\(columns.text(at: 0)))") }
                let rows = try connection.prepare(
                    "SELECT \(names.joined(separator: " || ',' || ")) FROM \(table) ORDER BY 1"
                )
                while try rows.step() { lines.append("\(table): \(rows.text(at: 0))") }
            }
            return lines
        }
    }

    @Test func `an index that was found damaged and is made anew is not made once more`()
        async throws
    {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in try await subject.fill() }
        try MetadataIndex.markDamaged(in: folder.index)
        #expect(MetadataIndex.isMarkedDamaged(in: folder.index))
        _ = try Self.rebuild(folder)
        #expect(!MetadataIndex.isMarkedDamaged(in: folder.index))
    }

    @Test func `the index is the one that was lost`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in try await subject.fill() }
        let lost = try Self.dump(folder.indexFile)
        #expect(lost.count > 60)
        try FileManager.default.removeItem(atPath: folder.index)
        var last: MaintenanceProgress?
        let report = try Self.rebuild(folder) { last = $0 }
        #expect(try Self.dump(folder.indexFile) == lost)
        #expect(report.changes > 50)
        #expect(last?.items == report.changes)
        #expect(last?.bytes == last?.totalBytes)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.index)
        #expect(left.allSatisfy { $0.hasPrefix("nave.sqlite") })
        try await StoreSubject.with(folder) { subject in
            let bytes = try await subject.read("large/3")
            #expect(bytes == Folder.bytes(90_000, seed: 51))
        }
        #expect(try Self.dump(folder.indexFile) == lost)
    }

    @Test func `an index with wrong rows is put right`() async throws {
        let folder = try Folder()
        try await StoreSubject.with(folder) { subject in try await subject.fill() }
        let whole = try Self.dump(folder.indexFile)
        try InspectionTests.sql(folder, "DELETE FROM object WHERE key LIKE 'small/%'")
        #expect(try Self.dump(folder.indexFile) != whole)
        _ = try Self.rebuild(folder)
        #expect(try Self.dump(folder.indexFile) == whole)
    }

    @Test func `rebuilding that does not end leaves the index as it was`() async throws {
        let folder = try Folder()
        let small = try await StoreSubject.with(folder) { subject in
            try await subject.fill()
            return try folder.place(try subject.extent("small/20"))
        }
        let before = try Self.dump(folder.indexFile)
        let stop = StopFlag()
        stop.stop()
        // Stopping is looked for every 4096 changes.
        try await StoreSubject.with(folder) { subject in
            for number in 0..<4200 { try await subject.put("many/\(number % 7)", [1]) }
        }
        let later = try Self.dump(folder.indexFile)
        #expect(later != before)
        #expect(throws: MaintenanceError.stopped) { try Self.rebuild(folder, stop: stop) }
        #expect(try Self.dump(folder.indexFile) == later)
        try Folder.flip(small.path, small.offset - 12)
        #expect(throws: MaintenanceError.self) { try Self.rebuild(folder) }
        #expect(try Self.dump(folder.indexFile) == later)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.index)
        #expect(left.allSatisfy { $0.hasPrefix("nave.sqlite") || $0 == DiskReserve.fileName })
    }

    @Test func `a folder that is no volume stays as it is`() throws {
        let folder = try Folder()
        #expect(
            throws: MaintenanceError.volume(.labelMissing(directory: folder.volume))
        ) { try Self.rebuild(folder) }
        #expect(!FileManager.default.fileExists(atPath: folder.volume))
    }
}
