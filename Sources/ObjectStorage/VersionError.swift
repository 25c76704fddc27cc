import StorageModel

/// Why something was not done to a version.
public enum VersionError: Error, Hashable, Sendable {
    /// The version is immutable.
    case sealed(VersionName)
    /// No version, or draft, is called that.
    case missing(VersionName)
    /// Not what a version can be called.
    case nameInvalid(String)
    /// The tag is one that drafts alone get.
    case draftTag(VersionName)
    /// No version has the name.
    case nameMissing(String)
    /// A version is called that already.
    case exists(VersionName)
    /// Plain keys of the namespace are in the place of the version.
    case keysInPlace(VersionName)
    /// A folder that was to be forked holds no key.
    case folderEmpty(String)
    /// A folder that was to be forked holds versions of its own.
    case folderHoldsVersions(String)
    /// No commit with the digest is kept.
    case commitMissing(ManifestDigest)
    /// The commit is the newest of a version, and is kept for that.
    case commitInUse(ManifestDigest)
    /// What was asked is for versions, and this is a draft of one.
    case isDraft(VersionName)
    /// What was asked is for drafts, and this is none.
    case isNoDraft(VersionName)
    /// The version that a draft was made of is gone, or was taken back to a commit.
    case baseGone(VersionName)
    /// The draft and its version changed the same keys, each to something else.
    case conflict(DraftConflict)
    /// The version is a fork of a fork, and so on, too many times.
    case forkedTooOften(VersionName, limit: Int)
    /// The message is longer than ``Manifest/messageBytesMax``.
    case messageTooLong(lengthBytes: Int)
    /// The tag is so long that no draft of it can have one.
    case tagTooLong(VersionName)
    /// What was read is there no longer: its version was deleted or rolled back, its draft committed or its
    /// commit forgotten meanwhile.
    case gone(LineID)
    /// What the commit of a draft was prepared for has changed since; the store prepares it again.
    case mergeOutdated(VersionName)
    /// What the version holds has not been counted since it was made of a folder.
    case uncounted(LineID)
}
