import DiskIO
import Foundation
import SeededRandom
import StorageModel

@testable import ObjectStorage

/// One life of a store that flushes its log later than it answers: from opening to the end of the
/// steps, of the power, or of the process.
struct RelaxedLife {
    /// What happens in a life.
    enum Event: Sendable {
        case step(Step)
        case flush
    }

    var history: RelaxedHistory
    private let subject: SimulatedStore
    private let clock = SimulatedStore.Clock()

    /// Steps of a workload with a flush after every fourth, by chance.
    static func events(seed: UInt64, _ steps: [Step]) -> [Event] {
        var random = SeededGenerator(seed: seed &* 7)
        return steps.flatMap { step -> [Event] in
            random.oneIn(4) ? [.step(step), .flush] : [.step(step)]
        }
    }

    init(_ subject: SimulatedStore, from state: RelaxedHistory.State) {
        self.subject = subject
        history = RelaxedHistory(state)
    }

    /// Lives through events until one is cut off.
    mutating func live(_ events: [Event]) async throws {
        for event in events {
            switch event {
            case .flush:
                do {
                    try subject.store.volume.flush()
                    history.flush()
                } catch {
                    return
                }
            case .step(let step): guard try await perform(step) else { return }
            }
            subject.settle()
        }
    }

    private static func isCut(_ error: any Error) -> Bool {
        switch error {
        case StoreError.volumeFailed, StoreError.indexFailed: true
        default: false
        }
    }

    private mutating func perform(_ step: Step) async throws -> Bool {
        let store = subject.store
        let subject = subject
        switch step {
        case .put(let key, let content):
            return await attempt([(key, content)]) { try await subject.put(key, content) }
        case .delete(let keys):
            return await attempt(keys.map { ($0, nil) }) {
                _ = try await store.delete(
                    keys.map(ObjectKey.init(trusted:)),
                    in: subject.namespace
                )
            }
        case .copy(let source, let target): return try await copy(source, target)
        case .batch(let writes):
            var goesOn = true
            for (write, result) in zip(writes, await subject.putTogether(writes)) {
                switch result {
                case .success: history.acknowledge([(write.key, write.content)])
                case .failure(let error) where Self.isCut(error):
                    history.leaveOpen([(write.key, write.content)])
                    goesOn = false
                case .failure: break
                }
            }
            return goesOn
        case .together(let writes, let deleted):
            let changes =
                writes.map { (key: $0.key, content: Optional($0.content)) }
                + deleted.map { (key: $0, content: nil) }
            return await attempt(changes) {
                try await subject.write(writes, deleting: deleted)
            }
        case .upload(let key, let first, let last):
            return await attempt([(key, last)]) {
                let (upload, part) = try await subject.uploadPart(key, [first, last])
                _ = try await store.completeUpload(
                    upload.id,
                    key: ObjectKey(trusted: key),
                    in: subject.namespace,
                    parts: [part]
                )
            }
        case .abandonedUpload(let key, let content):
            return await attempt([]) { _ = try await subject.uploadPart(key, [content]) }
        case .copyIndex: return true
        case .snapshot: return await attempt([]) { try await store.takeSnapshot() }
        case .clean(let depth):
            return await attempt([]) { _ = try await store.reclaimer.perform(.clean(depth)) }
        case .expire:
            clock.advance(days: 8)
            return await attempt([]) { _ = try await store.expireUploads() }
        }
    }

    private mutating func attempt(
        _ contents: [(key: String, content: Content?)],
        _ body: () async throws -> Void
    ) async -> Bool {
        do {
            try await body()
            if !contents.isEmpty { history.acknowledge(contents) }
            return true
        } catch {
            guard Self.isCut(error) else { return true }
            history.leaveOpen(contents)
            return false
        }
    }

    private mutating func copy(_ source: String, _ target: String) async throws -> Bool {
        let subject = subject
        let key = ObjectKey(trusted: source)
        guard let entry = try subject.store.lookUp(key, in: subject.namespace),
            let content = history.present[source]
        else { return true }
        return await attempt([(target, content)]) {
            _ = try await subject.store.copy(
                from: entry,
                to: ObjectKey(trusted: target),
                in: subject.namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
        }
    }
}
