import HTTPServing
import NIOHTTP1

/// Which bytes of an answer a client asks for.
///
/// Source: RFC 9110, section 14.
enum ByteRange: Hashable, Sendable {
    /// All of them; also where the header is none that has to be understood.
    case whole
    /// Some of them, never none.
    case part(Range<Int>)
    /// None that there are.
    case unsatisfiable

    /// Reads the `Range` of a request; several ranges are answered with the whole.
    ///
    /// - Parameters:
    ///   - request: The request; `If-Range` is held against `tag`.
    ///   - byteCount: The length of the whole.
    ///   - tag: The entity tag of the whole, with its quotes, if it has one.
    init(_ request: HTTPRequest, byteCount: Int, tag: String?) {
        self = .whole
        guard request.method == .GET, let field = request.headers.first(name: "range") else {
            return
        }
        if let condition = request.headers.first(name: "if-range"), condition != tag { return }
        let text = field.filter { $0 != " " && $0 != "\t" }.lowercased()
        guard text.hasPrefix("bytes=") else { return }
        let bounds = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, !bounds[1].contains(",") else { return }
        let (first, last) = (Self.number(bounds[0]), Self.number(bounds[1]))
        switch (first, last) {
        case (let first?, _) where bounds[1].isEmpty:
            self = first < byteCount ? .part(first..<byteCount) : .unsatisfiable
        case (let first?, let last?) where first <= last:
            let upper = last < byteCount ? last + 1 : byteCount
            self = first < byteCount ? .part(first..<upper) : .unsatisfiable
        case (nil, let suffix?) where bounds[0].isEmpty:
            let length = min(suffix, byteCount)
            self = length > 0 ? .part((byteCount - length)..<byteCount) : .unsatisfiable
        default: return
        }
    }

    /// A number of digits alone; one that is too large is the largest.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }
}
