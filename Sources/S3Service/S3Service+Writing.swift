import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// PutObject: the body is staged and checked, and only then becomes the object.
    ///
    /// - Throws: ``S3Error``.
    func put(
        _ request: PutRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        try Self.require(request.access, of: bucket)
        let kept = request.digests.checksum.algorithm ?? .crc64nvme
        let intake = try BodyIntake.payload(
            exchange,
            stated: request.digests,
            kept: kept,
            shortBytesMax: store.shortPayloadBytesMax
        )
        let work: @Sendable (HTTPRequestBody) async throws(S3Error) -> HTTPResponse = {
            body throws(S3Error) in
            var intake = intake
            let received = try await intake.readPayload(
                body,
                into: store.stagePayload(expectedBytes: intake.declaredBytes),
                exchange
            )
            let entry = try await exchange.storing { () async throws(StoreError) in
                try await store.put(
                    key,
                    in: bucket,
                    received.payload,
                    entityTag: intake.tagging(received.summary),
                    attributes: request.attributes,
                    checksums: received.summary.checksums,
                    precondition: request.precondition,
                    actor: exchange.actor
                )
            }
            return exchange.empty(.ok, Self.writtenFields(entry))
        }
        // Metadata is parsed, which takes longer than its bytes take to digest.
        return intake.isDigestedSoon && CatalogFile(key: key.text) == nil
            ? soon(exchange, work) : later(exchange, work)
    }

    /// DeleteObject.
    func delete(
        _ precondition: WritePrecondition,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) -> HTTPAnswer {
        soon(exchange) { _ throws(S3Error) in
            _ = try await exchange.storing { () async throws(StoreError) in
                try await store.delete(
                    key,
                    in: bucket,
                    precondition: precondition,
                    actor: exchange.actor
                )
            }
            return exchange.empty(.noContent)
        }
    }

    /// DeleteObjects: every key succeeds or fails on its own.
    ///
    /// - Throws: ``S3Error``.
    func deleteObjects(
        _ digests: BodyDigests,
        _ name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        let bucket = try namespace(name, for: .write, exchange)
        return later(exchange) { body throws(S3Error) in
            var intake = try BodyIntake.document(exchange, stated: digests)
            let document = try DeletionDocument(try await intake.readDocument(body))
            let outcomes = try await delete(document, bucket, exchange)
            return exchange.document(document.answer(outcomes))
        }
    }

    /// Deletes what a document names; keys without conditions go in one change.
    private func delete(
        _ document: DeletionDocument,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) async throws(S3Error) -> [S3Error?] {
        var outcomes: [S3Error?] = []
        var unconditional: [ObjectKey] = []
        var places: [Int] = []
        for item in document.items {
            do throws(S3Error) {
                let key = try Self.key(of: item)
                if let entityTag = item.entityTag {
                    _ = try await exchange.storing { () async throws(StoreError) in
                        try await store.delete(
                            key,
                            in: bucket,
                            precondition: entityTag == "*" ? .present : .entityTag(entityTag),
                            actor: exchange.actor
                        )
                    }
                } else {
                    unconditional.append(key)
                    places.append(outcomes.count)
                }
                outcomes.append(nil)
            } catch {
                outcomes.append(error)
            }
        }
        guard !unconditional.isEmpty else { return outcomes }
        let keys = unconditional
        let deletions = try await exchange.storing { () async throws(StoreError) in
            try await store.delete(keys, in: bucket, actor: exchange.actor)
        }
        for (place, deletion) in zip(places, deletions) {
            if case .sealed(let version) = deletion { outcomes[place] = .versionSealed(version) }
        }
        return outcomes
    }

    private static func key(of item: DeletionDocument.Item) throws(S3Error) -> ObjectKey {
        let key = try ObjectKey(s3Key: item.key)
        if let version = item.version, version != "null" {
            throw .noSuchVersion(key, versionID: version)
        }
        return key
    }

    /// The header fields that tell what was written.
    static func writtenFields(_ entry: ObjectEntry) -> [(name: String, value: String)] {
        var fields = [(name: "ETag", value: Exchange.quoted(entry.entityTag))]
        for checksum in entry.checksums {
            fields.append(contentsOf: Exchange.checksumFields(checksum))
        }
        return fields
    }
}
