import Foundation
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks in which of several directories an index is looked for first.
///
/// Method: empty indexes of one log are made in three directories, each as far as a row says.
@Suite struct IndexChoiceTests {
    struct Row: Sendable {
        /// How far each index has come; nil for none, negative for one of another log.
        let applied: [Int64?]
        /// Those that were found damaged.
        var damaged: Set<Int> = []
        let expected: [Int]
    }

    static let rows = [
        Row(applied: [nil, nil, nil], expected: [0, 1, 2]),
        Row(applied: [100, nil, nil], expected: [0, 1, 2]),
        Row(applied: [nil, nil, 100], expected: [2, 0, 1]),
        Row(applied: [100, 200, nil], expected: [1, 0, 2]),
        Row(applied: [200, 100, 200], expected: [0, 1, 2]),
        Row(applied: [100, -900, 200], expected: [2, 0, 1]),
        Row(applied: [100, 200, nil], damaged: [1], expected: [0, 1, 2]),
        Row(applied: [100, nil, nil], damaged: [0], expected: [0, 1, 2]),
    ]

    @Test(arguments: rows)
    func `the index that has come furthest is looked at first`(_ row: Row) throws {
        let root = FileManager.default.temporaryDirectory
            .appendingPathComponent("nave-choice-\(UInt64.random(in: 0...UInt64.max))").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let directories = row.applied.indices.map { "\(root)/\($0)" }
        for (place, applied) in row.applied.enumerated() {
            try FileManager.default.createDirectory(
                atPath: directories[place],
                withIntermediateDirectories: true
            )
            if row.damaged.contains(place) {
                try MetadataIndex.markDamaged(in: directories[place])
            }
            guard let applied else { continue }
            let opened = try MetadataIndex.openAnew(
                directory: directories[place],
                volume: applied < 0 ? "another" : "this",
                logStart: LogPosition(0)
            )
            try opened.writer.begin()
            try opened.writer.commit(applied: LogPosition(abs(applied)))
        }
        let found = MetadataIndex.ordered(directories, volume: "this")
        #expect(found == row.expected.map { directories[$0] })
        #expect(MetadataIndex.ordered(directories, volume: nil) == directories)
    }
}
