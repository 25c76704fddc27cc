import MetadataIndex
import StorageModel

/// What a fork begins with.
public enum ForkSource: Hashable, Sendable {
    /// What a version holds now.
    case version(VersionName)
    /// What was committed.
    case commit(ManifestDigest)
    /// The keys of a folder of the namespace, as they are now; without the `/` at its end.
    case folder(String)
}

/// Something that is to be done to the versions of a namespace.
struct VersionProposal: Sendable {
    let namespace: Namespace
    let action: VersionAction
}

/// What is to be done to versions.
enum VersionAction: Sendable {
    case fork(ForkSource, to: VersionName)
    case commit(VersionName, CommitNote)
    case seal(VersionName, CommitNote)
    case unseal(VersionName)
    case rollBack(VersionName, to: ManifestDigest, from: [ContentHash]?)
    case retag(VersionName, to: String)
    case rename(String, to: String)
    case remove(VersionName)
    case retain(VersionName, commits: Int64?)
    case forget([ManifestDigest])
    case createDraft(VersionName, DraftPlan)
    case commitDraft(VersionName, CommitNote, DraftMerging)
    case discardDraft(VersionName)
    case count(LineID, LineTotal)

    /// About how many keys it concerns: what it costs the index.
    var changedKeyCount: Int {
        switch self {
        case .commitDraft(_, _, .moving(let keys)): max(1, keys)
        case .commitDraft(_, _, .adopting(let plan)): 1 + plan.tallies.count
        case .forget(let digests): max(1, digests.count)
        case .fork, .commit, .seal, .unseal, .rollBack, .retag, .rename, .remove, .retain,
            .createDraft, .discardDraft, .count:
            1
        }
    }
}

/// How what a draft changed becomes part of its version.
enum DraftMerging: Sendable {
    /// Its rows, about so many, go into the version's line.
    case moving(keys: Int)
    /// Its line takes the place of the version's.
    case adopting(AdoptionPlan)
}

/// What somebody says about a commit.
struct CommitNote: Hashable, Sendable {
    let message: String
    let author: PrincipalName?
}

/// A draft that is to be made.
struct DraftPlan: Hashable, Sendable {
    /// What its tag ends with, after that of the version.
    let suffix: String
    /// How long it is kept, in milliseconds.
    let keptMilliseconds: Int64
}
