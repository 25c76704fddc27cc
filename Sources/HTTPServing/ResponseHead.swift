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

    /// What the responder's fields say about the rest of the head and about the connection.
    struct FieldSigns {
        var hasDate = false
        var persistence = RequestHead.Persistence.keepAlive
    }

    /// Room that most heads need no more than; longer ones are written in several goes.
    private static let usualBytes = 1024
    /// Room for what the server adds itself.
    private static let endingBytes = 256

    /// Appends the whole head to `output`.
    ///
    /// - Parameters:
    ///   - output: What is being sent.
    ///   - date: The value of `Date`, used unless the responder gave one.
    ///   - connection: What is said about the connection.
    func write(into output: inout ByteBuffer, date: String, connection: Connection) {
        let signs = writeFields(into: &output)
        writeEnding(into: &output, date: signs.hasDate ? nil : date, connection: connection)
    }

    /// Appends the status line and the responder's fields.
    func writeFields(into output: inout ByteBuffer) -> FieldSigns {
        var signs = FieldSigns()
        let reason = status.usualReason == nil ? status.reasonPhrase : ""
        var next = headers.startIndex
        var isBegun = false
        var neededBytes = Self.usualBytes + reason.utf8.count
        while next < headers.endIndex || !isBegun {
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: neededBytes) { target in
                var writer = HeadWriter(target)
                if !isBegun { writeStatusLine(reason, &writer) }
                isBegun = true
                while next < headers.endIndex {
                    let (name, value) = headers[next]
                    neededBytes = name.utf8.count + value.utf8.count + 4
                    guard neededBytes <= writer.room else { break }
                    write(name, value, &writer, &signs)
                    headers.formIndex(after: &next)
                }
                return writer.count
            }
        }
        return signs
    }

    /// Appends what the server adds, and the empty line.
    func writeEnding(into output: inout ByteBuffer, date: String?, connection: Connection) {
        let dateBytes = date?.utf8.count ?? 0
        output.writeWithUnsafeMutableBytes(
            minimumWritableBytes: Self.endingBytes + dateBytes
        ) { target in
            var writer = HeadWriter(target)
            if let date {
                writer.write("Date: ")
                writer.writePrintable(date)
                writer.write("\r\n")
            }
            switch framing {
            case .none, .given, .untilClose: break
            case .sized(let bytes):
                writer.write("Content-Length: ")
                writer.writeDecimal(bytes)
                writer.write("\r\n")
            case .chunked: writer.write("Transfer-Encoding: chunked\r\n")
            }
            switch connection {
            case .unsaid: writer.write("\r\n")
            case .close: writer.write("Connection: close\r\n\r\n")
            case .keepAlive: writer.write("Connection: keep-alive\r\n\r\n")
            }
            return writer.count
        }
    }

    private func writeStatusLine(_ reason: String, _ writer: inout HeadWriter) {
        writer.write("HTTP/1.1 ")
        if let usual = status.usualReason {
            writer.write(usual)
        } else {
            // A status is NIO's type; the other ones are written from its code.
            writer.writeDecimal(Int64(status.code))
            writer.write(" ")
            writer.writePrintable(reason)
        }
        writer.write("\r\n")
    }

    private func write(
        _ name: String,
        _ value: String,
        _ writer: inout HeadWriter,
        _ signs: inout FieldSigns
    ) {
        switch Self.role(of: name) {
        case .ordinary: break
        case .date: signs.hasDate = true
        case .length: guard framing == .given else { return }
        case .connection:
            if name.utf8.count == 10, value.matches("close") { signs.persistence = .close }
            return
        }
        writer.writePrintable(name)
        writer.write(": ")
        writer.writePrintable(value)
        writer.write("\r\n")
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
}

extension HTTPResponseStatus {
    /// Code and reason of the frequent statuses, ready to be written.
    fileprivate var usualReason: StaticString? {
        switch self {
        case .ok: "200 OK"
        case .partialContent: "206 Partial Content"
        case .noContent: "204 No Content"
        case .notModified: "304 Not Modified"
        case .notFound: "404 Not Found"
        default: nil
        }
    }
}

extension String {
    /// Whether the text is `name` (lower case), in any case.
    func matches(_ name: StaticString) -> Bool {
        var text = self
        return text.withUTF8 { ASCII.matches(UnsafeRawBufferPointer($0), name) }
    }
}
