import Compression

/// How an answer is compressed on its way.
enum ContentEncoding: String, Hashable, Sendable, CaseIterable {
    case zstandard = "zstd"
    case gzip
    case lz4

    /// The format of the compressed bytes.
    var format: StreamCompressor.Format {
        switch self {
        case .zstandard: .zstandard
        case .gzip: .gzip
        case .lz4: .lz4
        }
    }

    /// What a client calls it; nil where it has to be called by its name.
    ///
    /// `lz4` is not registered, so `*` cannot mean it, and who takes others as gladly gets those.
    ///
    /// Source: IANA HTTP Content Coding Registry; RFC 9110, section 12.5.3.
    private var wildcard: String? {
        switch self {
        case .zstandard, .gzip: "*"
        case .lz4: nil
        }
    }

    /// What kind of content is to be compressed.
    enum Content {
        /// Text, which always gets shorter by far.
        case text
        /// Elements as they are; gzip takes longer for them than most networks.
        case elements
    }

    /// The best encoding that a client takes, or nil to send the content as it is.
    ///
    /// Among equals Zstandard comes first and LZ4 last. Libraries of many languages list `gzip` with `deflate` on
    /// their own account, on fast networks too, where it only costs time; so elements come with gzip
    /// only where the list does not name `deflate`, which is where somebody wrote it.
    ///
    /// Source: RFC 9110, section 12.5.3.
    init?(acceptEncoding: String?, content: Content) {
        guard let acceptEncoding else { return nil }
        let weights = AcceptWeights(acceptEncoding)
        let identity = weights["identity"] ?? 0.0001
        var best: (encoding: Self, weight: Double)?
        for encoding in Self.allCases {
            let names = encoding == .gzip ? ["gzip", "x-gzip"] : [encoding.rawValue]
            let named = names.compactMap { weights[$0] }.max()
            guard let weight = named ?? encoding.wildcard.flatMap({ weights[$0] }) else {
                continue
            }
            if encoding == .gzip, case .elements = content, weights["deflate"] != nil { continue }
            if weight > 0, weight >= identity, weight > best?.weight ?? 0 {
                best = (encoding, weight)
            }
        }
        guard let best else { return nil }
        self = best.encoding
    }
}
