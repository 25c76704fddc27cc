/// Bytes that are not a change this version can read.
public enum ChangeFormatError: Error, Hashable, Sendable {
    /// The bytes end within a field.
    case truncated(offset: Int)
    /// Bytes follow the last field.
    case trailingBytes(count: Int)
    /// The encoding has a version that this program does not know.
    case versionUnknown(Int)
    /// A field has a value outside its range.
    case valueInvalid(field: ChangeField, offset: Int)
}

/// A field of an encoded change, for messages.
public enum ChangeField: Hashable, Sendable {
    case number, text, kind, namespaceName, access, dialect, nodeKind, checksumAlgorithm
    case checksumScope, presence, runKind, runLength, partNumber, originKind, ownerKind
    case sealing, digest
}
