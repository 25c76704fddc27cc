import AccessControl
import StorageModel
import Testing

/// Checks that new keys can be passed to any program as an argument.
///
/// Method: so many are made that a character which may begin one is all but certain to.
@Suite struct NewKeysTests {
    static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    static let digits = "0123456789"

    @Test func `no key looks like an option, and none needs quoting`() throws {
        let name = try PrincipalName("ana")
        let first = Set(Self.letters + Self.digits)
        let rest = first.union("-_")
        var seen: Set<Character> = []
        for _ in 0..<4000 {
            let principal = Principal.withNewKeys(named: name)
            #expect(principal.accessKey.count == 20)
            #expect(principal.secretKey.count == 40)
            for key in [principal.accessKey, principal.secretKey] {
                #expect(key.first.map(first.contains) == true, "\(key)")
                #expect(key.allSatisfy(rest.contains), "\(key)")
            }
            seen.formUnion(principal.secretKey)
        }
        #expect(seen == rest)
    }

    @Test func `no two are alike`() throws {
        let name = try PrincipalName("ana")
        let principals = (0..<1000).map { _ in Principal.withNewKeys(named: name) }
        #expect(Set(principals.map(\.accessKey)).count == 1000)
        #expect(Set(principals.map(\.secretKey)).count == 1000)
    }
}
