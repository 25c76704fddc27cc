import AccessControl
import HTTPServing
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// ListObjects and ListObjectsV2.
    ///
    /// - Throws: ``S3Error``.
    func list(
        _ request: ListObjectsRequest,
        _ name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        try listing(request.listQuery, name, exchange) { page, bucket in
            ListingDocument.objects(page, of: bucket, request: request)
        }
    }

    /// ListObjectVersions.
    ///
    /// - Throws: ``S3Error``.
    func listVersions(
        _ request: ListVersionsRequest,
        _ name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        try listing(request.listQuery, name, exchange) { page, bucket in
            ListingDocument.versions(page, of: bucket, request: request)
        }
    }

    /// ListMultipartUploads.
    ///
    /// - Throws: ``S3Error``.
    func listUploads(
        _ request: ListUploadsRequest,
        _ name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        let bucket = try namespace(name, for: .administer, exchange)
        return later(exchange) { _ throws(S3Error) in
            let page = try await exchange.storing { () async throws(StoreError) in
                try await store.uploads(request.query, in: bucket)
            }
            return exchange.document(
                MultipartDocument.uploads(page, of: bucket, request: request)
            )
        }
    }

    /// A page of a bucket's objects, as whichever document was asked for.
    private func listing(
        _ query: ListQuery,
        _ name: NamespaceName,
        _ exchange: Exchange,
        as document: @escaping @Sendable (ListPage, Namespace) -> [UInt8]
    ) throws(S3Error) -> HTTPAnswer {
        let isInDraft = VersionName.isInDraft(query.prefix)
        let bucket = try namespace(name, for: isInDraft ? .write : .list, exchange)
        return later(exchange) { _ throws(S3Error) in
            let page = try await exchange.storing { () async throws(StoreError) in
                try await store.list(query, in: bucket)
            }
            return exchange.document(document(page, bucket))
        }
    }
}
