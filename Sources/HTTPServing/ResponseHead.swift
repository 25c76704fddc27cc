import NIOCore
import NIOHTTP1

/// Writes response heads.
///
/// Source: RFC 9112 sections 4, 6.1, 6.2 and 9.3.
struct ResponseHead {
    /// How the client learns where the body ends.
    enum Framing: Equatable {
        /// Nothing is said: the status forbids a body.
        case none
        /// `Content-Length` as the responder gave it, if it did: no body follows.
        case given
        case sized(Int64)
        case chunked
        /// The body ends with the connection, for clients that do not know chunks.
        case untilClose
    }

    /// What is said about the connection.
    enum Connection: Equatable {
        case unsaid
        case close
        case keepAlive
    }

    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var framing: Framing
    var connection: Connection

    /// Appends the head to `output`.
    ///
    /// - Parameters:
    ///   - output: What is being sent.
    ///   - date: The value of `Date`, used unless the responder gave one.
    func write(into output: inout ByteBuffer, date: String) {
        writeStatusLine(into: &output)
        var hasDate = false
        for (name, value) in headers {
            switch Self.role(of: name) {
            case .ordinary: break
            case .date: hasDate = true
            case .length: guard framing == .given else { continue }
            case .connection: continue
            }
            Self.write(name: name, value: value, into: &output)
        }
        if !hasDate {
            output.writeStaticString("Date: ")
            output.writeString(date)
            output.writeStaticString("\r\n")
        }
        switch framing {
        case .none, .given, .untilClose: break
        case .sized(let bytes):
            output.writeStaticString("Content-Length: ")
            output.writeDecimal(bytes)
            output.writeStaticString("\r\n")
        case .chunked: output.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        switch connection {
        case .unsaid: output.writeStaticString("\r\n")
        case .close: output.writeStaticString("Connection: close\r\n\r\n")
        case .keepAlive: output.writeStaticString("Connection: keep-alive\r\n\r\n")
        }
    }

    private func writeStatusLine(into output: inout ByteBuffer) {
        switch status {
        case .ok: output.writeStaticString("HTTP/1.1 200 OK\r\n")
        case .partialContent: output.writeStaticString("HTTP/1.1 206 Partial Content\r\n")
        case .noContent: output.writeStaticString("HTTP/1.1 204 No Content\r\n")
        case .notModified: output.writeStaticString("HTTP/1.1 304 Not Modified\r\n")
        case .notFound: output.writeStaticString("HTTP/1.1 404 Not Found\r\n")
        default:
            // A status is NIO's type; the other ones are written from its code.
            output.writeStaticString("HTTP/1.1 ")
            output.writeDecimal(Int64(status.code))
            output.writeStaticString(" ")
            Self.writeText(status.reasonPhrase, into: &output)
            output.writeStaticString("\r\n")
        }
    }

    private enum Role {
        case ordinary
        case date
        case length
        /// `Connection` or `Transfer-Encoding`, which the server writes itself.
        case connection
    }

    private static func role(of name: String) -> Role {
        switch name.utf8.count {
        case 4 where name.matches("date"): .date
        case 10 where name.matches("connection"): .connection
        case 14 where name.matches("content-length"): .length
        case 17 where name.matches("transfer-encoding"): .connection
        default: .ordinary
        }
    }

    private static func write(name: String, value: String, into output: inout ByteBuffer) {
        writeText(name, into: &output)
        output.writeStaticString(": ")
        writeText(value, into: &output)
        output.writeStaticString("\r\n")
    }

    /// Writes text with its control bytes made spaces, so that no value can end its line.
    private static func writeText(_ text: String, into output: inout ByteBuffer) {
        let start = output.writerIndex
        let count = output.writeString(text)
        output.withUnsafeMutableReadableBytes { bytes in
            let offset = bytes.count - count
            let written = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            var least = UInt8.max
            for byte in written {
                least = min(least, byte)
            }
            guard least < ASCII.space else { return }
            for index in written.indices where written[index] < ASCII.space {
                written[index] = ASCII.space
            }
        }
        assert(output.writerIndex == start + count)
    }
}

extension String {
    /// Whether the text is `name` (lower case), in any case.
    func matches(_ name: StaticString) -> Bool {
        var text = self
        return text.withUTF8 { ASCII.matches(UnsafeRawBufferPointer($0), name) }
    }
}

extension ByteBuffer {
    /// Writes a number ≥ 0 in decimal digits.
    mutating func writeDecimal(_ number: Int64) {
        precondition(number >= 0, "lengths and statuses are not negative")
        var rest = UInt64(number)
        var digits = 1
        var bound: UInt64 = 10
        while digits < 19, rest >= bound {
            digits += 1
            bound *= 10
        }
        writeWithUnsafeMutableBytes(minimumWritableBytes: digits) { target in
            for index in (0..<digits).reversed() {
                target[index] = ASCII.zero + UInt8(rest % 10)
                rest /= 10
            }
            return digits
        }
    }
}
