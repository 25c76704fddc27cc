/// Bytes that are not what their format says.
public enum FormatError: Error, Hashable, Sendable {
    /// The bytes end within a structure of `neededBytes`.
    case truncated(neededBytes: Int64, foundBytes: Int64)
    /// The first bytes are not the format's mark.
    case magicWrong
    /// The structure has a version that this program does not know.
    case versionUnknown(UInt64)
    /// The checksum over the structure differs.
    case checksumWrong
    /// A field has a value outside its range.
    case fieldInvalid(FormatField)
    /// The label's text is not of its grammar.
    case textInvalid(offset: Int)
}

/// A field of a format, for messages.
public enum FormatField: Hashable, Sendable {
    case format, version, volumeID, naveID, created, position, durablePosition, kind, reserved
    case bodyBytes, payloadBytes, blockBytes, blockCount, blobID, blobCount, checksum
    case originID, epoch, copies, members, log, behind, thin, forgotten
}
