import HTTPServing
import NIOHTTP1
import S3Protocol
import StorageModel

/// The answer to a read of an object: which bytes, with which status and header fields.
///
/// What it is decided from is borrowed: an initialiser's parameters are copies otherwise, and those of
/// the entry, the request and the exchange count up and down some thirty references.
struct ReadAnswer {
    /// The bytes of the object that are asked for.
    let range: Range<Int64>

    private let status: HTTPResponseStatus
    /// An array rather than `HTTPHeaders`, which looks at every name that is added.
    private var fields: [(String, String)]

    /// Whether the answer to GetObject has a body; a 304 has none.
    var hasBody: Bool { status != .notModified }

    /// Decides the answer to a read of an object that is there.
    ///
    /// - Throws: ``S3Error/preconditionFailed(header:)``,
    ///   ``S3Error/invalidRange(requested:sizeBytes:)`` or
    ///   ``S3Error/invalidPartNumber(requested:available:)``; ``S3Error/invalidRequest(_:)`` when
    ///   nobody signed the headers that the query sets.
    init(
        _ request: borrowing ReadRequest,
        _ entry: borrowing ObjectEntry,
        _ exchange: borrowing Exchange
    ) throws(S3Error) {
        guard request.overrides.isEmpty || exchange.caller != nil else {
            throw .invalidRequest(.signedRequestNeeded)
        }
        var fields = exchange.baseFields(
            reserving: 8 + entry.attributes.systemHeaders.count
                + entry.attributes.userMetadata.count
        )
        fields.append(("ETag", Exchange.quoted(entry.entityTag)))
        fields.append(("Last-Modified", HTTPDate.imfFixdate(entry.modified)))
        switch request.conditions.evaluate(entityTag: entry.entityTag, modified: entry.modified) {
        case .proceed: break
        case .notModified:
            status = .notModified
            range = 0..<0
            self.fields = fields
            return
        case .failed(let header): throw .preconditionFailed(header: header)
        }
        let selection = try ReadSelection(request, entry)
        fields.append(("Accept-Ranges", "bytes"))
        range = selection.range
        if selection.isPartial {
            status = .partialContent
            fields.append(("Content-Range", selection.contentRange))
        } else {
            status = .ok
        }
        if let count = selection.partCount {
            fields.append(("x-amz-mp-parts-count", String(count)))
        }
        Self.add(entry.attributes, request.overrides, to: &fields)
        switch request.checksums {
        case .omitted: break
        case .included:
            for checksum in selection.checksums {
                for field in Exchange.checksumFields(checksum) {
                    fields.append((field.name, field.value))
                }
            }
        }
        self.fields = fields
    }

    /// States the length of the body in a header, for an answer to HeadObject.
    mutating func stateLength() {
        guard hasBody else { return }
        fields.append(("Content-Length", String(range.count)))
    }

    /// The answer with a body.
    func response(_ body: HTTPResponseBody) -> HTTPResponse {
        HTTPResponse(status: status, headers: HTTPHeaders(fields), body: body)
    }

    private static func add(
        _ attributes: ObjectAttributes,
        _ overrides: [HeaderField],
        to all: inout [(String, String)]
    ) {
        var hasContentType = false
        for field in overrides {
            hasContentType = hasContentType || field.name == "content-type"
            all.append((wireName(field.name), field.value))
        }
        for field in attributes.systemHeaders
        where !overrides.contains(where: { $0.name == field.name }) {
            hasContentType = hasContentType || field.name == "content-type"
            all.append((wireName(field.name), field.value))
        }
        if !hasContentType {
            all.append(("Content-Type", "binary/octet-stream"))
        }
        for field in attributes.userMetadata {
            all.append((ObjectAttributes.userMetadataPrefix + field.name, field.value))
        }
    }

    /// A system header's name as S3 writes it.
    private static func wireName(_ name: String) -> String {
        switch name {
        case "content-type": "Content-Type"
        case "content-encoding": "Content-Encoding"
        case "content-language": "Content-Language"
        case "content-disposition": "Content-Disposition"
        case "cache-control": "Cache-Control"
        case "expires": "Expires"
        default: name
        }
    }
}

/// The bytes of an object that a read selects.
private struct ReadSelection {
    let range: Range<Int64>
    let isPartial: Bool
    let sizeBytes: Int64
    /// How many parts the object has, when one of them is asked for.
    let partCount: Int?
    /// The checksums of the selected bytes, as far as they are kept.
    let checksums: [ObjectChecksum]

    var contentRange: String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(sizeBytes)"
    }

    init(_ request: borrowing ReadRequest, _ entry: borrowing ObjectEntry) throws(S3Error) {
        sizeBytes = entry.sizeBytes
        if let number = request.partNumber {
            range = try Self.part(number, of: entry)
            isPartial = !range.isEmpty
            partCount = entry.parts.isEmpty ? nil : entry.parts.count
            checksums =
                entry.parts.isEmpty
                ? entry.checksums
                : Self.checksums(ofPart: number, entry.parts, entry.checksums)
            return
        }
        partCount = nil
        let text = Self.rangeCounts(request, entry) ? request.range : nil
        switch RangeHeader.select(text, sizeBytes: sizeBytes) {
        case .whole:
            range = 0..<sizeBytes
            isPartial = false
            checksums = entry.checksums
        case .part(let part):
            range = part
            isPartial = true
            checksums = []
        case .unsatisfiable:
            throw .invalidRange(requested: text ?? "", sizeBytes: sizeBytes)
        }
    }

    /// The checksum of a part; its type is told as that of the whole, as S3 does.
    private static func checksums(
        ofPart number: Int,
        _ parts: [CompletedPart],
        _ ofWhole: [ObjectChecksum]
    ) -> [ObjectChecksum] {
        parts.filter { $0.number == number }.compactMap(\.checksum).map { checksum in
            let whole = ofWhole.first { $0.algorithm == checksum.algorithm }
            return ObjectChecksum(
                algorithm: checksum.algorithm,
                scope: whole?.scope ?? checksum.scope,
                text: checksum.text
            )
        }
    }

    /// Whether the `Range` header is to be followed; with `If-Range` only if the object is still
    /// the one it names.
    ///
    /// Source: RFC 9110, section 13.1.5.
    private static func rangeCounts(
        _ request: borrowing ReadRequest,
        _ entry: borrowing ObjectEntry
    ) -> Bool {
        guard let condition = request.rangeCondition else { return true }
        if let date = HTTPDate.parse(condition) { return date == entry.modified.seconds }
        return EntityTagCondition.matches(
            condition,
            entityTag: entry.entityTag,
            comparison: .strong
        )
    }

    /// The bytes of a part; an object that was put in one request is its own first part.
    private static func part(
        _ number: Int,
        of entry: borrowing ObjectEntry
    ) throws(S3Error) -> Range<Int64> {
        guard !entry.parts.isEmpty else {
            guard number == 1 else {
                throw .invalidPartNumber(requested: number, available: 1)
            }
            return 0..<entry.sizeBytes
        }
        var start: Int64 = 0
        for part in entry.parts {
            if part.number == number { return start..<start + part.sizeBytes }
            start += part.sizeBytes
        }
        throw .invalidPartNumber(requested: number, available: entry.parts.count)
    }
}
