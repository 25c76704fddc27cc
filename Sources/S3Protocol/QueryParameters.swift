/// The parameters of a request's query, without those that carry a presigned signature.
///
/// Names are decoded, values only when they are asked for, so that the usual presigned request pays
/// for nothing but a scan.
public struct QueryParameters: Sendable {
    /// The most parameters a query may have.
    public static let countMax = 128

    private var names: [String] = []
    private var rawValues: [Substring] = []

    /// Splits a raw query, the part of a request target after `?`.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when a name is not well encoded or there are too many.
    public init(_ query: Substring) throws(S3Error) {
        guard !query.isEmpty else { return }
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let rawName = Substring(pair[..<equals])
            if Self.isSignature(rawName) { continue }
            guard names.count < Self.countMax else { throw .invalidURI(.tooManyParameters) }
            guard let name = PercentCoding.decode(rawName, plusSign: .space) else {
                throw .invalidURI(.queryEncoding)
            }
            names.append(name)
            rawValues.append(
                equals == pair.endIndex ? "" : Substring(pair[pair.index(after: equals)...])
            )
        }
    }

    /// Whether there is no parameter.
    public var isEmpty: Bool { names.isEmpty }

    /// Whether a parameter is there, with or without a value.
    public func has(_ name: String) -> Bool { names.contains(name) }

    /// The decoded value of a parameter; nil when it is missing.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when the value is not well encoded.
    public func value(_ name: String) throws(S3Error) -> String? {
        guard let index = names.firstIndex(of: name) else { return nil }
        guard let value = PercentCoding.decode(rawValues[index], plusSign: .space) else {
            throw .invalidURI(.queryEncoding)
        }
        return value
    }

    /// The decoded value of a parameter; nil when it is missing or empty.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when the value is not well encoded.
    public func text(_ name: String) throws(S3Error) -> String? {
        guard let value = try value(name), !value.isEmpty else { return nil }
        return value
    }

    /// The parameters named `x-amz-…`, which presigners make of headers: S3 reads them as headers.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when a value is not well encoded.
    public func hoistedHeaders() throws(S3Error) -> [HeaderSuffix] {
        var found: [HeaderSuffix] = []
        for name in names where name.utf8.count > 6 && name.lowercased().hasPrefix("x-amz-") {
            found.append(HeaderSuffix(suffix: name.lowercased(), value: try value(name) ?? ""))
        }
        return found
    }

    /// The names of the query form of a signature.
    ///
    /// Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
    private static let signatureNames = [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
        "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    ]

    private static func isSignature(_ name: Substring) -> Bool {
        guard name.utf8.first == UInt8(ascii: "X") else { return false }
        return signatureNames.contains { $0.utf8.elementsEqual(name.utf8) }
    }
}
