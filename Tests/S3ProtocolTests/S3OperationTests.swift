import S3Protocol
import StorageModel
import Testing

/// Checks that requests are recognised as the operations of the Amazon S3 API Reference, and that
/// what Nave has not is refused with S3's own code.
@Suite struct S3OperationTests {
    static func parse(
        _ line: String,
        _ fields: [(name: String, value: String)] = []
    ) throws -> S3Operation {
        let words = line.split(separator: " ")
        var headers = HeaderList(fields)
        return try S3Operation(
            method: String(words[0]),
            target: RequestTarget(String(words[1])),
            headers: &headers
        )
    }

    /// The name of an operation's case, without its values.
    static func name(_ operation: S3Operation) -> String {
        let value: String =
            switch operation {
            case .listBuckets: "listBuckets"
            case .preflight: "preflight"
            case .bucket(_, let operation): "bucket.\(operation)"
            case .object(_, _, let operation): "object.\(operation)"
            }
        return String(value.prefix { $0 != "(" })
    }

    static let rows = [
        ("GET /", "listBuckets"),
        ("GET /bucket", "bucket.list"), ("GET /bucket?list-type=2&prefix=a", "bucket.list"),
        ("HEAD /bucket", "bucket.head"), ("PUT /bucket", "bucket.create"),
        ("DELETE /bucket", "bucket.delete"), ("GET /bucket?location", "bucket.location"),
        ("GET /bucket?acl", "bucket.accessControl"), ("PUT /bucket?acl", "bucket.setAccessControl"),
        ("GET /bucket?versions", "bucket.listVersions"),
        ("GET /bucket?uploads", "bucket.listUploads"),
        ("POST /bucket?delete", "bucket.deleteObjects"),
        ("GET /bucket?versioning", "bucket.feature"), ("GET /bucket?policy", "bucket.feature"),
        ("DELETE /bucket?policy", "bucket.removeFeature"),
        ("GET /bucket/key", "object.get"), ("GET /bucket/key?x-id=GetObject", "object.get"),
        ("GET /bucket/key?versionId=null", "object.get"), ("HEAD /bucket/key", "object.head"),
        ("PUT /bucket/key", "object.put"), ("DELETE /bucket/key", "object.delete"),
        ("GET /bucket/key?acl", "object.accessControl"),
        ("PUT /bucket/key?acl", "object.setAccessControl"),
        ("GET /bucket/key?tagging", "object.tags"),
        ("POST /bucket/key?uploads", "object.createUpload"),
        ("PUT /bucket/key?uploadId=u&partNumber=1", "object.uploadPart"),
        ("GET /bucket/key?uploadId=u", "object.listParts"),
        ("POST /bucket/key?uploadId=u", "object.completeUpload"),
        ("DELETE /bucket/key?uploadId=u", "object.abortUpload"),
        // An upload without a name is one that is missing, never the object of the key.
        ("DELETE /bucket/key?uploadId=", "object.abortUpload"),
        ("DELETE /bucket/key?uploadId", "object.abortUpload"),
        ("GET /bucket/key?uploadId=", "object.listParts"),
        ("POST /bucket/key?uploadId=", "object.completeUpload"),
        ("PUT /bucket/key?uploadId=&partNumber=1", "object.uploadPart"),
    ]

    @Test(arguments: rows)
    func `recognises every operation`(_ line: String, _ expected: String) throws {
        #expect(Self.name(try Self.parse(line)) == expected)
    }

