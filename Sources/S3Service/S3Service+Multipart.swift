import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// CreateMultipartUpload.
    ///
    /// - Throws: ``S3Error``.
    func createUpload(
        _ request: CreateUploadRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        try Self.require(request.access, of: bucket)
        return later(exchange) { _ throws(S3Error) in
            let upload = try await exchange.storing { () async throws(StoreError) in
                try await store.createUpload(
                    key,
                    in: bucket,
                    attributes: request.attributes,
                    checksum: request.checksum
                )
            }
            var fields: [(name: String, value: String)] = []
            if let checksum = request.checksum {
                fields.append(("x-amz-checksum-algorithm", checksum.algorithm.name))
                fields.append(("x-amz-checksum-type", checksum.scope.name))
            }
            return exchange.document(
                MultipartDocument.initiated(upload.id, bucket: bucket.name, key: key),
                fields
            )
        }
    }

    /// UploadPart: the body is staged and checked, and only then becomes the part.
    ///
    /// - Throws: ``S3Error``.
    func uploadPart(
        _ request: UploadPartRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        let upload = try upload(request.upload, key, bucket, exchange)
        let stated = request.digests.checksum.algorithm
        if let chosen = upload.checksum?.algorithm, let stated, chosen != stated {
            throw .invalidRequest(
                .checksumAlgorithmMismatch(
                    expected: chosen.name.lowercased(),
                    actual: stated.name.lowercased()
                )
            )
        }
        let kept = Self.partAlgorithm(of: upload)
        let intake = try BodyIntake.payload(
            exchange,
            stated: request.digests,
            kept: kept,
            shortBytesMax: store.shortPayloadBytesMax
        )
        return later(exchange) { body throws(S3Error) in
            var intake = intake
            let received = try await intake.readPayload(
                body,
                into: store.stagePayload(expectedBytes: intake.declaredBytes),
                exchange
            )
            let summary = received.summary
            let part = try await exchange.storing { () async throws(StoreError) in
                try await store.putPart(
                    request.number,
                    of: upload,
                    in: bucket,
                    received.payload,
                    entityTag: intake.tagging(summary),
                    checksum: summary.checksum(kept)
                )
            }
            var fields = [(name: "ETag", value: Exchange.quoted(part.entityTag))]
            if let told = summary.checksum(stated ?? kept) {
                fields.append((told.algorithm.headerName, told.text))
            }
            return exchange.empty(.ok, fields)
        }
    }

    /// The algorithm of the checksums kept with the parts of an upload.
    static func partAlgorithm(of upload: MultipartUpload) -> ChecksumAlgorithm {
        upload.checksum?.algorithm ?? .crc64nvme
    }

    /// Finds an upload in progress.
    ///
    /// - Throws: ``S3Error/noSuchUpload(_:)``.
    func upload(
        _ id: UploadID,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> MultipartUpload {
        let found = try exchange.storing { () throws(StoreError) in
            try store.upload(id, key: key, in: bucket)
        }
        guard let found else { throw .noSuchUpload(id.text) }
        return found
    }

    /// ListParts.
    func listParts(
        _ request: ListPartsRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) -> HTTPAnswer {
        later(exchange) { _ throws(S3Error) in
            let upload = try upload(request.upload, key, bucket, exchange)
            // One more than asked for tells whether more follow.
            let found = try exchange.storing { () throws(StoreError) in
                try store.parts(of: upload, after: request.partMarker, limit: request.partsMax + 1)
            }
            return exchange.document(
                MultipartDocument.parts(
                    Array(found.prefix(request.partsMax)),
                    of: upload,
                    bucket: bucket,
                    request: request,
                    isTruncated: found.count > request.partsMax
                )
            )
        }
    }

    /// AbortMultipartUpload.
    func abortUpload(
        _ upload: UploadID,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) -> HTTPAnswer {
        later(exchange) { _ throws(S3Error) in
            try await exchange.storing { () async throws(StoreError) in
                try await store.abortUpload(upload, key: key, in: bucket)
            }
            return exchange.empty(.noContent)
        }
    }
}
