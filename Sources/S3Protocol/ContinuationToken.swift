import Checksums

/// The opaque text with which a listing goes on: the last name of the page before.
///
/// The text is hexadecimal, which no client re-encodes on the way back.
public enum ContinuationToken {
    private static let mark = "n1."

    /// Makes the token that goes on after a name.
    public static func after(_ name: String) -> String {
        mark + Hexadecimal.encode(Array(name.utf8))
    }

    /// The name after which a token goes on; nil when it is none of ours.
    public static func name(of token: String) -> String? {
        guard token.utf8.starts(with: mark.utf8), token.utf8.count <= 4096 else { return nil }
        let digits = String(Substring(token.utf8.dropFirst(mark.utf8.count)))
        guard let bytes = Hexadecimal.decode(digits) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The name after which the token of a query goes on; nil when there is none.
    ///
    /// - Throws: ``S3Error/invalidArgument(name:value:)`` when the token is none of ours.
    static func stated(in query: QueryParameters) throws(S3Error) -> String? {
        guard let token = try query.text("continuation-token") else { return nil }
        guard let name = name(of: token) else {
            throw .invalidArgument(name: "continuation-token", value: token)
        }
        return name
    }
}
