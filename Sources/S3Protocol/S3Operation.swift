import StorageModel

/// What one request asks of the S3 API, parsed and checked for form.
///
/// Source: Amazon S3 API Reference, "Amazon S3" actions.
public enum S3Operation: Sendable {
    /// ListBuckets.
    case listBuckets(ListBucketsRequest)
    /// A cross-origin preflight.
    case preflight
    /// Something about a bucket.
    case bucket(NamespaceName, BucketOperation)
    /// Something about an object.
    case object(NamespaceName, ObjectKey, ObjectOperation)
}

/// What is asked of a bucket.
public enum BucketOperation: Sendable {
    /// CreateBucket; the access that headers ask for, if any.
    case create(NamespaceAccess?)
    /// HeadBucket.
    case head
    /// DeleteBucket.
    case delete
    /// GetBucketLocation.
    case location
    /// GetBucketAcl.
    case accessControl
    /// PutBucketAcl; the access that headers ask for, or nil when a document says it.
    case setAccessControl(NamespaceAccess?)
    /// ListObjects and ListObjectsV2.
    case list(ListObjectsRequest)
    /// ListObjectVersions.
    case listVersions(ListVersionsRequest)
    /// ListMultipartUploads.
    case listUploads(ListUploadsRequest)
    /// DeleteObjects.
    case deleteObjects(BodyDigests)
    /// A read of a feature that Nave has not.
    case feature(BucketFeature)
    /// The removal of a feature that Nave has not.
    case removeFeature(BucketFeature)
}

/// What is asked of an object.
public enum ObjectOperation: Sendable {
    /// GetObject.
    case get(ReadRequest)
    /// HeadObject.
    case head(ReadRequest)
    /// PutObject.
    case put(PutRequest)
    /// CopyObject.
    case copy(CopyRequest)
    /// DeleteObject.
    case delete(WritePrecondition)
    /// GetObjectAttributes.
    case attributes(AttributesRequest)
    /// GetObjectAcl.
    case accessControl
    /// PutObjectAcl; the access that headers ask for, or nil when a document says it.
    case setAccessControl(NamespaceAccess?)
    /// GetObjectTagging.
    case tags
    /// DeleteObjectTagging.
    case removeTags
    /// CreateMultipartUpload.
    case createUpload(CreateUploadRequest)
    /// UploadPart.
    case uploadPart(UploadPartRequest)
    /// UploadPartCopy.
    case copyPart(CopyPartRequest)
    /// ListParts.
    case listParts(ListPartsRequest)
    /// CompleteMultipartUpload.
    case completeUpload(CompleteUploadRequest)
    /// AbortMultipartUpload.
    case abortUpload(UploadID)
}
