import Checksums
import StorageModel

extension UploadChecksum {
    /// Takes the choice of checksum from the headers of CreateMultipartUpload; nil when the client
    /// makes none, and then the object gets a CRC-64/NVME of all its bytes, as S3 does.
    ///
    /// - Throws: ``S3Error/invalidRequest(_:)`` for an unknown algorithm or type, or a pair of them
    ///   that S3 does not offer.
    ///
    /// Source: Amazon S3 User Guide, "Checking object integrity": SHA-1 and SHA-256 are composite
    /// only, CRC-64/NVME is full-object only, the other two are composite unless asked otherwise.
    static func chosen(in headers: HeaderList) throws(S3Error) -> UploadChecksum? {
        let scope = try ChecksumScope.stated(in: headers)
        guard let name = headers["x-amz-checksum-algorithm"] else {
            guard scope == nil || scope == .fullObject else {
                throw .invalidRequest(.checksumTypeMismatch(.crc64nvme, .composite))
            }
            return nil
        }
        guard let algorithm = ChecksumAlgorithm(name: name) else {
            throw .invalidRequest(.checksumAlgorithmUnsupported(name))
        }
        let chosen = scope ?? (algorithm == .crc64nvme ? .fullObject : .composite)
        guard algorithm.offers(chosen) else {
            throw .invalidRequest(.checksumTypeMismatch(algorithm, chosen))
        }
        return UploadChecksum(algorithm: algorithm, scope: chosen)
    }

    /// The checksum of a whole object from those of its parts; nil when a part lacks one.
    ///
    /// - Parameter parts: The digest of each part in base64 and its length, in order.
    /// - Returns: The checksum in the form S3 writes it.
    public func ofWhole(_ parts: [(digest: String, sizeBytes: Int64)]) -> ObjectChecksum? {
        switch scope {
        case .composite: composite(parts.map(\.digest))
        case .fullObject: fullObject(parts)
        }
    }

    private func composite(_ digests: [String]) -> ObjectChecksum? {
        var streaming = algorithm.makeStreaming()
        for text in digests {
            guard let digest = Base64.decode(text), digest.count == algorithm.digestBytes else {
                return nil
            }
            digest.withUnsafeBytes { streaming.update($0) }
        }
        return ObjectChecksum(
            algorithm: algorithm,
            scope: .composite,
            text: "\(streaming.finalizeBase64())-\(digests.count)"
        )
    }

    private func fullObject(_ parts: [(digest: String, sizeBytes: Int64)]) -> ObjectChecksum? {
        var whole: UInt64 = 0
        for part in parts {
            guard let bytes = Base64.decode(part.digest), bytes.count == algorithm.digestBytes,
                part.sizeBytes >= 0
            else { return nil }
            let next = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let low = UInt32(truncatingIfNeeded: whole)
            let nextLow = UInt32(truncatingIfNeeded: next)
            let length = part.sizeBytes
            switch algorithm {
            case .crc32: whole = UInt64(CRC32.combined(low, nextLow, secondBytes: length))
            case .crc32c: whole = UInt64(CRC32C.combined(low, nextLow, secondBytes: length))
            case .crc64nvme: whole = CRC64NVME.combined(whole, next, secondBytes: length)
            case .sha1, .sha256: return nil
            }
        }
        let width = algorithm.digestBytes
        let bytes = (0..<width).map { UInt8(truncatingIfNeeded: whole >> (8 * (width - 1 - $0))) }
        return ObjectChecksum(
            algorithm: algorithm,
            scope: .fullObject,
            text: Base64.encode(bytes)
        )
    }
}

extension ChecksumScope {
    /// Reads `x-amz-checksum-type`; nil when it is missing.
    ///
    /// - Throws: ``S3Error/invalidRequest(_:)`` for a type that does not exist.
    static func stated(in headers: HeaderList) throws(S3Error) -> ChecksumScope? {
        guard let text = headers["x-amz-checksum-type"] else { return nil }
        guard let scope = ChecksumScope(name: text) else {
            throw .invalidRequest(.checksumTypeUnsupported(text))
        }
        return scope
    }
}

extension ChecksumAlgorithm {
    /// Whether a multipart upload may have a checksum of this algorithm and scope.
    func offers(_ scope: ChecksumScope) -> Bool {
        switch (self, scope) {
        case (.crc32, _), (.crc32c, _): true
        case (.crc64nvme, .fullObject): true
        case (.crc64nvme, .composite): false
        case (.sha1, .composite), (.sha256, .composite): true
        case (.sha1, .fullObject), (.sha256, .fullObject): false
        }
    }
}
