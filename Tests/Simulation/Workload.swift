import SeededRandom
import StorageModel

@testable import ObjectStorage

/// One step of a workload: what a client, or several at once, ask for.
enum Step: Sendable {
    case put(String, Content)
    case delete([String])
    case copy(from: String, to: String)
    /// Written by several clients so that the committer finds them together.
    case batch([(key: String, content: Content)])
    /// Written and deleted by one change, all or nothing; no key is named twice.
    case together([(key: String, content: Content)], deleting: [String])
    /// An upload of one part that is uploaded twice, completed at once.
    case upload(String, first: Content, last: Content)
    /// An upload with a part that is never completed.
    case abandonedUpload(String, Content)
    /// The index is copied aside, to be found in this state later.
    case copyIndex
    /// The index is copied into the volume.
    case snapshot
    /// What the log holds without need is given back, as far as that goes or with little copying.
    case clean(CleaningPlan.Depth)
    /// Days pass, and uploads that were abandoned are aborted.
    case expire

    /// The keys that the step may change.
    var keys: [String] {
        switch self {
        case .put(let key, _), .copy(_, let key), .upload(let key, _, _): [key]
        case .delete(let keys): keys
        case .batch(let writes): writes.map(\.key)
        case .together(let writes, let deleted): writes.map(\.key) + deleted
        case .abandonedUpload, .copyIndex, .snapshot, .clean, .expire: []
        }
    }
}

/// The bytes of an object, in short.
enum Content: Hashable, Sendable {
    /// So many bytes that follow from a seed.
    case noise(Int, seed: UInt64)
    /// The metadata of a group.
    case group
    /// The metadata of an array.
    case array

    var bytes: [UInt8] {
        switch self {
        case .group: return Array(#"{"zarr_format":3,"node_type":"group"}"#.utf8)
        case .array: return Array(Self.arrayText.utf8)
        case .noise(let count, let seed):
            var random = SeededGenerator(seed: seed)
            return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }

    private static let arrayText = """
        {"zarr_format":3,"node_type":"array","shape":[100],"data_type":"uint8",
        "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[10]}},
        "chunk_key_encoding":{"name":"default"},"fill_value":0,"codecs":[{"name":"bytes"}],
        "attributes":{}}
        """
}

/// The steps that follow from a seed.
enum Workload {
    /// Every key that any step may name.
    static let keys = [
        "a", "b", "d/1", "d/2", "m:v0/c/0", "m:v0/c/1", "m:v0/zarr.json", "p/zarr.json",
    ]

    static func steps(seed: UInt64, count: Int) -> [Step] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in step(&random) }
    }

    private static func step(_ random: inout SeededGenerator) -> Step {
        let key = random.pick(keys)
        switch Int.random(in: 0..<18, using: &random) {
        case 16, 17: return together(&random) { content($0, &$1) }
        case 0..<5: return .put(key, content(key, &random))
        case 5..<7: return .delete([key, random.pick(keys)])
        case 7..<9: return .copy(from: random.pick(keys), to: key)
        case 9..<11:
            let writes = (0..<Int.random(in: 2...4, using: &random)).map { _ in
                let key = random.pick(keys)
                return (key: key, content: content(key, &random))
            }
            return .batch(writes)
        case 11:
            return .upload(key, first: content(key, &random), last: content(key, &random))
        case 12: return .abandonedUpload(key, content(key, &random))
        case 13: return .copyIndex
        case 14: return .snapshot
        default: return .clean(.deep)
        }
    }

    /// Steps in which much is replaced and deleted and every third gives room back.
    static func cleaningSteps(seed: UInt64, count: Int) -> [Step] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            if number % 3 == 2 {
                return random.pick(
                    [.clean(.deep), .clean(.shallow), .clean(.shallow), .snapshot, .expire]
                )
            }
            let key = random.pick(keys)
            switch Int.random(in: 0..<14, using: &random) {
            case 12, 13: return together(&random) { logged(&$1) }
            case 0..<7:
                let writes = (0..<Int.random(in: 3...6, using: &random)).map { _ in
                    (key: random.pick(keys), content: logged(&random))
                }
                return .batch(writes)
            case 7: return .delete([key, random.pick(keys)])
            case 8: return .upload(key, first: logged(&random), last: logged(&random))
            case 9, 10: return .abandonedUpload(key, logged(&random))
            default: return step(&random)
            }
        }
    }

    /// Some keys that are written and some that are deleted by one change.
    private static func together(
        _ random: inout SeededGenerator,
        _ content: (String, inout SeededGenerator) -> Content
    ) -> Step {
        let chosen = keys.shuffled(using: &random).prefix(Int.random(in: 2...6, using: &random))
        let writes = chosen.dropLast(chosen.count / 3).map { key in
            (key: key, content: content(key, &random))
        }
        // What a change opens it does not delete.
        let opens = writes.contains { $0.key == "m:v0/zarr.json" }
        let deleted = chosen.suffix(chosen.count / 3).filter { !opens || !$0.hasPrefix("m:v0/") }
        return .together(writes, deleting: Array(deleted))
    }

    /// Bytes that mostly stay in the log.
    private static func logged(_ random: inout SeededGenerator) -> Content {
        .noise(random.pick([100, 300, 450, 480, 600]), seed: random.next())
    }

    /// Bytes that stay in the log, bytes that get a blob, and metadata where it belongs.
    static func content(_ key: String, _ random: inout SeededGenerator) -> Content {
        if key.hasSuffix("zarr.json"), !random.oneIn(4) {
            return random.oneIn(2) ? .group : .array
        }
        let count = random.pick([0, 5, 300, 600, 3000])
        let seed = random.next()
        return .noise(count, seed: count == 0 ? 0 : seed)
    }
}
