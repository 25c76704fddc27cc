import Foundation

@testable import ObjectStorage

/// The folder of an index on the real disk, and a copy of an earlier state of it.
///
/// In memory where there is a file system for that: SQLite's own flushes are not the subject.
final class IndexFolder: Sendable {
    private let folder: String

    var index: String { folder + "/index" }
    private var copy: String { folder + "/copy.sqlite" }

    init() throws {
        let shared = "/dev/shm"
        let root =
            FileManager.default.isWritableFile(atPath: shared)
            ? shared : FileManager.default.temporaryDirectory.path
        folder = "\(root)/nave-simulation-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(
            atPath: index,
            withIntermediateDirectories: true
        )
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Copies the present state of a store's index aside.
    func copyIndex(of store: ObjectStore) async throws {
        try? FileManager.default.removeItem(atPath: copy)
        try await store.copyIndex(to: copy)
    }

    /// Loses the index, or puts an earlier state in its place if one was copied.
    func meet(_ fate: UptimePlan.IndexFate) throws {
        let hasCopy = FileManager.default.fileExists(atPath: copy)
        switch fate {
        case .kept: return
        case .earlier where !hasCopy: return
        case .lost, .earlier: break
        }
        try FileManager.default.removeItem(atPath: index)
        try FileManager.default.createDirectory(
            atPath: index,
            withIntermediateDirectories: true
        )
        guard fate == .earlier else { return }
        try FileManager.default.copyItem(atPath: copy, toPath: index + "/nave.sqlite")
    }
}
