import SeededRandom
import StorageModel

@testable import ObjectStorage

/// What somebody asks of a store with versions.
enum VersionRequest: Sendable {
    case put(String, Content)
    case delete(String)
    case fork(ForkSource, VersionName)
    case commit(VersionName, String)
    case seal(VersionName)
    case unseal(VersionName)
    case rollBack(VersionName, ManifestDigest)
    case retain(VersionName, Int?)
    case forget(ManifestDigest)
    case retag(VersionName, String)
    case remove(VersionName)
    case createDraft(VersionName)
    case commitDraft(VersionName)
    case discardDraft(VersionName)
    /// What nothing shows any more is freed.
    case sweep
    /// What the log holds without need is given back.
    case clean
    /// The index is copied aside, or into the volume.
    case copyIndex
    case snapshot

    /// Draws one from what the store holds.
    static func random(_ random: inout SeededGenerator, _ model: VersionModel) -> VersionRequest {
        let version = random.pick(names)
        let drafts = model.branches.filter { $0.value.base != nil }.keys.sorted()
        let digests = model.commits.keys.sorted()
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<13: return .put(key(&random, drafts), content(&random))
        case 13..<18: return .delete(key(&random, drafts))
        case 18, 19: return .fork(.version(random.pick(names)), version)
        case 20 where !digests.isEmpty: return .fork(.commit(random.pick(digests)), version)
        case 21: return .fork(.folder("p"), version)
        case 22..<25: return .commit(version, random.pick(["", "why", "\"quoted\"\n"]))
        case 25: return .seal(version)
        case 26: return .unseal(version)
        case 27 where !digests.isEmpty: return .rollBack(version, random.pick(digests))
        case 28: return .retain(version, random.pick([nil, 1, 2]))
        case 29 where !digests.isEmpty: return .forget(random.pick(digests))
        case 30: return .retag(version, random.pick(names).tag)
        case 31: return .remove(version)
        case 32, 33: return .createDraft(version)
        case 34...35 where !drafts.isEmpty: return .commitDraft(random.pick(drafts))
        case 36 where !drafts.isEmpty: return .discardDraft(random.pick(drafts))
        case 37: return .sweep
        case 38: return .clean
        default: return random.pick([.copyIndex, .snapshot, .sweep])
        }
    }

    static let names = ["v0", "v1", "v2"].map { VersionName(trustedName: "m", tag: $0) }
    static let relativeKeys = ["zarr.json", "c/0", "c/1", "g/zarr.json", "g/c/0", "note"]

    private static func key(
        _ random: inout SeededGenerator,
        _ drafts: [VersionName]
    ) -> String {
        let key = random.pick(relativeKeys)
        if !drafts.isEmpty, random.oneIn(3) { return random.pick(drafts).keyPrefix + key }
        if random.oneIn(4) { return "p/" + key }
        return random.pick(names).keyPrefix + key
    }

    private static func content(_ random: inout SeededGenerator) -> Content {
        if random.oneIn(3) { return random.oneIn(3) ? .group : .array }
        return .noise(random.pick([5, 300, 600]), seed: UInt64.random(in: 0..<4, using: &random))
    }
}
