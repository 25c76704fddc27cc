/// A name or key that breaks the rules of its kind.
public enum NameError: Error, Hashable, Sendable {
    /// A namespace name that S3's bucket naming rules do not allow.
    case namespaceNameInvalid(String)
    /// An object key of no bytes.
    case keyEmpty
    /// An object key longer than ``ObjectKey/lengthBytesMax``.
    case keyTooLong(lengthBytes: Int)
    /// An object key with a NUL, an empty segment, or a segment that is `.` or `..`.
    case keyNotAddressable
    /// Bytes that are not UTF-8.
    case notUTF8
    /// A principal name outside `[A-Za-z0-9_.-]{1,64}`.
    case principalNameInvalid(String)
    /// Not the name and tag of a version; see ``VersionName``.
    case versionNameInvalid(String)
    /// Not `sha256:` with 64 hexadecimal digits.
    case manifestDigestInvalid(String)
}
