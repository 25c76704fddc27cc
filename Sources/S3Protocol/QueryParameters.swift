/// The parameters of a request's query, without those that carry a presigned signature.
///
/// Names are decoded, values only when they are asked for, so that the usual presigned request pays
/// for nothing but a scan.
public struct QueryParameters: Sendable {
    /// The most parameters a query may have.
    public static let countMax = 128

    private var names: [String] = []
    private var rawValues: [String] = []

    /// Splits a raw query, the part of a request target after `?`.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when a name is not well encoded or there are too many.
    public init(_ query: Substring) throws(S3Error) {
        guard !query.isEmpty else { return }
        try query.withBytes { bytes throws(S3Error) in try take(bytes) }
    }

    /// Takes the parameters that are no part of a signature; the usual query has no others.
    private mutating func take(_ query: UnsafeBufferPointer<UInt8>) throws(S3Error) {
        var start = 0
        while start < query.count {
            let end = query.offset(of: "&", from: start) ?? query.count
            if start < end, !Self.isSignature(query, start..<end) {
                guard names.count < Self.countMax else { throw .invalidURI(.tooManyParameters) }
                try takeParameter(UnsafeBufferPointer(rebasing: query[start..<end]))
            }
            start = end + 1
        }
    }

    private mutating func takeParameter(
        _ parameter: UnsafeBufferPointer<UInt8>
    ) throws(S3Error) {
        let equals = parameter.offset(of: "=") ?? parameter.count
        let rawName = UnsafeBufferPointer(rebasing: parameter[..<equals])
        guard let name = PercentCoding.decode(rawName, plusSign: .space) else {
            throw .invalidURI(.queryEncoding)
        }
        names.append(name)
        let value = parameter[min(equals + 1, parameter.count)...]
        rawValues.append(String(decoding: UnsafeBufferPointer(rebasing: value), as: UTF8.self))
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
        guard let value = PercentCoding.decode(rawValues[index][...], plusSign: .space) else {
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
    /// A name that is no token, or a value with control bytes, could not have come in a header and
    /// could not be sent back in one.
    ///
    /// - Throws: ``S3Error/invalidURI(_:)`` when a value is not well encoded,
    ///   ``S3Error/invalidArgument(name:value:)`` when it could not be a header.
    public func hoistedHeaders() throws(S3Error) -> [HeaderSuffix] {
        var found: [HeaderSuffix] = []
        for name in names where name.utf8.count > 6 && name.lowercased().hasPrefix("x-amz-") {
            let value = try value(name) ?? ""
            guard HeaderList.isToken(name), HeaderList.isFieldText(value) else {
                throw .invalidArgument(name: name, value: value)
            }
            found.append(HeaderSuffix(suffix: name.lowercased(), value: value))
        }
        return found
    }

    /// The names of the query form of a signature.
    ///
    /// Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
    private static let signatureNames: [StaticString] = [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
        "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    ]

    /// Whether a parameter belongs to a signature; the usual query has nothing else.
    private static func isSignature(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ pair: Range<Int>
    ) -> Bool {
        guard bytes[pair.lowerBound] == UInt8(ascii: "X") else { return false }
        return signatureNames.contains { name in
            let end = pair.lowerBound + name.utf8CodeUnitCount
            guard end < pair.upperBound, bytes[end] == UInt8(ascii: "=") else { return false }
            return name.withUTF8Buffer { name in
                for index in name.indices where name[index] != bytes[pair.lowerBound + index] {
                    return false
                }
                return true
            }
        }
    }
}
