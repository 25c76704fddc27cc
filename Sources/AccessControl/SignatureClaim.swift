/// Where a signature was found.
enum SignaturePlace {
    case header
    case query
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
    /// Where the parts of the scope lie in ``credential``: date, region, service.
    let scopeParts: [Range<Int>]
    /// The headers it covers.
    let signedHeaders: SignedHeaderList
    /// The signature as sent; 64 digits if it can be right.
    let signature: [UInt8]

    var date: ArraySlice<UInt8> { credential[scopeParts[0]] }
    var region: ArraySlice<UInt8> { credential[scopeParts[1]] }
    var service: ArraySlice<UInt8> { credential[scopeParts[2]] }

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
            signature: Array(signature),
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
            credential: credential,
            signedHeaders: signedHeaders,
            signature: signature,
            service: service
        )
    }

    private init(
        place: SignaturePlace,
        credential: [UInt8],
        signedHeaders: [UInt8],
        signature: [UInt8],
        service: [UInt8]
    ) throws(AuthorizationFault) {
        guard credential.count <= Self.credentialBytesMax else { throw .credentialMalformed }
        // An access key may hold slashes, so the parts are found from the end.
        var slashes: [Int] = []
        for index in credential.indices.reversed() where credential[index] == UInt8(ascii: "/") {
            slashes.append(index)
            if slashes.count == 4 { break }
        }
        guard slashes.count == 4, slashes[3] > 0 else { throw .credentialMalformed }
        self.place = place
        self.credential = credential
        accessKey = 0..<slashes[3]
        scope = (slashes[3] + 1)..<credential.count
        scopeParts = [
            (slashes[3] + 1)..<slashes[2], (slashes[2] + 1)..<slashes[1],
            (slashes[1] + 1)..<slashes[0],
        ]
        guard let list = SignedHeaderList(signedHeaders) else { throw .signedHeadersMalformed }
        self.signedHeaders = list
        self.signature = signature
        let terminator = credential[(slashes[0] + 1)...]
        guard terminator.holds("aws4_request") else {
            throw .scopeTerminatorWrong(String(decoding: terminator, as: UTF8.self))
        }
        let named = credential[scopeParts[2]]
        guard named.elementsEqual(service) else {
            throw .scopeServiceWrong(String(decoding: named, as: UTF8.self))
        }
        guard !scopeParts[1].isEmpty else { throw .credentialMalformed }
        guard list.contains("host") else { throw .hostUnsigned }
    }
}
