import SeededRandom
import StorageModel

@testable import ObjectStorage

/// Draws what writers ask for, from what the store holds.
struct RequestGenerator {
    /// The requests of some writers, to be decided in this order.
    ///
    /// An upload is asked for once at a time; it leaves the model's list for as long.
    static func requests(
        _ random: inout SeededGenerator,
        _ model: inout Model,
        _ subject: SimulatedStore
    ) -> [Request] {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            request(&random, &model, subject)
        }
    }

    private static func request(
        _ random: inout SeededGenerator,
        _ model: inout Model,
        _ subject: SimulatedStore
    ) -> Request {
        let key = random.pick(Workload.keys)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6: return .put(key, Workload.content(key, &random), .none)
        case 6, 7: return .put(key, Workload.content(key, &random), .absent)
        case 8: return .put(key, Workload.content(key, &random), .present)
        case 9:
            guard let held = held(key, model, subject) else { return .delete([key]) }
            return .put(key, Workload.content(key, &random), .holds(held.held))
        case 10, 11: return .delete(random.oneIn(2) ? [key] : [key, random.pick(Workload.keys)])
        case 12:
            guard let held = held(key, model, subject) else { return .delete([key]) }
            return .deleteIf(key, held.held)
        case 13, 14:
            guard let held = held(key, model, subject) else { return .beginUpload(key) }
            let target = random.pick(Workload.keys)
            return .copy(held.entry, held.held, from: key, to: target)
        default: return upload(key, &random, &model)
        }
    }

    private static func upload(
        _ key: String,
        _ random: inout SeededGenerator,
        _ model: inout Model
    ) -> Request {
        guard !model.uploads.isEmpty, model.uploads.count > 3 || !random.oneIn(4) else {
            return .beginUpload(key)
        }
        let open = model.uploads.remove(
            at: Int.random(in: 0..<model.uploads.count, using: &random)
        )
        guard open.part != nil, !random.oneIn(3) else {
            if random.oneIn(8) { return .abortUpload(open) }
            return .putPart(open, Workload.content(open.key, &random))
        }
        return .completeUpload(open)
    }

    /// What a key holds, if it is known and can be looked up.
    private static func held(
        _ key: String,
        _ model: Model,
        _ subject: SimulatedStore
    ) -> (held: Request.Held, entry: ObjectEntry)? {
        guard model.contents(key).count == 1, let content = model.known(key),
            let entry = try? subject.store.lookUp(
                ObjectKey(trusted: key),
                in: subject.namespace
            )
        else { return nil }
        let held = Request.Held(
            tag: entry.entityTag,
            content: content,
            version: model.version(key)
        )
        return (held, entry)
    }
}
