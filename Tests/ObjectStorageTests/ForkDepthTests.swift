import Foundation
import StorageModel
import Testing

@testable import ObjectStorage

/// Checks versions that are forks of forks, as many times over as is allowed: what they show, what is
/// left when those in between go, and that one more is refused.
@Suite struct ForkDepthTests {
    static func version(_ number: Int) -> VersionName {
        VersionName(trustedName: "m", tag: "v\(number)")
    }

    /// Makes `m:v1` a fork of `m:v0`, and so on, each with a change of its own; gives what the last shows.
    static func deepen(_ subject: StoreSubject, to depth: Int) async throws -> [String: String] {
        var shown = ["zarr.json": VersionTests.group]
        for number in 0..<8 { shown["c/\(number)"] = "first" }
        for (key, text) in shown { try await subject.put("m:v0/\(key)", text) }
        for number in 1...depth {
            try await subject.store.fork(
                .version(version(number - 1)),
                to: version(number),
                in: subject.namespace
            )
            // Every third fork takes something away, others replace or add.
            let key = "c/\(number % 13)"
            if number.isMultiple(of: 3) {
                try await subject.store.delete(
                    try ObjectKey("m:v\(number)/\(key)"),
                    in: subject.namespace
                )
                shown[key] = nil
            } else {
                try await subject.put("m:v\(number)/\(key)", "of \(number)")
                shown[key] = "of \(number)"
            }
            // One row at least, so that the chain grows.
            try await subject.put("m:v\(number)/own", "\(number)")
            shown["own"] = "\(number)"
        }
        return shown
    }

    static func check(
        _ subject: StoreSubject,
        _ number: Int,
        shows shown: [String: String]
    ) async throws {
        let prefix = "m:v\(number)/"
        let listed = try await subject.keys(ListQuery(prefix: prefix))
        #expect(listed == shown.keys.map { prefix + $0 }.sorted())
        for (key, text) in shown {
            #expect(try await subject.read(prefix + key) == Array(text.utf8), "\(key)")
        }
    }

    @Test func `forks go as deep as the limit, and no deeper`() async throws {
        let folder = StoreSubject.newFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A tenth of what is allowed, for the sake of time.
        var limits = StoreSubject.limits()
        limits.forkDepthMax = 100
        let depth = limits.forkDepthMax - 1
        let shown = try await StoreSubject.with(folder, limits: limits) { subject in
            let shown = try await Self.deepen(subject, to: depth)
            try await Self.check(subject, depth, shows: shown)
            await #expect(
                throws: StoreError.version(
                    .forkedTooOften(Self.version(depth), limit: limits.forkDepthMax)
                )
            ) {
                try await subject.store.fork(
                    .version(Self.version(depth)),
                    to: Self.version(depth + 1),
                    in: subject.namespace
                )
            }
            // It can still be committed, and what is copied begins a chain of its own.
            _ = try await subject.store.commitVersion(Self.version(depth), in: subject.namespace)
            return shown
        }
        try await StoreSubject.with(folder, limits: limits) { subject in
            try await Self.check(subject, depth, shows: shown)
            for number in 0..<depth {
                try await subject.store.deleteVersion(Self.version(number), in: subject.namespace)
            }
            try await subject.store.sweepLines()
            try await Self.check(subject, depth, shows: shown)
            // The last to show what its dropped parents have goes too.
            try await subject.store.deleteVersion(Self.version(depth), in: subject.namespace)
            try await subject.store.sweepLines()
            let usage = try await subject.store.usage(of: subject.namespace)
            #expect(usage.keptObjects == 0 && usage.keptBytes == 0)
        }
    }
}
