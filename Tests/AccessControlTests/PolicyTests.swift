import StorageModel
import Testing

@testable import AccessControl

/// Checks Basic credentials and the policy, exhaustively where it is small.
@Suite struct PolicyTests {
    // Source: RFC 7617, section 2, examples.
    @Test func `Basic credentials of the standard are read`() {
        #expect(
            BasicCredentials.parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
                == BasicCredentials(user: "Aladdin", password: "open sesame")
        )
        #expect(
            BasicCredentials.parse("basic dGVzdDoxMjPCow==")
                == BasicCredentials(user: "test", password: "123£")
        )
        #expect(BasicCredentials.parse("Basic Og==") == BasicCredentials(user: "", password: ""))
        #expect(
            BasicCredentials.parse("Basic YTpiOmM=") == BasicCredentials(user: "a", password: "b:c")
        )
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi YTpi", "Basic YTpi=", "Basic YQ==",
        "Basic /zpi", "Basic YTr/", "BasicYTpi", "Basic YT\npi",
        "Basic " + String(repeating: "YTpi", count: 300),
    ])
    func `anything else is not`(_ header: String) {
        #expect(BasicCredentials.parse(header) == nil)
    }

    @Test func `owner and root may do all, others what is public, for every combination`() throws {
        let owner = try PrincipalName("ana")
        let principals: [Principal?] = [
            nil, Principal(name: .root, accessKey: "r", secretKey: ""),
            Principal(name: owner, accessKey: "a", secretKey: ""),
            Principal(name: try PrincipalName("Ana"), accessKey: "b", secretKey: ""),
        ]
        for access in [NamespaceAccess.private, .publicRead] {
            let namespace = Namespace(
                name: try NamespaceName("images"),
                owner: owner,
                access: access,
                created: WallTime(milliseconds: 0),
                line: LineID(1)
            )
            for (index, principal) in principals.enumerated() {
                for action in AccessAction.allCases {
                    let isReading = action == .read || action == .list
                    let expected =
                        index == 1 || index == 2 || (access == .publicRead && isReading)
                    #expect(
                        AccessPolicy.decide(
                            principal: principal,
                            action: action,
                            namespace: namespace
                        ) == expected
                    )
                }
            }
        }
    }
}
