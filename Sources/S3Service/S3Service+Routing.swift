import AccessControl
import HTTPServing
import S3Protocol
import StorageModel

extension S3Service {
    /// Answers what is asked of a bucket.
    ///
    /// - Throws: ``S3Error``.
    func answer(
        _ operation: BucketOperation,
        bucket name: NamespaceName,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        switch operation {
        case .create(let access): return try createBucket(name, access, exchange)
        case .head:
            _ = try namespace(name, for: .list, exchange)
            return .now(exchange.empty(.ok, [("x-amz-bucket-region", "us-east-1")]))
        case .delete: return try deleteBucket(name, exchange)
        case .location:
            _ = try namespace(name, for: .list, exchange)
            return .now(exchange.document(ObjectDocument.location()))
        case .accessControl:
            let bucket = try namespace(name, for: .administer, exchange)
            return .now(accessControl(of: bucket, exchange))
        case .setAccessControl(let access): return try setAccess(access, of: name, exchange)
        case .list(let request): return try list(request, name, exchange)
        case .listVersions(let request): return try listVersions(request, name, exchange)
        case .listUploads(let request): return try listUploads(request, name, exchange)
        case .deleteObjects(let digests): return try deleteObjects(digests, name, exchange)
        case .feature(let feature):
            _ = try namespace(name, for: .administer, exchange)
            return .now(exchange.document(try ObjectDocument.feature(feature)))
        case .removeFeature:
            _ = try namespace(name, for: .administer, exchange)
            return .now(exchange.empty(.noContent))
        }
    }

    /// Answers what is asked of an object.
    ///
    /// - Throws: ``S3Error``.
    func answer(
        _ operation: ObjectOperation,
        bucket name: NamespaceName,
        key: ObjectKey,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        switch operation {
        case .get(let request):
            let bucket = try namespace(name, toRead: key.text, exchange)
            return try get(request, key, bucket, exchange)
        case .head(let request):
            let bucket = try namespace(name, toRead: key.text, exchange)
            return .now(try head(request, key, bucket, exchange))
        case .attributes(let request):
            let bucket = try namespace(name, toRead: key.text, exchange)
            return .now(try attributes(request, key, bucket, exchange))
        case .tags:
            let bucket = try namespace(name, toRead: key.text, exchange)
            _ = try entry(key, bucket, exchange)
            return .now(exchange.document(ObjectDocument.noTags()))
        case .removeTags:
            let bucket = try namespace(name, for: .write, exchange)
            _ = try entry(key, bucket, exchange)
            return .now(exchange.empty(.noContent))
        case .accessControl:
            let bucket = try namespace(name, for: .administer, exchange)
            _ = try entry(key, bucket, exchange)
            return .now(accessControl(of: bucket, exchange))
        case .put, .copy, .delete, .setAccessControl, .createUpload, .uploadPart, .copyPart,
            .completeUpload, .abortUpload, .listParts:
            let bucket = try namespace(name, for: .write, exchange)
            return try change(operation, key, bucket, exchange)
        }
    }

    private func change(
        _ operation: ObjectOperation,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        switch operation {
        case .put(let request): return try put(request, key, bucket, exchange)
        case .copy(let request): return try copy(request, key, bucket, exchange)
        case .delete(let precondition): return delete(precondition, key, bucket, exchange)
        case .setAccessControl(let access):
            return try setObjectAccess(access, key, bucket, exchange)
        case .createUpload(let request): return try createUpload(request, key, bucket, exchange)
        case .uploadPart(let request): return try uploadPart(request, key, bucket, exchange)
        case .copyPart(let request): return try copyPart(request, key, bucket, exchange)
        case .completeUpload(let request): return completeUpload(request, key, bucket, exchange)
        case .abortUpload(let upload): return abortUpload(upload, key, bucket, exchange)
        case .listParts(let request): return listParts(request, key, bucket, exchange)
        case .get, .head, .attributes, .tags, .removeTags, .accessControl:
            preconditionFailure("reads are answered before")
        }
    }
}
