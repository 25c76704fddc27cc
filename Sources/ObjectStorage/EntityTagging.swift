/// What the entity tag of an object or part that is written is to be.
public enum EntityTagging: Hashable, Sendable {
    /// These characters, without quotes.
    case given(String)
    /// The MD5 of the payload in hexadecimal digits, which the store computes side by side with those
    /// of others that are written at the same time.
    ///
    /// For payloads of at most ``StoreLimits/inlineBytesMax`` bytes, which are in memory then. With a
    /// claim the write is refused with ``StoreError/digestMismatch`` if the bytes have another MD5.
    case md5(claimed: [UInt8]?)

    /// The characters, as far as they are known; none otherwise.
    var text: String {
        switch self {
        case .given(let text): text
        case .md5: ""
        }
    }
}
