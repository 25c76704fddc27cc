import AccessControl
import Checksums
import HTTPServing
import NIOCore
import ObjectStorage
import S3Protocol
import StorageModel

/// Takes a request body in: removes the aws-chunked framing, counts and digests the bytes, and at
/// the end holds them against everything the client said of them.
///
/// Nothing of a body may be kept before ``finish()`` has returned.
struct BodyIntake {
    /// How many bytes the client says the body has, framing not counted; nil when it does not say.
    let declaredBytes: Int64?

    private let signing: PayloadSigning
    private let stated: BodyDigests
    private let limitBytes: Int64
    private var decoder: AWSChunkedDecoder?
    private var receivedBytes: Int64 = 0
    private var sha256: SHA256?
    private let algorithms: Set<ChecksumAlgorithm>
    private var digests: DigestSet

    /// Prepares to take in the bytes of an object or part.
    ///
    /// - Parameters:
    ///   - exchange: The request.
    ///   - stated: The digests the client states.
    ///   - kept: The algorithm whose digest will be kept.
    ///   - shortBytesMax: Up to what length the MD5 of a body is left to the store, in bytes.
    /// - Returns: An intake that has seen no byte.
    /// - Throws: ``S3Error/missingContentLength`` or ``S3Error/entityTooLarge(proposedBytes:maxBytes:)``.
    static func payload(
        _ exchange: Exchange,
        stated: BodyDigests,
        kept: ChecksumAlgorithm,
        shortBytesMax: Int
    ) throws(S3Error) -> BodyIntake {
        let limitBytes = S3Limits.payloadBytesMax
        var intake = try BodyIntake(exchange, stated, kept: kept, limitBytes: limitBytes)
        if let declaredBytes = intake.declaredBytes, declaredBytes <= Int64(shortBytesMax) {
            intake.leaveMD5()
        }
        if let declaredBytes = intake.declaredBytes, declaredBytes > limitBytes {
            throw .entityTooLarge(proposedBytes: declaredBytes, maxBytes: limitBytes)
        }
        return intake
    }

    /// Prepares to take in a document.
    ///
    /// - Throws: ``S3Error/maxMessageLengthExceeded(maxBytes:)``.
    static func document(
        _ exchange: Exchange,
        stated: BodyDigests
    ) throws(S3Error) -> BodyIntake {
        let limitBytes = XMLReader.documentBytesMax
        let intake = try BodyIntake(
            exchange,
            stated,
            kept: stated.checksum.algorithm,
            limitBytes: Int64(limitBytes)
        )
        guard intake.declaredBytes ?? 0 <= limitBytes else {
            throw .maxMessageLengthExceeded(maxBytes: limitBytes)
        }
        return intake
    }

    private init(
        _ exchange: Exchange,
        _ stated: BodyDigests,
        kept: ChecksumAlgorithm?,
        limitBytes: Int64
    ) throws(S3Error) {
        signing = exchange.signing
        self.stated = stated
        self.limitBytes = limitBytes
        switch exchange.signing {
        case .chunksSigned, .chunksSignedWithTrailer, .chunksUnsignedWithTrailer:
            let declared = try Self.decodedLength(exchange.headers)
            declaredBytes = declared
            decoder = AWSChunkedDecoder(exchange.signing, declaredBytes: declared)
            sha256 = nil
        case .sha256:
            declaredBytes = Self.plainLength(exchange)
            sha256 = SHA256()
        case .unsigned:
            declaredBytes = Self.plainLength(exchange)
            sha256 = nil
        }
        algorithms = Set([stated.checksum.algorithm, kept].compactMap(\.self))
        digests = DigestSet(algorithms)
    }

    /// Leaves the MD5 to the store, which computes it beside those of other bodies.
    private mutating func leaveMD5() {
        digests = DigestSet(algorithms, leavesMD5: true)
    }

    /// The length of a body without framing of its own; nil when it is not stated.
    ///
    /// A body in HTTP's own chunks is taken although S3 refuses it: its end is certain.
    ///
    /// Source: RFC 9112, section 6.3: a request with neither length nor transfer coding has no body.
    private static func plainLength(_ exchange: Exchange) -> Int64? {
        exchange.request.declaredBodyBytes
            ?? (exchange.headers["transfer-encoding"] == nil ? 0 : nil)
    }

