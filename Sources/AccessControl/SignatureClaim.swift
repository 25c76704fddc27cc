/// Where a signature was found.
enum SignaturePlace {
    case header
    case query
}

/// Where the last four slashes of a credential are, with an access key before them; an access key
/// may hold slashes itself.
private struct Slashes {
    let first: Int
    let second: Int
    let third: Int
    let fourth: Int

    init?(_ credential: [UInt8]) {
        var end = credential.count
        func previous() -> Int? {
            while end > 0 {
                end -= 1
                if credential[end] == UInt8(ascii: "/") { return end }
            }
            return nil
        }
        guard let fourth = previous(), let third = previous(), let second = previous(),
            let first = previous(), first > 0
        else { return nil }
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }
}

/// What a request says about its signature: whose key, for which scope, over which headers.
struct SignatureClaim {
    /// The longest credential that is read, in bytes.
    static let credentialBytesMax = 256

    /// Where it was found.
    let place: SignaturePlace
    /// `key/date/region/service/aws4_request`, as sent.
    let credential: [UInt8]
    /// Where the access key lies in ``credential``.
    let accessKey: Range<Int>
    /// Where the scope, which is the rest, lies in ``credential``.
    let scope: Range<Int>
    private let dateRange: Range<Int>
    private let regionRange: Range<Int>
    private let serviceRange: Range<Int>
    /// The headers it covers.
    let signedHeaders: SignedHeaderList
    /// The signature as sent; 64 digits if it can be right.
    let signature: ArraySlice<UInt8>

    var date: ArraySlice<UInt8> { credential[dateRange] }
    var region: ArraySlice<UInt8> { credential[regionRange] }
    var service: ArraySlice<UInt8> { credential[serviceRange] }

    /// Reads an `Authorization` header that begins with `AWS4-HMAC-SHA256`.
    init(
        header: ArraySlice<UInt8>,
        service: [UInt8]
    ) throws(AuthorizationFault) {
        let algorithmEnd = header.firstIndex(of: UInt8(ascii: " ")) ?? header.endIndex
        var credential: ArraySlice<UInt8>?
        var signedHeaders: ArraySlice<UInt8>?
        var signature: ArraySlice<UInt8>?
        for piece in header[algorithmEnd...].split(separator: UInt8(ascii: ",")) {
            var piece = piece.drop { $0 == UInt8(ascii: " ") }
            // White space was collapsed, so there is at most one space at the end.
            if piece.last == UInt8(ascii: " ") { piece.removeLast() }
            guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = piece[(equals + 1)...]
            let name = piece[..<equals]
            if name.holds("Credential") {
                credential = value
            } else if name.holds("SignedHeaders") {
                signedHeaders = value
            } else if name.holds("Signature") {
                signature = value
            }
        }
        guard let credential, !credential.isEmpty else {
            throw .parameterMissing("Credential")
        }
        guard let signedHeaders, !signedHeaders.isEmpty else {
            throw .parameterMissing("SignedHeaders")
        }
        guard let signature, !signature.isEmpty else { throw .parameterMissing("Signature") }
        try self.init(
            place: .header,
            credential: Array(credential),
            signedHeaders: Array(signedHeaders),
            signature: signature,
            service: service
        )
    }

    /// Reads the parameters of a presigned URL.
    init(query: QueryTable, service: [UInt8]) throws(AuthorizationFault) {
        guard let algorithm = query.encodedValue("X-Amz-Algorithm"), !algorithm.isEmpty else {
            throw .parameterMissing("X-Amz-Algorithm")
        }
        guard algorithm.holds("AWS4-HMAC-SHA256") else {
            throw .algorithmUnsupported
        }
        guard let credential = query.value("X-Amz-Credential"), !credential.isEmpty else {
            throw .parameterMissing("X-Amz-Credential")
        }
        guard let signedHeaders = query.value("X-Amz-SignedHeaders"), !signedHeaders.isEmpty else {
            throw .parameterMissing("X-Amz-SignedHeaders")
        }
        guard let signature = query.value("X-Amz-Signature"), !signature.isEmpty else {
            throw .parameterMissing("X-Amz-Signature")
        }
        try self.init(
            place: .query,
            credential: Array(credential),
            signedHeaders: Array(signedHeaders),
            signature: signature,
            service: service
        )
    }

    private init(
        place: SignaturePlace,
        credential: [UInt8],
        signedHeaders: [UInt8],
        signature: ArraySlice<UInt8>,
        service: [UInt8]
    ) throws(AuthorizationFault) {
        guard credential.count <= Self.credentialBytesMax else { throw .credentialMalformed }
        guard let slashes = Slashes(credential) else { throw .credentialMalformed }
        guard let list = SignedHeaderList(signedHeaders) else { throw .signedHeadersMalformed }
        let terminator = credential[(slashes.fourth + 1)...]
        guard terminator.holds("aws4_request") else {
            throw .scopeTerminatorWrong(String(decoding: terminator, as: UTF8.self))
        }
        let named = credential[(slashes.third + 1)..<slashes.fourth]
        guard named.elementsEqual(service) else {
            throw .scopeServiceWrong(String(decoding: named, as: UTF8.self))
        }
        guard slashes.third > slashes.second + 1 else { throw .credentialMalformed }
        guard list.contains("host") else { throw .hostUnsigned }
        self.place = place
        self.credential = credential
        accessKey = 0..<slashes.first
        scope = (slashes.first + 1)..<credential.count
        dateRange = (slashes.first + 1)..<slashes.second
        regionRange = (slashes.second + 1)..<slashes.third
        serviceRange = (slashes.third + 1)..<slashes.fourth
        self.signedHeaders = list
        self.signature = signature
    }
}
