import StorageModel
import Testing

/// Holds names and keys to the rules of their kind.
///
/// Method: rows from the Amazon S3 User Guide, "General purpose bucket naming rules" and "Naming
/// Amazon S3 objects", and from decision 0002.
@Suite struct NameTests {
    static let namespaces: [(String, Bool)] = [
        ("amzn-bucket1", true), ("abc", true), ("my.example.s3.bucket", true), ("0ab", true),
        ("1.2.3", true), ("192.168.5.4.5", true), ("192.168.5.a", true), ("1234.1.1.1", true),
        (String(repeating: "a", count: 63), true), ("a-b", true), ("test", true),
        ("", false), ("ab", false), (String(repeating: "a", count: 64), false), ("api", false),
        ("Abc", false), ("a_b", false), ("-ab", false), ("ab-", false), (".ab", false),
        ("ab.", false), ("a..b", false), ("192.168.5.4", false), ("1.1.1.1", false),
        ("xn--abc", false), ("sthree-abc", false), ("amzn-s3-demo-bucket", false),
        ("abc-s3alias", false), ("abc--ol-s3", false), ("abc.mrap", false), ("abc--x-s3", false),
        ("abc--table-s3", false), ("aé", false), ("abcé", false), ("a b", false), ("a/b", false),
    ]

    @Test(arguments: namespaces)
    func `a namespace has a bucket's name`(_ text: String, _ isValid: Bool) {
        #expect(((try? NamespaceName(text)) != nil) == isValid)
    }

    static let keys: [(String, NameError?)] = [
        ("a", nil), ("a/b", nil), ("a/", nil), ("a/b/", nil), ("...", nil), ("a/...b", nil),
        (".a", nil), ("a:v0/c/0/0", nil), ("é/ü", nil), (" ", nil),
        (String(repeating: "k", count: 1024), nil),
        (String(repeating: "é", count: 513), .keyTooLong(lengthBytes: 1026)),
        ("", .keyEmpty), ("/", .keyNotAddressable), ("/a", .keyNotAddressable),
        ("a//b", .keyNotAddressable), ("a//", .keyNotAddressable), (".", .keyNotAddressable),
        ("..", .keyNotAddressable), ("a/..", .keyNotAddressable), ("../a", .keyNotAddressable),
        ("a/./b", .keyNotAddressable), ("a/../b", .keyNotAddressable), ("./", .keyNotAddressable),
        ("a\u{0}b", .keyNotAddressable),
    ]

    @Test(arguments: keys)
    func `a key is one that every client can address`(_ text: String, _ expected: NameError?) {
        do throws(NameError) {
            _ = try ObjectKey(text)
            #expect(expected == nil)
        } catch {
            #expect(error == expected)
        }
    }

    @Test func `keys differ when their bytes do`() throws {
        let composed = try ObjectKey("\u{E9}")
        let decomposed = try ObjectKey("e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }

    @Test(arguments: [
        ("ada", true), ("A.b_c-9", true), (String(repeating: "p", count: 64), true), ("", false),
        (String(repeating: "p", count: 65), false), ("a b", false), ("a/b", false), ("é", false),
        (".", false), ("..", false),
    ])
    func `a principal's name stands in a URL as it is`(_ text: String, _ isValid: Bool) {
        #expect(((try? PrincipalName(text)) != nil) == isValid)
    }
}
