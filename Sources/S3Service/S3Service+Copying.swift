import AccessControl
import HTTPServing
import NIOCore
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// CopyObject: the copy shares the bytes of its source.
    ///
    /// - Throws: ``S3Error``.
    func copy(
        _ request: CopyRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        try Self.require(request.access, of: bucket)
        let source = try sourceNamespace(request.source, exchange)
        let isSelf = source.name == bucket.name && request.source.key == key
        if isSelf, request.attributes == nil, !request.isStorageClassStated {
            throw .invalidRequest(.copyOntoItself)
        }
        return later(exchange) { _ throws(S3Error) in
            for _ in 0..<S3Limits.replacedRetriesMax {
                let entry = try sourceEntry(
                    request.source,
                    source,
                    request.sourceConditions,
                    exchange
                )
                guard entry.sizeBytes <= S3Limits.payloadBytesMax else {
                    throw .invalidRequest(.copySourceTooLarge(sizeBytes: entry.sizeBytes))
                }
                do throws(StoreError) {
                    let checksums = try await checksums(of: entry, wanted: request.checksum)
                    let copy = try await store.copy(
                        from: entry,
                        to: key,
                        in: bucket,
                        attributes: request.attributes ?? entry.attributes,
                        checksums: checksums,
                        precondition: request.precondition,
                        actor: exchange.actor
                    )
                    return exchange.document(ObjectDocument.copied(copy))
                } catch {
                    guard error == .objectReplaced else { throw exchange.failure(error) }
                }
            }
            throw .slowDown
        }
    }

    /// UploadPartCopy: the part shares the bytes of its source.
    ///
    /// - Throws: ``S3Error``.
    func copyPart(
        _ request: CopyPartRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        let source = try sourceNamespace(request.source, exchange)
        let upload = try upload(request.upload, key, bucket, exchange)
        return later(exchange) { _ throws(S3Error) in
            for _ in 0..<S3Limits.replacedRetriesMax {
                let entry = try sourceEntry(
                    request.source,
                    source,
                    request.sourceConditions,
                    exchange
                )
                let range = try Self.copiedRange(request.range, of: entry)
                do throws(StoreError) {
                    let part = try await copyPart(
                        request.number,
                        of: upload,
                        in: bucket,
                        from: entry,
                        range: range
                    )
                    return exchange.document(ObjectDocument.copied(part))
                } catch {
                    guard error == .objectReplaced else { throw exchange.failure(error) }
                }
            }
            throw .slowDown
        }
    }

    private func copyPart(
        _ number: Int,
        of upload: MultipartUpload,
        in bucket: Namespace,
        from entry: ObjectEntry,
        range: Range<Int64>
    ) async throws(StoreError) -> UploadedPart {
        let algorithm = Self.partAlgorithm(of: upload)
        let summary = try await digest(entry, range: range, algorithm)
        return try await store.copyPart(
            number,
            of: upload,
            in: bucket,
            from: entry,
            range: range,
            entityTag: summary.tagging(claimed: nil),
            checksum: summary.checksum(algorithm)
        )
    }

    /// Finds the namespace of a source and checks that the caller may read there.
    private func sourceNamespace(
        _ source: CopySource,
        _ exchange: Exchange
    ) throws(S3Error) -> Namespace {
        guard let namespace = store.namespace(source.bucket) else {
            throw .noSuchBucket(source.bucket)
        }
        guard
            AccessPolicy.decide(
                principal: exchange.caller,
                action: VersionName.isInDraft(source.key.text) ? .write : .read,
                namespace: namespace
            )
        else { throw .accessDenied }
        if let owner = exchange.headers["x-amz-source-expected-bucket-owner"],
            owner != namespace.owner.text
        {
            throw .accessDenied
        }
        return namespace
    }

    private func sourceEntry(
        _ source: CopySource,
        _ namespace: Namespace,
        _ conditions: ReadConditions,
        _ exchange: Exchange
    ) throws(S3Error) -> ObjectEntry {
        let found = try entry(source.key, namespace, exchange)
        try conditions.requireCopySource(entityTag: found.entityTag, modified: found.modified)
        return found
    }

    /// The bytes that a part takes of its source.
    ///
    /// Source: Amazon S3 API Reference, UploadPartCopy, `x-amz-copy-source-range`.
    private static func copiedRange(
        _ text: String?,
        of entry: ObjectEntry
    ) throws(S3Error) -> Range<Int64> {
        let sizeBytes = entry.sizeBytes
        guard let text else {
            guard sizeBytes <= S3Limits.payloadBytesMax else {
                throw .invalidRequest(.copySourceTooLarge(sizeBytes: sizeBytes))
            }
            return 0..<sizeBytes
        }
        guard let stated = RangeHeader.copyRange(text) else {
            throw .invalidArgument(name: "x-amz-copy-source-range", value: text)
        }
        guard stated.upperBound <= sizeBytes else {
            throw .invalidRange(requested: text, sizeBytes: sizeBytes)
        }
        let count = stated.upperBound - stated.lowerBound
        guard count <= S3Limits.payloadBytesMax else {
            throw .invalidRequest(.copySourceTooLarge(sizeBytes: count))
        }
        return stated
    }

    /// The checksums of a copy: those of the source, unless another algorithm is wanted.
    private func checksums(
        of entry: ObjectEntry,
        wanted: ChecksumAlgorithm?
    ) async throws(StoreError) -> [ObjectChecksum] {
        guard let wanted else { return entry.checksums }
        let kept = entry.checksums.filter { $0.algorithm == wanted && $0.scope == .fullObject }
        guard kept.isEmpty else { return kept }
        return try await digest(entry, range: 0..<entry.sizeBytes, wanted).checksums
    }

    /// Reads bytes of an object to digest them.
    private func digest(
        _ entry: ObjectEntry,
        range: Range<Int64>,
        _ algorithm: ChecksumAlgorithm
    ) async throws(StoreError) -> BodySummary {
        var digests = DigestSet([algorithm])
        guard !range.isEmpty else { return digests.summary() }
        let reader = try store.reader(entry, range: range)
        while true {
            switch try await reader.read(
                max: S3Limits.digestPieceBytes,
                allocator: ByteBufferAllocator()
            )
            {
            case .ready(let piece): piece.withUnsafeReadableBytes { digests.update($0) }
            case .wouldBlock: continue
            case .end: return digests.summary()
            }
        }
    }
}
