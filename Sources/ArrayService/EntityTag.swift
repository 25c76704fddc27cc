import ArrayStorage
import HTTPServing

/// The entity tag of one form of a region.
///
/// Source: RFC 9110, section 8.8.3.
struct EntityTag: Hashable, Sendable {
    /// The tag without quotes, of the content as it is.
    private let content: String
    private var encoding: ContentEncoding?

    /// The tag of a region's content in one format.
    init(_ tag: ContentTag, _ format: String) {
        content = "\(tag.hexadecimal)-\(format)"
    }

    /// The tag as headers carry it.
    var field: String {
        encoding.map { "\"\(content)-\($0.rawValue)\"" } ?? "\"\(content)\""
    }

    /// The tag of the same content in an encoding.
    func encoded(_ encoding: ContentEncoding?) -> Self {
        var tag = self
        tag.encoding = encoding
        return tag
    }

    /// Whether the client has this content already, in any encoding.
    ///
    /// Source: RFC 9110, section 13.1.2; the comparison is weak.
    func isKnown(to request: HTTPRequest) -> Bool {
        let known = request.headers[canonicalForm: "if-none-match"]
        let fields =
            [encoded(nil).field] + ContentEncoding.allCases.map { encoded($0).field }
        return known.contains { text in
            var tag = text
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == "*" || fields.contains(String(tag))
        }
    }
}
