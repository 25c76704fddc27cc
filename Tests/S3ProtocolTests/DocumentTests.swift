import Foundation
import S3Protocol
import StorageModel
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Checks the documents that are written.
///
/// Method: Foundation's parser, which is not ours, must find the elements that the Amazon S3 API
/// Reference lists, with the text that went in.
@Suite struct DocumentTests {
    /// Paths of elements and their text, as Foundation's parser finds them.
    final class Reading: NSObject, XMLParserDelegate {
        var lines: [String] = []
        private var path: [String] = []
        private var text = ""

        static func of(_ bytes: [UInt8]) -> [String]? {
            let reading = Reading()
            let parser = XMLParser(data: Data(bytes))
            parser.delegate = reading
            return parser.parse() ? reading.lines : nil
        }

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String]
        ) {
            path.append(name)
            text = ""
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) {
            text += string
        }

        func parser(
            _ parser: XMLParser,
            didEndElement name: String,
            namespaceURI: String?,
            qualifiedName: String?
        ) {
            if !text.isEmpty { lines.append(path.joined(separator: "/") + "=" + text) }
            text = ""
            path.removeLast()
        }
    }

    let bucket: Namespace

    init() throws {
        bucket = Namespace(
            name: try NamespaceName("bucket"),
            owner: .root,
            access: .private,
            created: WallTime(milliseconds: 0),
            line: LineID(1)
        )
    }

    static let page = ListPage(
        objects: [
            ListedObject(
                key: ObjectKey(trusted: "a&b <\"c\">"),
                sizeBytes: 434_234,
                entityTag: "fba9dede5f27731c9771645a39863328",
                modified: WallTime(milliseconds: 1_255_369_830_000),
                sequence: 1
            )
        ],
        commonPrefixes: ["p q/"],
        nextMarker: "p q/"
    )

    static func request(_ target: String) throws -> ListObjectsRequest {
        var headers = HeaderList([])
        let operation = try S3Operation(
            method: "GET",
            target: RequestTarget(target),
            headers: &headers
        )
        guard case .bucket(_, .list(let request)) = operation else {
            throw S3Error.internalError
        }
        return request
    }

    @Test func `the second listing has the elements of the reference`() throws {
        let request = try Self.request("/bucket?list-type=2&delimiter=/&max-keys=2")
        let lines = try #require(
            Reading.of(ListingDocument.objects(Self.page, of: bucket, request: request))
        )
        #expect(
            lines == [
                "ListBucketResult/Name=bucket",
                "ListBucketResult/NextContinuationToken=\(ContinuationToken.after("p q/"))",
                "ListBucketResult/KeyCount=2", "ListBucketResult/Delimiter=/",
                "ListBucketResult/MaxKeys=2", "ListBucketResult/IsTruncated=true",
                "ListBucketResult/Contents/Key=a&b <\"c\">",
                "ListBucketResult/Contents/LastModified=2009-10-12T17:50:30.000Z",
                "ListBucketResult/Contents/ETag=\"fba9dede5f27731c9771645a39863328\"",
                "ListBucketResult/Contents/Size=434234",
                "ListBucketResult/Contents/StorageClass=STANDARD",
                "ListBucketResult/CommonPrefixes/Prefix=p q/",
            ]
        )
    }

    @Test func `the first listing names owners and encodes on request`() throws {
        let request = try Self.request(
            "/bucket?delimiter=/&encoding-type=url&marker=x%20y&prefix=a%26"
        )
        let lines = try #require(
            Reading.of(ListingDocument.objects(Self.page, of: bucket, request: request))
        )
        #expect(lines.contains("ListBucketResult/Prefix=a&"))
        #expect(lines.contains("ListBucketResult/Marker=x%20y"))
        #expect(lines.contains("ListBucketResult/NextMarker=p%20q/"))
        #expect(lines.contains("ListBucketResult/EncodingType=url"))
        #expect(lines.contains("ListBucketResult/MaxKeys=1000"))
        #expect(lines.contains("ListBucketResult/Contents/Key=a%26b%20%3C%22c%22%3E"))
        #expect(lines.contains("ListBucketResult/Contents/Owner/ID=root"))
        #expect(lines.contains("ListBucketResult/CommonPrefixes/Prefix=p%20q/"))
    }

    @Test func `a continuation token comes back as the name it was made of`() throws {
        for name in ["", "a", "ä/ö", "\u{10FFFF}\u{1}"] {
            #expect(ContinuationToken.name(of: ContinuationToken.after(name)) == name)
        }
        for token in ["", "x", "n1.0", "n1.zz", "n1.ff", "n2.61"] {
            #expect(ContinuationToken.name(of: token) == nil, "\(token)")
        }
    }

    @Test func `a deletion is read and answered key by key`() throws {
        let document = try DeletionDocument(
            Array(
                """
                <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>false</Quiet>
                <Object><Key>a b</Key></Object>
                <Object><Key>c&amp;d</Key><VersionId>null</VersionId><ETag>"t"</ETag></Object>
                </Delete>
                """.utf8
            )
        )
        #expect(document.items.map(\.key) == ["a b", "c&d"])
        #expect(document.items[1].entityTag == "t")
        let lines = try #require(Reading.of(document.answer([nil, .internalError])))
        #expect(lines.contains("DeleteResult/Deleted/Key=a b"))
        #expect(lines.contains("DeleteResult/Error/Key=c&d"))
        #expect(lines.contains("DeleteResult/Error/Code=InternalError"))
        let many = String(repeating: "<Object><Key>k</Key></Object>", count: 1001)
        for text in ["", "<Delete/>", "<Delete>\(many)</Delete>", "<Other/>", "<Delete"] {
            #expect(throws: S3Error.self) { try DeletionDocument(Array(text.utf8)) }
        }
    }

    @Test func `a completion is read with its checksums`() throws {
        let parts = try MultipartDocument.completion(
            Array(
                """
                <CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"aa"</ETag>
                <ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Part>
                <Part><ETag>bb</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>
                """.utf8
            )
        )
        #expect(parts.map(\.number) == [1, 2])
        #expect(parts.map(\.entityTag) == ["aa", "bb"])
        #expect(parts[0].checksums.map(\.text) == ["y/Q5Jg=="])
        for text in [
            "<CompleteMultipartUpload/>",
            "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        ] {
            #expect(throws: S3Error.malformedXML) {
                try MultipartDocument.completion(Array(text.utf8))
            }
        }
    }

    @Test func `an access control list goes out and comes back`() throws {
        for access in [NamespaceAccess.private, .publicRead] {
            let bytes = CannedAccess.document(owner: .root, access: access)
            #expect(Reading.of(bytes) != nil)
            #expect(try CannedAccess.access(in: bytes, owner: .root) { _ in true } == access)
        }
        let other = CannedAccess.document(
            owner: PrincipalName(trusted: "someone"),
            access: .private
        )
        #expect(throws: S3Error.self) {
            try CannedAccess.access(in: other, owner: .root) { _ in true }
        }
        #expect(throws: S3Error.invalidArgument(name: "ID", value: "someone")) {
            try CannedAccess.access(in: other, owner: .root) { _ in false }
        }
        #expect(throws: S3Error.malformedACL) {
            try CannedAccess.access(in: Array("<a/>".utf8), owner: .root) { _ in true }
        }
    }

    @Test func `an error tells its code, resource and request`() throws {
        let bytes = ErrorDocument.write(
            .noSuchKey(ObjectKey(trusted: "a&b")),
            resource: "/bucket/a&b",
            requestID: "R",
            hostID: "H"
        )
        #expect(
            Reading.of(bytes) == [
                "Error/Code=NoSuchKey", "Error/Message=The specified key does not exist.",
                "Error/Key=a&b", "Error/Resource=/bucket/a&b", "Error/RequestId=R",
                "Error/HostId=H",
            ]
        )
    }
}
