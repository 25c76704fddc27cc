import Checksums
import StorageModel

/// The user and password of HTTP Basic authentication; with Nave, an access key and its secret.
///
/// Source: RFC 7617.
public struct BasicCredentials: Hashable, Sendable {
    /// The longest header value that is read, in bytes.
    public static let headerBytesMax = 1024

    /// The user: everything before the first colon.
    public let user: String
    /// The password: everything after it.
    public let password: String

    /// Reads the value of an `Authorization` header; `nil` if it is not Basic, not strict base64,
    /// not UTF-8, has no colon or is longer than ``headerBytesMax``.
    public static func parse(_ header: String) -> BasicCredentials? {
        guard header.utf8.count <= headerBytesMax else { return nil }
        let pieces = header.split(separator: " ", omittingEmptySubsequences: true)
        guard pieces.count == 2, pieces[0].lowercased() == "basic" else { return nil }
        guard let bytes = Base64.decode(String(pieces[1])) else { return nil }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        guard let user = String(validating: bytes[..<colon], as: UTF8.self) else { return nil }
        guard let password = String(validating: bytes[(colon + 1)...], as: UTF8.self) else {
            return nil
        }
        return BasicCredentials(user: user, password: password)
    }

    /// Whether these are a principal's keys; takes the same time wherever the secrets differ.
    public func matches(_ principal: Principal) -> Bool {
        user.utf8.elementsEqual(principal.accessKey.utf8)
            && ConstantTime.equals(Array(password.utf8), Array(principal.secretKey.utf8))
    }
}
