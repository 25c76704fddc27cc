import ArrayModel
import CKernels
import DiskIO
import Foundation
import Synchronization
import Testing

@testable import ArrayStorage

/// Checks what is kept of chunks: the format of the file, damage to it, its bound, and that nothing is
/// found for a chunk that changed.
///
/// Method: a file that another program wrote after the format's page; files that are damaged; a reader
/// that says how many chunks it read.
@Suite struct SummaryTests {
    private static let fixture = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/formats/statistics-1/statistics").standardizedFileURL

    @Test func `a file of format 1 is read as it was written`() throws {
        try Self.withFolder { folder in
            let path = folder + "/statistics"
            try FileManager.default.copyItem(atPath: Self.fixture.path, toPath: path)
            let items = SummaryFile(path, fileSystem: PosixFileSystem()).load(itemsMax: 10)
            #expect(
                items.map(\.key) == [
                    SummaryKey(high: 1, low: 2), SummaryKey(high: 3, low: 4),
                    SummaryKey(high: 5, low: 6),
                ]
            )
            for (item, expected) in zip(items, try Self.expected()) {
                #expect(item.reduction == expected)
            }
            let newest = SummaryFile(path, fileSystem: PosixFileSystem()).load(itemsMax: 2)
            #expect(newest.map(\.key.high) == [3, 5])
        }
    }

    @Test func `what is written is the fixture`() throws {
        var bytes = Array("NAVESUM1".utf8)
        let keys = [(1, 2), (3, 4), (5, 6)].map { SummaryKey(high: $0.0, low: $0.1) }
        for (key, reduction) in zip(keys, try Self.expected()) {
            SummaryRecord.encode(SummaryStore.Item(key: key, reduction: reduction), to: &bytes)
        }
        #expect(bytes == Array(try Data(contentsOf: Self.fixture)).dropLast(100))
    }

    /// The reductions of the fixture's elements.
    private static func expected() throws -> [Reduction] {
        let all: SummaryParts = [.spread, .extrema, .nonzeroCount]
        var integers = try Reduction(.int16, parts: all)
        [1, -2, 3].map { Int16($0) }.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { integers.add(start, count: 3) }
        }
        var floats = try Reduction(.float64, parts: all)
        [0.5, Double.nan, 2].withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { floats.add(start, count: 3) }
        }
        var complex = try Reduction(.complex64, parts: all)
        [1, 2, 0, 0].map { Float($0) }.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { complex.add(start, count: 2) }
        }
        return [integers, floats, complex]
    }

    @Test func `damage is passed over and a torn end is written over`() throws {
        try Self.withFolder { folder in
            let path = folder + "/statistics"
            let whole = [UInt8](try Data(contentsOf: Self.fixture))
            for damaged in 8..<(8 + 3 * SummaryRecord.bytes) where damaged % 17 == 0 {
                var bytes = whole
                bytes[damaged] ^= 0x10
                try Data(bytes).write(to: URL(filePath: path))
                let items = SummaryFile(path, fileSystem: PosixFileSystem()).load(itemsMax: 10)
                #expect(items.count == 2, "byte \(damaged)")
            }
            for beginning in [[], Array("NAVESUM2".utf8), Array(whole.prefix(5))] {
                try Data(beginning).write(to: URL(filePath: path))
                let file = SummaryFile(path, fileSystem: PosixFileSystem())
                #expect(file.load(itemsMax: 10).isEmpty)
                let item = SummaryStore.Item(
                    key: SummaryKey(high: 7, low: 8),
                    reduction: try Reduction(.uint8, parts: [])
                )
                #expect(file.append([item]))
                let again = SummaryFile(path, fileSystem: PosixFileSystem()).load(itemsMax: 10)
                #expect(again.map(\.key) == [item.key])
            }
            try Data(whole).write(to: URL(filePath: path))
            let file = SummaryFile(path, fileSystem: PosixFileSystem())
            let items = file.load(itemsMax: 10)
            #expect(file.append(Array(items.prefix(1))))
            let size = try PosixFileSystem().status(path)?.sizeBytes
            #expect(size == Int64(8 + 4 * SummaryRecord.bytes))
        }
    }

    @Test func `a directory that is not there is no error`() {
        let file = SummaryFile("/nowhere/at/all", fileSystem: PosixFileSystem())
        #expect(file.load(itemsMax: 10).isEmpty)
        #expect(file.append([]))
        file.replace(with: [])
    }

    @Test func `a file that is elsewhere from now on is written anew there`() throws {
        try Self.withFolder { folder in
            let place = Mutex(folder + "/first")
            let file = SummaryFile(
                at: { place.withLock { $0 } },
                fileSystem: PosixFileSystem()
            )
            let store = SummaryStore(file: file, entriesMax: 100)
            func keep(_ number: UInt64) throws {
                let item = SummaryStore.Item(
                    key: SummaryKey(high: 0, low: number),
                    reduction: try Reduction(.uint8, parts: [])
                )
                store.keep(item)
                store.persist([item])
            }
            func kept(_ name: String) -> Set<UInt64> {
                let path = "\(folder)/\(name)"
                let items = SummaryFile(path, fileSystem: PosixFileSystem()).load(itemsMax: 100)
                return Set(items.map(\.key.low))
            }
            try keep(1)
            place.withLock { $0 = folder + "/nowhere/at-all" }
            try keep(2)
            place.withLock { $0 = folder + "/second" }
            try keep(3)
            try keep(4)
            #expect(kept("first") == [1])
            #expect(kept("second") == [1, 2, 3, 4])
        }
    }

    @Test func `the store keeps what is used and forgets the oldest`() throws {
        let store = SummaryStore(file: nil, entriesMax: 4)
        let model = try Reduction(.uint8, parts: [])
        func item(_ number: UInt64) -> SummaryStore.Item {
            SummaryStore.Item(key: SummaryKey(high: 0, low: number), reduction: model)
        }
        for number in 0..<9 as Range<UInt64> {
            store.keep(item(number))
            // The first is asked for again and again.
            #expect(store.find(item(0).key, like: model) != nil)
        }
        #expect(store.find(item(1).key, like: model) == nil)
        #expect(store.find(item(8).key, like: model) != nil)
        // A reduction of another type would not merge.
        #expect(store.find(item(8).key, like: try Reduction(.int8, parts: [])) == nil)
    }

    @Test func `only whole chunks that did not change are known`() async throws {
        try await TestStore.with { store in
            let metadata = plainMetadata([5, 4], chunks: [2, 4], .uint8)
            let array = resolved(metadata, store: store, path: "x")
            for row in 0..<3 {
                try await store.put("x/c/\(row)/0", Array(repeating: UInt8(row + 1), count: 8))
            }
            let reader = ArrayReader(store: store.store, pool: store.pool)
            let rows: [(String, read: Int, known: Int, sum: Int128)] = [
                ("", 3, 0, 36), ("", 0, 3, 36), ("::-1", 2, 1, 36), ("1:", 1, 2, 32),
                (":,1:", 3, 0, 27), ("...,:", 0, 3, 36), ("[0,1,2]", 1, 1, 16),
            ]
            for (text, read, known, sum) in rows {
                let selection = try Selection(text, shape: [5, 4], indexing: .orthogonal)
                let found = try await reader.statistics(array, selection, [.sum])
                #expect(found.values[.sum] == .integer(sum), "\(text)")
                #expect((found.chunksRead, found.chunksKnown) == (read, known), "\(text)")
            }
            try await store.put("x/c/1/0", Array(repeating: 9, count: 8))
            let after = try await reader.statistics(array, .whole(shape: [5, 4]), [.sum])
            #expect(after.values[.sum] == .integer(92))
            #expect((after.chunksRead, after.chunksKnown) == (1, 2))
            // A row more of the last chunk is within the array.
            let grown = resolved(
                plainMetadata([6, 4], chunks: [2, 4], .uint8),
                store: store,
                path: "x"
            )
            let more = try await reader.statistics(grown, .whole(shape: [6, 4]), [.sum])
            #expect(more.values[.sum] == .integer(104))
        }
    }

    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "nave-summaries-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}
