/// A request head taken apart for verification.
struct ReceivedRequest {
    /// One way in which clients sign a path and a query.
    struct SignedForm {
        let path: CanonicalRequest.PathForm
        let query: QueryTable
    }

    let method: String
    let target: [UInt8]
    /// The path as sent.
    let path: ArraySlice<UInt8>
    /// The parameters, with `+` for a space.
    let query: QueryTable
    let headers: HeaderTable

    init(_ head: RequestHead) {
        method = head.method
        target = Array(head.target.utf8)
        let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        path = target[..<pathEnd]
        query = QueryTable(target[pathEnd...].dropFirst(), plus: .space)
        headers = HeaderTable(head.headers)
    }

    /// The forms to try, the usual one first.
    ///
    /// The others differ only where the request holds characters that clients encode in different
    /// ways. All of them name the same resource.
    var signedForms: some Sequence<SignedForm> {
        sequence(state: 0) { step -> SignedForm? in
            while step < 4 {
                defer { step += 1 }
                let isPathAsSent = step & 1 == 1
                let isPlusPlus = step & 2 == 2
                if isPathAsSent && !hasAmbiguousPath { continue }
                if isPlusPlus && !hasPlusInQuery { continue }
                return SignedForm(
                    path: isPathAsSent ? .asSent : .encodedAgain,
                    query: isPlusPlus ? queryWithPlus : query
                )
            }
            return nil
        }
    }

    private var queryWithPlus: QueryTable {
        QueryTable(target[path.endIndex...].dropFirst(), plus: .plus)
    }

    private var hasPlusInQuery: Bool {
        target[path.endIndex...].contains(UInt8(ascii: "+"))
    }

    private var hasAmbiguousPath: Bool {
        var canonical: [UInt8] = []
        PercentCoding.appendCanonical(path, slash: .kept, plus: .plus, to: &canonical)
        return !canonical.elementsEqual(path)
    }
}
