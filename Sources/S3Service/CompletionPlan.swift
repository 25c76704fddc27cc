import ObjectStorage
import S3Protocol
import StorageModel

/// What completing a multipart upload will make, checked against what the client demands.
///
/// Source: Amazon S3 API Reference, CompleteMultipartUpload; Amazon S3 User Guide, "Checking object
/// integrity".
struct CompletionPlan {
    /// The parts, in order.
    let parts: [PartReference]
    /// The checksum of the whole object.
    let checksums: [ObjectChecksum]

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - listed: The parts as the client lists them.
    ///   - stored: The uploaded parts by number.
    ///   - upload: The upload.
    ///   - request: What the client demands of the whole.
    /// - Throws: ``S3Error/invalidPartOrder(uploadID:)``,
    ///   ``S3Error/invalidPart(number:uploadID:entityTag:)``,
    ///   ``S3Error/entityTooSmall(partNumber:entityTag:proposedBytes:minBytes:)``,
    ///   ``S3Error/badDigest(_:)`` or ``S3Error/invalidRequest(_:)``.
    init(
        _ listed: [ListedPart],
        stored: [Int: UploadedPart],
        upload: MultipartUpload,
        request: CompleteUploadRequest
    ) throws(S3Error) {
        let listed = try Self.inOrder(listed, upload)
        let choice =
            upload.checksum ?? UploadChecksum(algorithm: .crc64nvme, scope: .fullObject)
        var references: [PartReference] = []
        var digests: [(digest: String, sizeBytes: Int64)] = []
        var sizeBytes: Int64 = 0
        for (index, part) in listed.enumerated() {
            let found = try Self.match(part, stored, choice.algorithm, upload)
            if index < listed.count - 1, found.sizeBytes < UploadedPart.sizeBytesMin {
                throw .entityTooSmall(
                    partNumber: found.number,
                    entityTag: found.entityTag,
                    proposedBytes: found.sizeBytes,
                    minBytes: UploadedPart.sizeBytesMin
                )
            }
            references.append(
                PartReference(
                    number: found.number,
                    entityTag: found.entityTag,
                    checksumText: found.checksum?.text
                )
            )
            if let checksum = found.checksum, checksum.algorithm == choice.algorithm {
                digests.append((checksum.text, found.sizeBytes))
            }
            sizeBytes += found.sizeBytes
        }
        parts = references
        // Parts that were stored without this checksum leave the whole without one.
        let whole = digests.count == references.count ? choice.ofWhole(digests) : nil
        checksums = whole.map { [$0] } ?? []
        try Self.check(request, choice, whole, sizeBytes)
    }

    /// The listed parts, in ascending order; of a number that comes twice in a row the last counts,
    /// because clients list a part again that they sent again.
    private static func inOrder(
        _ listed: [ListedPart],
        _ upload: MultipartUpload
    ) throws(S3Error) -> [ListedPart] {
        var ordered: [ListedPart] = []
        for part in listed {
            if let last = ordered.last {
                guard last.number <= part.number else {
                    throw .invalidPartOrder(uploadID: upload.id.text)
                }
                if last.number == part.number { ordered.removeLast() }
            }
            ordered.append(part)
        }
        return ordered
    }

    /// Finds the uploaded part that a listed one means.
    private static func match(
        _ part: ListedPart,
        _ stored: [Int: UploadedPart],
        _ algorithm: ChecksumAlgorithm,
        _ upload: MultipartUpload
    ) throws(S3Error) -> UploadedPart {
        let invalid = S3Error.invalidPart(
            number: part.number,
            uploadID: upload.id.text,
            entityTag: part.entityTag
        )
        guard let found = stored[part.number], found.entityTag == part.entityTag else {
            throw invalid
        }
        // A checksum of another algorithm was checked when the part came, and is not kept.
        let stated = part.checksums.first { $0.algorithm == algorithm }
        if let stated, let kept = found.checksum, stated.text != kept.text { throw invalid }
        return found
    }

    /// Holds the whole against what the client demands of it.
    private static func check(
        _ request: CompleteUploadRequest,
        _ choice: UploadChecksum,
        _ whole: ObjectChecksum?,
        _ sizeBytes: Int64
    ) throws(S3Error) {
        if let declaredBytes = request.sizeBytes, declaredBytes != sizeBytes {
            throw .invalidRequest(
                .declaredObjectSizeMismatch(
                    declaredBytes: declaredBytes,
                    actualBytes: sizeBytes
                )
            )
        }
        if let scope = request.checksumScope, scope != choice.scope {
            throw .invalidRequest(
                .checksumAlgorithmMismatch(expected: choice.scope.name, actual: scope.name)
            )
        }
        guard case .header(let algorithm, let text) = request.checksum else { return }
        guard algorithm == choice.algorithm else {
            throw .invalidRequest(
                .checksumAlgorithmMismatch(
                    expected: choice.algorithm.name.lowercased(),
                    actual: algorithm.name.lowercased()
                )
            )
        }
        // A composite may be stated with or without its count of parts.
        guard let whole, text == whole.text || whole.text.hasPrefix(text + "-") else {
            throw .badDigest(.checksum(algorithm))
        }
    }
}
