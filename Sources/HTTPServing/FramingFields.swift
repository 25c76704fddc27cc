import NIOHTTP1

/// The header fields that decide how a connection goes on, collected as they are parsed.
///
/// Every doubt about where a request ends is an error.
///
/// Source: RFC 9112 sections 3.2, 6 and 9.3; RFC 9110 section 10.1.1.
struct FramingFields {
    private var hosts = 0
    /// The value of `Content-Length`, if it was given.
    private(set) var contentLength: Int64?
    private var isChunked = false
    private var isCodingUnknown = false
    private var expectation = RequestHead.Expectation.none
    private var asksClose = false
    private var asksKeepAlive = false

    /// Notes a field if it is one that matters.
    mutating func take(
        _ name: UnsafeRawBufferPointer,
        value: String
    ) throws(HTTPProtocolError) {
        switch name.count {
        case 4 where ASCII.matches(name, "host"):
            guard hosts == 0, Self.isHost(value) else { throw .hostInvalid }
            hosts = 1
        case 6 where ASCII.matches(name, "expect"):
            // RFC 9110 section 10.1.1 lets a server refuse other expectations (417) or not; S3 does not.
            if value.lowercased() == "100-continue" { expectation = .continuation }
        case 10 where ASCII.matches(name, "connection"):
            takeConnection(value)
        case 14 where ASCII.matches(name, "content-length"):
            guard contentLength == nil, let length = Self.length(value) else {
                throw .framingAmbiguous
            }
            contentLength = length
        case 17 where ASCII.matches(name, "transfer-encoding"):
            guard !isChunked, !isCodingUnknown else { throw .framingAmbiguous }
            isChunked = value.lowercased() == "chunked"
            isCodingUnknown = !isChunked
        default: break
        }
    }

    private mutating func takeConnection(_ value: String) {
        for option in value.utf8.split(separator: ASCII.comma) {
            let name = option.filter { !ASCII.isBlank($0) }
            name.withUnsafeBytes { bytes in
                if ASCII.matches(bytes, "close") { asksClose = true }
                if ASCII.matches(bytes, "keep-alive") { asksKeepAlive = true }
            }
        }
    }

    /// A decimal number of bytes, or nil; signs, spaces and lists are not numbers.
    private static func length(_ value: String) -> Int64? {
        guard !value.isEmpty, value.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int64(value)
    }

    /// The bytes below 0x40 that a host may have, as bits: digits, `%`, `-`, `.` and `:`.
    private static let lowHostBytes: UInt64 = 0x07FF_6020_0000_0000
    /// The others below 0x80: letters, `[`, `]`, `_` and `~`.
    private static let highHostBytes: UInt64 = 0x47FF_FFFE_AFFF_FFFE

    /// Whether the text can be the value of `Host`; the empty text can.
    static func isHost(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes {
                let bits = byte < 0x40 ? lowHostBytes : highHostBytes
                guard byte < 0x80, bits &>> UInt64(byte) & 1 == 1 else { return false }
            }
            return true
        }
    }

    /// How the body is delimited.
    func framing(
        version: RequestHead.Version,
        limits: HTTPServerLimits
    ) throws(HTTPProtocolError) -> RequestHead.Framing {
        guard hosts == 1 || version == .http10 else { throw .hostInvalid }
        if isChunked || isCodingUnknown {
            guard contentLength == nil, version == .http11 else { throw .framingAmbiguous }
            guard isChunked else { throw .transferCodingUnsupported }
            return .chunked
        }
        guard let contentLength, contentLength > 0 else { return .none }
        guard contentLength <= limits.bodyBytesMax else {
            throw .bodyTooLarge(limitBytes: limits.bodyBytesMax)
        }
        return .sized(contentLength)
    }

    /// What the client expects; nothing from HTTP/1.0, which does not know it.
    func expectation(version: RequestHead.Version) -> RequestHead.Expectation {
        version == .http11 ? expectation : .none
    }

    /// Whether the connection may serve another request.
    func persistence(version: RequestHead.Version) -> RequestHead.Persistence {
        guard !asksClose else { return .close }
        return version == .http11 || asksKeepAlive ? .keepAlive : .close
    }
}