    @Test func `a copy source makes a copy of a put`() throws {
        let fields = [(name: "x-amz-copy-source", value: "/source/a%20b?versionId=null")]
        guard case .object(_, _, .copy(let request)) = try Self.parse("PUT /bucket/key", fields)
        else {
            Issue.record("not a copy")
            return
        }
        #expect(request.source.bucket.text == "source")
        #expect(request.source.key.text == "a b")
        #expect(
            Self.name(try Self.parse("PUT /bucket/key?uploadId=u&partNumber=2", fields))
                == "object.copyPart"
        )
        for source in ["", "bucket", "/bucket/", "bucket/%zz"] {
            #expect(throws: S3Error.invalidRequest(.copySourceInvalid), "\(source)") {
                try CopySource(source)
            }
        }
        #expect(try CopySource("bucket/a?b").key.text == "a?b")
    }

    static let refusals: [(String, [(name: String, value: String)], String)] = [
        ("PUT /bucket?versioning", [], "NotImplemented"),
        ("PUT /bucket?tagging", [], "NotImplemented"),
        ("PUT /bucket/key?tagging", [], "NotImplemented"),
        ("POST /bucket", [], "NotImplemented"), ("POST /bucket/key", [], "MethodNotAllowed"),
        ("PATCH /bucket/key", [], "MethodNotAllowed"), ("PUT /", [], "MethodNotAllowed"),
        ("GET /bucket?max-keys=x", [], "InvalidArgument"),
        ("GET /bucket?max-keys=-1", [], "InvalidArgument"),
        ("GET /bucket?max-keys=99999999999", [], "InvalidArgument"),
        ("GET /bucket?encoding-type=xml", [], "InvalidArgument"),
        ("GET /bucket?list-type=3", [], "InvalidArgument"),
        ("GET /bucket?list-type=2&continuation-token=x", [], "InvalidArgument"),
        ("GET /bucket/key?partNumber=0", [], "InvalidArgument"),
        ("PUT /bucket/key?uploadId=u&partNumber=10001", [], "InvalidArgument"),
        ("PUT /bucket/key?partNumber=1", [], "InvalidArgument"),
        ("GET /bucket/key?partNumber=1", [("Range", "bytes=0-1")], "InvalidRequest"),
        ("GET /bucket/key?versionId=abc", [], "NoSuchVersion"),
        ("GET /bucket/key?response-content-type=a%0D%0Ab", [], "InvalidArgument"),
        ("OPTIONS /bucket/key", [], "BadRequest"),
        ("OPTIONS /bucket/key", [("Origin", "http://a")], "BadRequest"),
        ("PUT /bucket/key?x-amz-meta-a=b%0D%0Ac:d", [], "InvalidArgument"),
        ("PUT /bucket/key?x-amz-meta-a%0D%0Ab=c", [], "InvalidArgument"),
        ("PUT /bucket/key?x-amz-meta-%C3%B6=c", [], "InvalidArgument"),
        ("PUT /bucket/key", [("x-amz-server-side-encryption", "AES256")], "NotImplemented"),
        (
            "GET /bucket/key", [("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256")],
            "NotImplemented"
        ),
        ("PUT /bucket/key", [("x-amz-copy-source", "")], "InvalidRequest"),
        ("PUT /bucket/key", [("x-amz-tagging", "a=b")], "NotImplemented"),
        ("PUT /bucket/key", [("x-amz-object-lock-mode", "GOVERNANCE")], "NotImplemented"),
        ("PUT /bucket/key", [("x-amz-acl", "public-read-write")], "NotImplemented"),
        ("PUT /bucket/key", [("x-amz-acl", "nonsense")], "InvalidArgument"),
        ("PUT /bucket/key", [("x-amz-grant-read", "id=x")], "NotImplemented"),
        ("PUT /bucket/key", [("x-amz-storage-class", "FAST")], "InvalidStorageClass"),
        ("PUT /bucket/key", [("Content-MD5", "short")], "InvalidDigest"),
        ("PUT /bucket/key", [("Content-MD5", "")], "InvalidDigest"),
        (
            "PUT /bucket/key", [("x-amz-meta-a", String(repeating: "v", count: 2048))],
            "MetadataTooLarge"
        ),
        (
            "POST /bucket/key?uploads",
            [("x-amz-checksum-algorithm", "SHA256"), ("x-amz-checksum-type", "FULL_OBJECT")],
            "InvalidRequest"
        ),
        (
            "POST /bucket/key?uploads",
            [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")],
            "InvalidRequest"
        ),
    ]

    @Test(arguments: refusals)
    func `refuses with the code that S3 has`(
        _ line: String,
        _ fields: [(name: String, value: String)],
        _ code: String
    ) {
        #expect {
            try Self.parse(line, fields)
        } throws: { error in
            (error as? S3Error)?.code == code
        }
    }

    @Test func `attributes keep system headers and metadata, without the framing`() throws {
        let attributes = try ObjectAttributes(
            headers: HeaderList([
                ("Content-Type", "image/png"), ("Content-Encoding", "aws-chunked,gzip"),
                ("Cache-Control", " no-cache "), ("x-amz-meta-B", "grün"), ("X-Amz-Meta-b", "2"),
                ("x-amz-meta-empty", ""), ("x-amz-date", "now"),
            ])
        )
        #expect(
            attributes.systemHeaders == [
                HeaderField("content-type", "image/png"), HeaderField("content-encoding", "gzip"),
                HeaderField("cache-control", "no-cache"),
            ]
        )
        #expect(
            attributes.userMetadata == [HeaderField("b", "grün,2"), HeaderField("empty", "")]
        )
    }

    @Test func `a feature never configured answers as S3 does`() throws {
        #expect(throws: Never.self) { try ObjectDocument.feature(.versioning) }
        let codes: [(BucketFeature, String)] = [
            (.policy, "NoSuchBucketPolicy"), (.cors, "NoSuchCORSConfiguration"),
            (.tagging, "NoSuchTagSet"), (.lifecycle, "NoSuchLifecycleConfiguration"),
            (.encryption, "ServerSideEncryptionConfigurationNotFoundError"),
            (.publicAccessBlock, "NoSuchPublicAccessBlockConfiguration"),
        ]
        for (feature, code) in codes {
            #expect {
                try ObjectDocument.feature(feature)
            } throws: { error in
                (error as? S3Error)?.code == code && (error as? S3Error)?.status == 404
            }
        }
    }

    @Test func `presigned headers in the query count as headers`() throws {
        var headers = HeaderList([])
        let operation = try S3Operation(
            method: "PUT",
            target: RequestTarget("/bucket/key?x-amz-meta-a=b&X-Amz-Signature=00"),
            headers: &headers
        )
        guard case .object(_, _, .put(let request)) = operation else {
            Issue.record("not a put")
            return
        }
        #expect(request.attributes.userMetadata == [HeaderField("a", "b")])
    }

    @Test func `every error has a code, a status and a sentence`() {
        let errors: [S3Error] = [
            .accessDenied, .internalError, .storedBytesDamaged, .invalidURI(.keyNotAddressable),
            .malformedXML,
            .badDigest(.checksum(.crc32)), .slowDown, .insufficientStorage,
            .invalidRequest(.copyOntoItself), .notConfigured(.versioning),
        ]
        for error in errors {
            #expect(!error.code.isEmpty)
            #expect((400...599).contains(error.status))
            #expect(error.message.count > 5)
        }
    }
}
