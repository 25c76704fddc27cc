import HTTPServing
import NIOCore
import NIOHTTP1
import S3Protocol
import StorageModel

/// Bytes with an entity tag, and how to answer a request for them.
struct TaggedBytes: Sendable {
    /// The tag without quotes.
    let entityTag: String
    /// When they were written; nil of what is made of more than one object, where conditions on the time
    /// would miss a change.
    let modified: WallTime?
    /// How many there are.
    let byteCount: Int64
    /// What they are.
    let kind: Kind
    /// The coding that they were stored with, if any.
    var contentEncoding: String?

    /// What the bytes are.
    enum Kind: Sendable {
        /// A JSON document, which is given whole: a part of one is none.
        case document
        /// A chunk, of which readers of shards ask for parts.
        case chunk

        var contentType: String {
            switch self {
            case .document: "application/json"
            case .chunk: "application/octet-stream"
            }
        }
    }
}

/// The answer to a conditional read of a range: which bytes, with which status and header fields.
///
/// Source: RFC 9110, sections 13 and 14.
struct ConditionalAnswer: Sendable {
    /// The bytes that are asked for.
    let range: Range<Int64>

    private let status: HTTPResponseStatus
    private var headers: HTTPHeaders

    /// Whether the answer needs the bytes: it is neither to HEAD nor a 304.
    let hasBody: Bool

    /// Decides the answer.
    ///
    /// - Throws: ``ArrayServiceError/view(_:)`` for a condition that does not hold, or a range outside
    ///   of the bytes.
    init(_ request: HTTPRequest, _ bytes: TaggedBytes) throws(ArrayServiceError) {
        let untimed = bytes.modified == nil ? ["if-modified-since", "if-unmodified-since"] : []
        let fields = HeaderList(
            request.headers.map { ($0.name, $0.value) }
                .filter { !untimed.contains($0.0.lowercased()) }
        )
        headers = [
            "ETag": "\"\(bytes.entityTag)\"",
            "Cache-Control": "no-cache",
        ]
        if let modified = bytes.modified {
            headers.add(name: "Last-Modified", value: HTTPDate.imfFixdate(modified))
        }
        switch ReadConditions(readHeaders: fields).evaluate(
            entityTag: bytes.entityTag,
            modified: bytes.modified ?? WallTime(milliseconds: 0)
        ) {
        case .proceed: break
        case .notModified:
            status = .notModified
            range = 0..<0
            hasBody = false
            return
        case .failed(let header): throw .view(.preconditionFailed(header: header))
        }
        headers.add(name: "Accept-Ranges", value: bytes.kind == .chunk ? "bytes" : "none")
        headers.add(name: "Content-Type", value: bytes.kind.contentType)
        if let encoding = bytes.contentEncoding {
            headers.add(name: "Content-Encoding", value: encoding)
        }
        switch RangeHeader.select(
            Self.rangeCounts(fields, bytes) ? fields["range"] : nil,
            sizeBytes: bytes.byteCount
        ) {
        case .whole:
            status = .ok
            range = 0..<bytes.byteCount
        case .part(let part):
            status = .partialContent
            range = part
            headers.add(
                name: "Content-Range",
                value: "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(bytes.byteCount)"
            )
        case .unsatisfiable: throw .view(.rangeUnsatisfiable(bytes: bytes.byteCount))
        }
        hasBody = request.method != .HEAD
        if !hasBody { headers.add(name: "Content-Length", value: String(range.count)) }
    }

    /// The answer without the bytes, where it needs none.
    var bodiless: HTTPResponse { response(.none) }

    /// The answer with the bytes of its range.
    func response(_ body: HTTPResponseBody) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body)
    }

    /// Whether the `Range` header is to be followed: for chunks, and with `If-Range` only if the bytes are
    /// still those that it names.
    private static func rangeCounts(_ fields: HeaderList, _ bytes: TaggedBytes) -> Bool {
        guard bytes.kind == .chunk else { return false }
        guard let condition = fields["if-range"] else { return true }
        if let date = HTTPDate.parse(condition) { return date == bytes.modified?.seconds }
        return EntityTagCondition.matches(
            condition,
            entityTag: bytes.entityTag,
            comparison: .strong
        )
    }
}
