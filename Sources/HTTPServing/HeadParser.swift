import NIOHTTP1

/// Reads one request head out of bytes, strictly.
///
/// Lines end with CR LF and nothing else; a folded line, a space before a colon, a control byte
/// or text that is not UTF-8 is refused, because what two parsers read differently is how
/// requests are smuggled.
///
/// Source: RFC 9112 sections 2.2, 3 and 5.
struct HeadParser {
    private static let methodBytesMax = 32

    private let bytes: UnsafeRawBufferPointer
    private let limits: HTTPServerLimits
    /// How many bytes were read; the length of the head once it is parsed.
    private(set) var position = 0

    private var headers: [(String, String)] = []
    private var fields = FramingFields()

    init(_ bytes: UnsafeRawBufferPointer, limits: HTTPServerLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Parses the head from the first byte.
    ///
    /// - Returns: The head, or nil while it is incomplete.
    /// - Throws: What is wrong with it.
    mutating func parse() throws(HTTPProtocolError) -> RequestHead? {
        guard let head = try parseComplete() else {
            guard bytes.count < limits.headBytesMax else {
                throw .headTooLong(limitBytes: limits.headBytesMax)
            }
            return nil
        }
        guard position <= limits.headBytesMax else {
            throw .headTooLong(limitBytes: limits.headBytesMax)
        }
        return head
    }

    private mutating func parseComplete() throws(HTTPProtocolError) -> RequestHead? {
        skipEmptyLines()
        guard let methodRange = try methodText(), let targetRange = try targetText(),
            let version = try version()
        else { return nil }
        headers.reserveCapacity(16)
        while true {
            guard position + 1 < bytes.count else { return nil }
            if bytes[position] == ASCII.carriageReturn {
                guard bytes[position + 1] == ASCII.lineFeed else { throw .headerMalformed }
                position += 2
                break
            }
            guard try headerLine() else { return nil }
        }
        guard var target = String.utf8(in: bytes, targetRange) else {
            throw .requestLineMalformed
        }
        var fieldList = HTTPHeaders(headers)
        let method = HTTPMethod(in: bytes, methodRange)
        let framing = try fields.framing(version: version, limits: limits)
        let expectation = fields.expectation(version: version)
        if bytes[targetRange.lowerBound] != ASCII.slash {
            try reduceToOriginForm(&target, method: method, headers: &fieldList)
        }
        return RequestHead(
            method: method,
            target: target,
            headers: fieldList,
            version: version,
            persistence: fields.persistence(version: version),
            framing: framing,
            expectation: expectation,
            declaredBodyBytes: fields.contentLength
        )
    }

    /// Skips empty lines before the request line.
    ///
    /// Source: RFC 9112 section 2.2: a server should ignore at least one.
    private mutating func skipEmptyLines() {
        while position + 1 < bytes.count, bytes[position] == ASCII.carriageReturn,
            bytes[position + 1] == ASCII.lineFeed
        {
            position += 2
        }
    }

    private mutating func methodText() throws(HTTPProtocolError) -> Range<Int>? {
        let start = position
        while position < bytes.count, ASCII.isToken(bytes[position]) {
            position += 1
        }
        guard position - start <= Self.methodBytesMax else { throw .requestLineMalformed }
        guard position < bytes.count else { return nil }
        if position == start, bytes[position] == ASCII.carriageReturn, position + 1 == bytes.count {
            return nil
        }
        guard position > start, bytes[position] == ASCII.space else { throw .requestLineMalformed }
        position += 1
        return start..<position - 1
    }

    private mutating func targetText() throws(HTTPProtocolError) -> Range<Int>? {
        let start = position
        position = ASCII.runEnd(bytes, from: position, least: ASCII.space + 1)
        guard position - start <= limits.targetBytesMax else {
            throw .targetTooLong(limitBytes: limits.targetBytesMax)
        }
        guard position < bytes.count else { return nil }
        guard position > start, bytes[position] == ASCII.space else { throw .requestLineMalformed }
        position += 1
        return start..<position - 1
    }

    /// Reads `HTTP/1.x` CR LF.
    private mutating func version() throws(HTTPProtocolError) -> RequestHead.Version? {
        let name: StaticString = "HTTP/"
        let available = min(name.utf8CodeUnitCount, bytes.count - position)
        for offset in 0..<available where bytes[position + offset] != name.utf8Start[offset] {
            throw .requestLineMalformed
        }
        guard bytes.count - position >= 10 else { return nil }
        let major = bytes[position + 5]
        let minor = bytes[position + 7]
        guard ASCII.isDigit(major), bytes[position + 6] == ASCII.dot, ASCII.isDigit(minor),
            bytes[position + 8] == ASCII.carriageReturn, bytes[position + 9] == ASCII.lineFeed
        else { throw .requestLineMalformed }
        guard major == ASCII.one else { throw .versionUnsupported }
        position += 10
        return minor == ASCII.zero ? .http10 : .http11
    }

    /// Reads one header line.
    ///
    /// - Returns: Whether the line was complete.
    private mutating func headerLine() throws(HTTPProtocolError) -> Bool {
        let nameStart = position
        while position < bytes.count, ASCII.isToken(bytes[position]) {
            position += 1
        }
        guard position < bytes.count else { return false }
        guard position > nameStart, bytes[position] == ASCII.colon else { throw .headerMalformed }
        let name = nameStart..<position
        position += 1
        while position < bytes.count, ASCII.isBlank(bytes[position]) {
            position += 1
        }
        let valueStart = position
        position = ASCII.runEnd(bytes, from: position, least: ASCII.space)
        while position < bytes.count, bytes[position] == ASCII.tab {
            position = ASCII.runEnd(bytes, from: position + 1, least: ASCII.space)
        }
        guard position + 1 < bytes.count else { return false }
        guard bytes[position] == ASCII.carriageReturn, bytes[position + 1] == ASCII.lineFeed else {
            throw .headerMalformed
        }
        var valueEnd = position
        while valueEnd > valueStart, ASCII.isBlank(bytes[valueEnd - 1]) {
            valueEnd -= 1
        }
        position += 2
        guard headers.count < limits.headerCountMax else {
            throw .tooManyHeaders(limit: limits.headerCountMax)
        }
        guard let nameText = String.utf8(in: bytes, name),
            let value = String.utf8(in: bytes, valueStart..<valueEnd)
        else { throw .headerMalformed }
        headers.append((nameText, value))
        try fields.take(UnsafeRawBufferPointer(rebasing: bytes[name]), value: value)
        return true
    }

    /// Makes `http://authority/path` a path and its authority the host, and lets `*` pass for
    /// OPTIONS only.
    ///
    /// Source: RFC 9112 section 3.2.2: the authority replaces what `Host` says.
    private func reduceToOriginForm(
        _ target: inout String,
        method: HTTPMethod,
        headers: inout HTTPHeaders
    ) throws(HTTPProtocolError) {
        if target == "*", method == .OPTIONS { return }
        let lowered = target.prefix(8).lowercased()
        let scheme = lowered.hasPrefix("http://") ? 7 : lowered == "https://" ? 8 : 0
        guard scheme > 0 else { throw .requestLineMalformed }
        let rest = target.dropFirst(scheme)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard FramingFields.isHost(String(authority)), !authority.isEmpty else {
            throw .requestLineMalformed
        }
        let path = String(rest.dropFirst(authority.count))
        target = path.hasPrefix("/") ? path : "/" + path
        headers.replaceOrAdd(name: "Host", value: String(authority))
    }
}

extension HTTPMethod {
    /// The method with the given name; the frequent ones without making a string.
    fileprivate init(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        let name = UnsafeRawBufferPointer(rebasing: bytes[range])
        if ASCII.equals(name, "GET") {
            self = .GET
        } else if ASCII.equals(name, "PUT") {
            self = .PUT
        } else if ASCII.equals(name, "HEAD") {
            self = .HEAD
        } else {
            self = HTTPMethod(rawValue: String(decoding: name, as: UTF8.self))
        }
    }
}

extension String {
    /// The bytes in `range` as text, or nil if they are not UTF-8.
    static func utf8(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String? {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
            .assumingMemoryBound(to: UInt8.self)
        // The validating initialiser takes 700 instructions more, and most text is ASCII.
        guard ASCII.isASCII(text) else { return String(validating: text, as: UTF8.self) }
        return String(decoding: text, as: UTF8.self)
    }
}