    private static func decodedLength(_ headers: HeaderList) throws(S3Error) -> Int64 {
        let name = "x-amz-decoded-content-length"
        guard let text = headers[name] else { throw .missingContentLength }
        guard let length = Int64(text), length >= 0 else {
            throw .invalidArgument(name: name, value: text)
        }
        return length
    }

    /// Takes the next bytes as they arrived; gives those of them that are content.
    ///
    /// - Throws: ``S3Error`` for a broken frame or too many bytes.
    mutating func take(_ piece: ByteBuffer) throws(S3Error) -> [ByteBuffer] {
        let content = try decoded(piece)
        for run in content {
            receivedBytes += Int64(run.readableBytes)
            guard receivedBytes <= limitBytes else {
                throw .entityTooLarge(proposedBytes: receivedBytes, maxBytes: limitBytes)
            }
            run.withUnsafeReadableBytes {
                digests.update($0)
                sha256?.update($0)
            }
        }
        return content
    }

    private mutating func decoded(_ piece: ByteBuffer) throws(S3Error) -> [ByteBuffer] {
        guard var decoder else { return [piece] }
        // The state leaves `self` while it changes, so that its buffers are not copied.
        self.decoder = nil
        defer { self.decoder = decoder }
        var runs: [Range<Int>] = []
        do {
            try piece.withUnsafeReadableBytes { bytes throws(ChunkedBodyError) in
                try decoder.decode(bytes) { runs.append($0) }
            }
        } catch {
            throw S3Error(error)
        }
        return runs.compactMap {
            piece.getSlice(at: piece.readerIndex + $0.lowerBound, length: $0.count)
        }
    }

    /// Whether the digests of the whole body take some tens of microseconds, so that they may be computed
    /// on an event loop.
    var isDigestedSoon: Bool {
        let isChecked = sha256 == nil && digests.areCyclic
        let bytesMax = isChecked ? S3Limits.checkedBodyBytesMax : S3Limits.smallBodyBytesMax
        return declaredBytes ?? .max <= bytesMax
    }

    /// What the entity tag of the object or part is to be.
    func tagging(_ summary: BodySummary) -> EntityTagging {
        summary.tagging(claimed: stated.contentMD5)
    }

    /// Ends the body and checks it, except for an MD5 that is left to the store.
    ///
    /// - Throws: ``S3Error``, for the first thing that is not as the client said.
    mutating func finish() throws(S3Error) -> BodySummary {
        do {
            try decoder?.finish()
        } catch {
            throw S3Error(error)
        }
        if let declaredBytes, declaredBytes != receivedBytes { throw .incompleteBody }
        try checkSignedDigest()
        let summary = digests.summary()
        if let claimed = stated.contentMD5, let md5 = summary.md5, claimed != md5 {
            throw .badDigest(.contentMD5)
        }
        try checkStatedChecksum(summary)
        return summary
    }

    private func checkSignedDigest() throws(S3Error) {
        guard case .sha256(let claimed) = signing, let computed = sha256?.finalize() else { return }
        guard claimed == computed else {
            throw .contentSHA256Mismatch(
                claimed: Hexadecimal.encode(claimed),
                computed: Hexadecimal.encode(computed)
            )
        }
    }

    private func checkStatedChecksum(_ summary: BodySummary) throws(S3Error) {
        let algorithm: ChecksumAlgorithm
        let claimed: String
        switch stated.checksum {
        case .unstated, .algorithm: return
        case .header(let named, let text):
            algorithm = named
            claimed = text
        case .trailer(let named):
            algorithm = named
            claimed = try trailing(named)
        }
        guard summary.checksum(algorithm)?.text == claimed else {
            throw .badDigest(.checksum(algorithm))
        }
    }

    /// The digest in the trailer that the request announced.
    private func trailing(_ algorithm: ChecksumAlgorithm) throws(S3Error) -> String {
        let name = algorithm.headerName
        guard let field = decoder?.trailers.first(where: { $0.name == name }) else {
            throw .malformedTrailer
        }
        guard algorithm.isDigest(field.value) else {
            throw .invalidRequest(.checksumHeaderInvalid(name))
        }
        return field.value
    }
}
