import NIOCore
import StorageModel
import Synchronization

@testable import ObjectStorage

extension SimulatedStore {
    /// Carries out requests of several writers, whose bytes come in between each other's and whose
    /// changes the committer finds together, in order.
    ///
    /// - Parameters:
    ///   - requests: What each writer asks for.
    ///   - meanwhile: Runs while all wait to be decided.
    /// - Returns: The answer of each.
    func perform(
        _ requests: [Request],
        meanwhile: () async -> Void
    ) async -> [Request.Answer] {
        let staged = await stageTogether(requests.map(\.content))
        store.queue.hold()
        let ended = EndedCount()
        return await withTaskGroup(of: (Int, Request.Answer).self) { group in
            for (number, request) in requests.enumerated() {
                let payload = staged[number]
                group.addTask {
                    let answer = await perform(request, payload)
                    ended.value.add(1, ordering: .releasing)
                    return (number, answer)
                }
                // One after the other, or the order in the batch would be chance.
                while store.queue.count + ended.value.load(ordering: .acquiring) <= number {
                    await Task.yield()
                }
            }
            await meanwhile()
            store.queue.release()
            var answers = [Request.Answer](repeating: .success(.done), count: requests.count)
            for await (number, answer) in group { answers[number] = answer }
            return answers
        }
    }

    private final class EndedCount: Sendable {
        let value = Atomic(0)
    }

    /// Stages payloads in halves, all first halves before the second.
    private func stageTogether(
        _ contents: [Content?]
    ) async -> [Result<StagedPayload, StoreError>?] {
        let stages = contents.map { $0 == nil ? nil : store.stagePayload() }
        var failures: [Int: StoreError] = [:]
        for half in 0...1 {
            for (number, stage) in stages.enumerated() where failures[number] == nil {
                guard let stage, let bytes = contents[number]?.bytes else { continue }
                let middle = bytes.count / 2
                let piece = half == 0 ? bytes[..<middle] : bytes[middle...]
                do throws(StoreError) {
                    try await stage.append(ByteBuffer(bytes: piece))
                } catch {
                    failures[number] = error
                }
                // What is written behind the caller's back is written by now.
                _ = try? await store.diskPool.run {}
            }
        }
        var staged: [Result<StagedPayload, StoreError>?] = []
        for (number, stage) in stages.enumerated() {
            guard let stage else {
                staged.append(nil)
                continue
            }
            do throws(StoreError) {
                if let failure = failures[number] { throw failure }
                staged.append(.success(try await stage.finish()))
            } catch {
                await stage.discard()
                staged.append(.failure(error))
            }
        }
        return staged
    }

    private func perform(
        _ request: Request,
        _ staged: Result<StagedPayload, StoreError>?
    ) async -> Request.Answer {
        do throws(StoreError) {
            return .success(try await carryOut(request, try staged?.get()))
        } catch {
            return .failure(error)
        }
    }

    private func carryOut(
        _ request: Request,
        _ payload: StagedPayload?
    ) async throws(StoreError) -> Request.Outcome {
        switch request {
        case .put(let key, let content, let condition):
            guard let payload else { return .done }
            _ = try await store.put(
                ObjectKey(trusted: key),
                in: namespace,
                payload,
                entityTag: tagging(content.bytes),
                precondition: condition.precondition
            )
        case .delete(let keys):
            _ = try await store.delete(keys.map(ObjectKey.init(trusted:)), in: namespace)
        case .deleteIf(let key, let held):
            _ = try await store.delete(
                ObjectKey(trusted: key),
                in: namespace,
                precondition: .entityTag(held.tag)
            )
        case .copy(let entry, _, _, let target):
            _ = try await store.copy(
                from: entry,
                to: ObjectKey(trusted: target),
                in: namespace,
                attributes: ObjectAttributes(),
                checksums: []
            )
        case .beginUpload(let key):
            return .upload(
                try await store.createUpload(ObjectKey(trusted: key), in: namespace)
            )
        case .putPart, .completeUpload, .abortUpload:
            return try await carryOutUpload(request, payload)
        }
        return .done
    }

    private func carryOutUpload(
        _ request: Request,
        _ payload: StagedPayload?
    ) async throws(StoreError) -> Request.Outcome {
        switch request {
        case .putPart(let open, let content):
            guard let payload else { return .done }
            let part = try await store.putPart(
                1,
                of: open.upload,
                in: namespace,
                payload,
                entityTag: tagging(content.bytes)
            )
            return .part(PartReference(number: 1, entityTag: part.entityTag))
        case .completeUpload(let open):
            _ = try await store.completeUpload(
                open.upload.id,
                key: open.upload.key,
                in: namespace,
                parts: open.part.map { [$0] } ?? []
            )
        case .abortUpload(let open):
            try await store.abortUpload(open.upload.id, key: open.upload.key, in: namespace)
        case .put, .delete, .deleteIf, .copy, .beginUpload: break
        }
        return .done
    }
}

extension Request.Condition {
    fileprivate var precondition: WritePrecondition {
        switch self {
        case .none: .none
        case .absent: .absent
        case .present: .present
        case .holds(let held): .entityTag(held.tag)
        }
    }
}
