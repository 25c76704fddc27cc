import S3Protocol
import StorageModel
import Testing

/// Checks how paths and queries become names.
///
/// Method: rows; the refused keys are those that the project's key rules name.
@Suite struct RequestTargetTests {
    @Test func `a path addresses the service, a bucket or an object`() throws {
        #expect(try RequestTarget("/").address() == .service)
        #expect(try RequestTarget("/?x=1").address() == .service)
        let bucket = try NamespaceName("bucket")
        #expect(try RequestTarget("/bucket").address() == .bucket(bucket))
        #expect(try RequestTarget("/bucket/").address() == .bucket(bucket))
        #expect(try RequestTarget("/bucket/?list-type=2").address() == .bucket(bucket))
        #expect(try RequestTarget("http://host:9000/bucket/?x").address() == .bucket(bucket))
        for (path, key) in [
            ("k", "k"), ("a/b/", "a/b/"), ("a+b%20c", "a+b c"), ("big:v0/c", "big:v0/c"),
            ("big%3Av0/c", "big:v0/c"), ("%E4%BD%A0", "你"), ("a%2Fb", "a/b"), ("a%3Fb", "a?b"),
            ("%CC%81", "\u{301}"), ("a..b/...", "a..b/..."),
        ] {
            #expect(
                try RequestTarget("/bucket/\(path)").address()
                    == .object(bucket, try ObjectKey(key))
            )
        }
    }

    @Test(arguments: [
        "/bucket/a//b", "/bucket//a", "/bucket/../a", "/bucket/a/..", "/bucket/./a",
        "/bucket/%2E%2E/a", "/bucket/a%00", "/bucket/a%2", "/bucket/a%zz", "/bucket/%FF",
        "/bucket/%C0%AF", "bucket", "*",
    ])
    func `refuses addresses that no key has`(_ target: String) {
        #expect {
            try RequestTarget(target).address()
        } throws: { error in
            (error as? S3Error)?.code == "InvalidURI" && (error as? S3Error)?.status == 400
        }
    }

    @Test func `refuses long keys and bad bucket names with their own codes`() {
        let longest = String(repeating: "k", count: 1024)
        // A key that a longer name of its version made longer can be read and deleted.
        for (method, lengthBytes) in [
            ("PUT", 1024), ("POST", 1024), ("GET", 1793), ("DELETE", 1793),
        ] {
            func parse(_ lengthBytes: Int) throws {
                var headers = HeaderList([])
                let key = String(repeating: "k", count: lengthBytes)
                let query = method == "POST" ? "?uploads" : ""
                _ = try S3Operation(
                    method: method,
                    target: RequestTarget("/bucket/\(key)\(query)"),
                    headers: &headers
                )
            }
            #expect(throws: Never.self) { try parse(lengthBytes) }
            #expect(throws: S3Error.keyTooLong(sizeBytes: lengthBytes + 1)) {
                try parse(lengthBytes + 1)
            }
        }
        #expect(throws: Never.self) { try RequestTarget("/bucket/\(longest)").address() }
        for name in ["ab", "Bucket", "a..b", "192.168.1.1", "-abc", "a_b_c"] {
            #expect(throws: S3Error.invalidBucketName(name)) {
                try RequestTarget("/\(name)/key").address()
            }
        }
    }

    @Test func `parameters are found wherever their separators stand`() throws {
        for length in 1..<40 {
            let name = String(repeating: "n", count: length)
            let query = try QueryParameters("\(name)=1&b=\(name)&X-Amz-Date=\(name)&c")
            #expect(try query.value(name) == "1")
            #expect(try query.value("b") == name)
            #expect(try query.value("c") == "")
            #expect(!query.has("X-Amz-Date"))
            let target = RequestTarget("/\(name)?\(name)?x")
            #expect(target.path == "/\(name)")
            #expect(target.query == "\(name)?x")
        }
    }

    @Test func `a query decodes its values and drops the signature`() throws {
        let query = try QueryParameters(
            "prefix=a+b%2Fc&X-Amz-Signature=0&delimiter=&acl&x-amz-meta-a=1&X-Amz-Acl=private"
        )
        #expect(try query.value("prefix") == "a b/c")
        #expect(try query.value("delimiter") == "")
        #expect(try query.text("delimiter") == nil)
        #expect(query.has("acl"))
        #expect(!query.has("X-Amz-Signature"))
        #expect(
            try query.hoistedHeaders().map { "\($0.suffix)=\($0.value)" }
                == ["x-amz-meta-a=1", "x-amz-acl=private"]
        )
        #expect(throws: S3Error.invalidURI(.queryEncoding)) {
            try QueryParameters("prefix=%f").value("prefix")
        }
        #expect(throws: S3Error.invalidURI(.tooManyParameters)) {
            try QueryParameters(Substring(String(repeating: "a&", count: 200)))
        }
    }

    @Test func `a listing encodes names so that both kinds of decoder read them`() {
        // Source: ceph/s3-tests, test_bucket_list_encoding_basic.
        #expect(PercentCoding.encode("asdf+b") == "asdf%2Bb")
        #expect(PercentCoding.encode("quux ab/") == "quux%20ab/")
        #expect(PercentCoding.encode("foo/bar") == "foo/bar")
        #expect(PercentCoding.encode("é") == "%C3%A9")
        for scalar in UInt32(1)...0x2FF {
            guard let scalar = Unicode.Scalar(scalar) else { continue }
            let text = String(Character(scalar))
            #expect(
                PercentCoding.decode(PercentCoding.encode(text)[...], plusSign: .space) == text
            )
        }
    }
}
