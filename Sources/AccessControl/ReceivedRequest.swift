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
        // In a constant of its own: a property that is read before all are set costs a copy of all.
        let target = Array(head.target.utf8)
        let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        method = head.method
        self.target = target
        path = target[..<pathEnd]
        query = QueryTable(target, from: pathEnd + 1, plus: .space)
        headers = HeaderTable(head.headers)
    }

    /// What every SDK signs.
    var usualForm: SignedForm { SignedForm(path: .encodedAgain, query: query) }

    /// The other forms to try.
    ///
    /// They differ from the usual one only where the request holds characters that clients encode
    /// in different ways. All of them name the same resource.
    var otherForms: [SignedForm] {
        var forms: [SignedForm] = []
        let queryWithPlus =
            hasPlusInQuery ? QueryTable(target, from: path.endIndex + 1, plus: .plus) : nil
        if hasAmbiguousPath { forms.append(SignedForm(path: .asSent, query: query)) }
        guard let queryWithPlus else { return forms }
        forms.append(SignedForm(path: .encodedAgain, query: queryWithPlus))
        if hasAmbiguousPath { forms.append(SignedForm(path: .asSent, query: queryWithPlus)) }
        return forms
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
