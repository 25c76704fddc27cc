import AccessControl
import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// ListBuckets: the caller's own, and for root all.
    ///
    /// - Throws: ``S3Error/signatureRequired``.
    func listBuckets(
        _ request: ListBucketsRequest,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPResponse {
        guard let caller = exchange.caller else { throw .signatureRequired }
        let visible = store.namespaces().filter { bucket in
            let name = bucket.name.text.utf8
            let isAfter = request.marker.map { $0.utf8.lexicographicallyPrecedes(name) } ?? true
            return isAfter && name.starts(with: request.prefix.utf8)
                && (caller.isRoot || bucket.owner == caller.name)
        }
        let page = Array(visible.prefix(request.limit))
        let next = page.count < visible.count ? page.last?.name.text : nil
        return exchange.document(
            ListingDocument.buckets(page, owner: caller.name, request: request, next: next)
        )
    }

    /// CreateBucket: 200 for the owner's own existing bucket as for a new one, unless it is asked
    /// for with an access that it has not.
    ///
    /// - Throws: ``S3Error``.
    func createBucket(
        _ name: NamespaceName,
        _ access: NamespaceAccess?,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        guard let caller = exchange.caller else { throw .signatureRequired }
        let ownership = exchange.headers["x-amz-object-ownership"]
        if let ownership, !Self.ownerships.contains(ownership) {
            throw .invalidArgument(name: "x-amz-object-ownership", value: ownership)
        }
        return later(exchange) { body throws(S3Error) in
            var intake = try BodyIntake.document(
                exchange,
                stated: try BodyDigests(headers: exchange.headers)
            )
            try BucketConfigurationDocument.check(try await intake.readDocument(body))
            let creation = try await exchange.storing { () async throws(StoreError) in
                try await store.createNamespace(
                    name,
                    owner: caller.name,
                    access: access ?? .private,
                    actor: caller.name
                )
            }
            switch creation {
            case .created: break
            case .alreadyYours(let bucket):
                guard access == nil || access == bucket.access else {
                    throw .bucketAlreadyExists(name)
                }
            }
            return exchange.empty(.ok, [("Location", "/\(name.text)")])
        }
    }

    /// Who owns objects that others write; here nobody but the owner writes, so all are the same.
    ///
    /// Source: Amazon S3 API Reference, CreateBucket, `x-amz-object-ownership`.
    private static let ownerships = [
        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter",
    ]

    /// DeleteBucket.
    ///
    /// - Throws: ``S3Error``.
    func deleteBucket(
        _ name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        _ = try namespace(name, for: .administer, exchange)
        return later(exchange) { _ throws(S3Error) in
            try await exchange.storing { () async throws(StoreError) in
                try await store.deleteNamespace(name, actor: exchange.actor)
            }
            return exchange.empty(.noContent)
        }
    }

    /// GetBucketAcl and GetObjectAcl: an object has the list of its bucket.
    func accessControl(of bucket: Namespace, _ exchange: Exchange) -> HTTPResponse {
        exchange.document(CannedAccess.document(owner: bucket.owner, access: bucket.access))
    }

    /// PutBucketAcl.
    ///
    /// - Throws: ``S3Error``.
    func setAccess(
        _ stated: NamespaceAccess?,
        of name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        let bucket = try namespace(name, for: .administer, exchange)
        return later(exchange) { body throws(S3Error) in
            let access = try await access(stated, body, bucket, exchange)
            if access != bucket.access {
                _ = try await exchange.storing { () async throws(StoreError) in
                    try await store.setAccess(access, of: name, actor: exchange.actor)
                }
            }
            return exchange.empty(.ok)
        }
    }

    /// PutObjectAcl: allowed when it says what the bucket's list says already.
    ///
    /// - Throws: ``S3Error``.
    func setObjectAccess(
        _ stated: NamespaceAccess?,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        _ = try entry(key, bucket, exchange)
        return later(exchange) { body throws(S3Error) in
            let access = try await access(stated, body, bucket, exchange)
            try Self.require(access, of: bucket)
            return exchange.empty(.ok)
        }
    }

    /// Refuses access for one object that differs from its bucket's.
    ///
    /// - Throws: ``S3Error/objectAccessControlNotSupported``.
    static func require(_ access: NamespaceAccess?, of bucket: Namespace) throws(S3Error) {
        guard access == nil || access == bucket.access else {
            throw .objectAccessControlNotSupported
        }
    }

    /// The access that a header or else a document states.
    private func access(
        _ stated: NamespaceAccess?,
        _ body: HTTPRequestBody,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) async throws(S3Error) -> NamespaceAccess {
        var intake = try BodyIntake.document(
            exchange,
            stated: try BodyDigests(headers: exchange.headers)
        )
        let document = try await intake.readDocument(body)
        guard let stated else {
            guard !document.isEmpty else { throw .missingRequestBody }
            return try CannedAccess.access(in: document, owner: bucket.owner) { name in
                store.principals().contains { $0.name.text == name }
            }
        }
        guard document.isEmpty else { throw .invalidRequest(.aclHeaderAndBody) }
        return stated
    }
}
