import StorageModel

extension S3Operation {
    /// Parses a request.
    ///
    /// - Parameters:
    ///   - method: The HTTP method, in upper case.
    ///   - target: The request target.
    ///   - headers: The header fields; headers that a presigner moved into the query are added.
    /// - Throws: ``S3Error``, what is wrong with the request whoever sends it.
    public init(
        method: String,
        target: RequestTarget,
        headers: inout HeaderList
    ) throws(S3Error) {
        guard method != "OPTIONS" else {
            for name in ["Origin", "Access-Control-Request-Method"]
            where headers[name.lowercased()] == nil {
                throw .preflightIncomplete(missing: name)
            }
            self = .preflight
            return
        }
        let query = try QueryParameters(target.query)
        for field in try query.hoistedHeaders() where headers[field.suffix] == nil {
            headers.append(field.suffix, field.value)
        }
        try UnsupportedHeaders.refuse(headers)
        switch try target.address() {
        case .service:
            guard method == "GET" else { throw .methodNotAllowed(method: method) }
            self = .listBuckets(try ListBucketsRequest(query: query))
        case .bucket(let bucket):
            self = .bucket(
                bucket,
                try BucketOperation(method: method, query: query, headers: headers)
            )
        case .object(let bucket, let key):
            if method == "PUT" || method == "POST" {
                do { try key.checkWritable() } catch { throw S3Error(error) }
            }
            let operation = try ObjectOperation(
                method: method,
                key: key,
                query: query,
                headers: headers
            )
            self = .object(bucket, key, operation)
        }
    }
}

extension BucketOperation {
    init(method: String, query: QueryParameters, headers: HeaderList) throws(S3Error) {
        switch method {
        case "GET": self = try Self.get(query)
        case "HEAD": self = .head
        case "PUT": self = try Self.put(query, headers)
        case "DELETE": self = try Self.delete(query)
        case "POST":
            guard query.has("delete") else {
                throw .notImplemented(feature: "uploads by HTML form (POST on a bucket)")
            }
            self = .deleteObjects(try BodyDigests(headers: headers))
        default: throw .methodNotAllowed(method: method)
        }
    }

    private static func get(_ query: QueryParameters) throws(S3Error) -> BucketOperation {
        guard !query.isEmpty else { return .list(try ListObjectsRequest(query: query)) }
        if query.has("location") { return .location }
        if query.has("acl") { return .accessControl }
        if query.has("uploads") { return .listUploads(try ListUploadsRequest(query: query)) }
        if query.has("versions") { return .listVersions(try ListVersionsRequest(query: query)) }
        if let feature = BucketFeature.named(in: query) { return .feature(feature) }
        if query.has("session") { throw .notImplemented(feature: "sessions (CreateSession)") }
        return .list(try ListObjectsRequest(query: query))
    }

    private static func put(
        _ query: QueryParameters,
        _ headers: HeaderList
    ) throws(S3Error) -> BucketOperation {
        if query.has("acl") {
            return .setAccessControl(try CannedAccess.stated(in: headers))
        }
        if let feature = BucketFeature.named(in: query) {
            throw .notImplemented(feature: "the \(feature.rawValue) configuration of a bucket")
        }
        return .create(try CannedAccess.stated(in: headers))
    }

    private static func delete(_ query: QueryParameters) throws(S3Error) -> BucketOperation {
        guard let feature = BucketFeature.named(in: query) else { return .delete }
        return .removeFeature(feature)
    }
}

extension ObjectOperation {
    init(
        method: String,
        key: ObjectKey,
        query: QueryParameters,
        headers: HeaderList
    ) throws(S3Error) {
        if let version = try query.text("versionId"), version != "null" {
            throw .noSuchVersion(key, versionID: version)
        }
        switch method {
        case "GET": self = try Self.get(query, headers)
        case "HEAD": self = .head(try ReadRequest(query: query, headers: headers))
        case "PUT": self = try Self.put(query, headers)
        case "DELETE": self = try Self.delete(query, headers)
        case "POST": self = try Self.post(query, headers)
        default: throw .methodNotAllowed(method: method)
        }
    }

    private static func get(
        _ query: QueryParameters,
        _ headers: HeaderList
    ) throws(S3Error) -> ObjectOperation {
        guard !query.isEmpty else {
            return .get(try ReadRequest(query: query, headers: headers))
        }
        if let upload = try query.value("uploadId") {
            return .listParts(try ListPartsRequest(upload: UploadID(upload), query: query))
        }
        if query.has("acl") { return .accessControl }
        if query.has("attributes") { return .attributes(try AttributesRequest(headers: headers)) }
        if query.has("tagging") { return .tags }
        if query.has("retention") || query.has("legal-hold") { throw .objectLockNotEnabled }
        if query.has("torrent") { throw .notImplemented(feature: "torrents") }
        return .get(try ReadRequest(query: query, headers: headers))
    }

    private static func put(
        _ query: QueryParameters,
        _ headers: HeaderList
    ) throws(S3Error) -> ObjectOperation {
        let source = headers["x-amz-copy-source"]
        // An empty source is no put: it would leave an empty object where a copy was wanted.
        guard source != nil || !headers.has("x-amz-copy-source") else {
            throw .invalidRequest(.copySourceInvalid)
        }
        if let upload = try query.value("uploadId") {
            guard let number = try PartNumber.stated(in: query) else {
                throw .invalidArgument(name: "partNumber", value: "")
            }
            guard let source else {
                let request = try UploadPartRequest(
                    upload: UploadID(upload),
                    number: number,
                    headers: headers
                )
                return .uploadPart(request)
            }
            let request = try CopyPartRequest(
                upload: UploadID(upload),
                number: number,
                source: source,
                headers: headers
            )
            return .copyPart(request)
        }
        if query.has("partNumber") { throw .invalidArgument(name: "uploadId", value: "") }
        if query.has("acl") {
            return .setAccessControl(try CannedAccess.stated(in: headers))
        }
        for feature in ["tagging", "retention", "legal-hold"] where query.has(feature) {
            throw .notImplemented(feature: "the \(feature) of an object")
        }
        if query.has("renameObject") { throw .notImplemented(feature: "RenameObject") }
        guard let source else { return .put(try PutRequest(headers: headers)) }
        return .copy(try CopyRequest(source: source, headers: headers))
    }

    private static func delete(
        _ query: QueryParameters,
        _ headers: HeaderList
    ) throws(S3Error) -> ObjectOperation {
        // An upload without a name is missing; the object of the key is not what was to go.
        if let upload = try query.value("uploadId") { return .abortUpload(UploadID(upload)) }
        if query.has("tagging") { return .removeTags }
        return .delete(try WritePrecondition(headers: headers))
    }

    private static func post(
        _ query: QueryParameters,
        _ headers: HeaderList
    ) throws(S3Error) -> ObjectOperation {
        if query.has("uploads") {
            return .createUpload(try CreateUploadRequest(headers: headers))
        }
        if let upload = try query.value("uploadId") {
            let request = try CompleteUploadRequest(upload: UploadID(upload), headers: headers)
            return .completeUpload(request)
        }
        if query.has("select") { throw .notImplemented(feature: "SelectObjectContent") }
        if query.has("restore") { throw .notImplemented(feature: "RestoreObject") }
        throw .methodNotAllowed(method: "POST")
    }
}
