import Glibc
import HTTPServing
import NIOCore

/// A client that sends and receives plain bytes over a blocking socket.
///
/// Not Sendable on purpose: one thread uses it. Every wait ends after ten seconds with an error.
final class RawClient {
    enum Failure: Error {
        case socket(String, Int32)
        case timedOut
        case closed(String)
        case malformed(String)
    }

    /// A response as it stood on the wire.
    struct Response {
        var status: Int
        var head: String
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Connects to 127.0.0.1; a small receive buffer makes the server feel a slow reader soon.
    init(port: Int, receiveBufferBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.socket("socket", errno) }
        if var receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBufferBytes, 4)
        }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &timeout,
            socklen_t(MemoryLayout<timeval>.size)
        )
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_SNDTIMEO,
            &timeout,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        guard result == 0 else { throw Failure.socket("connect", errno) }
    }

    deinit {
        close(descriptor)
    }

    func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) throws {
        guard try sendSome(bytes) == bytes.count else { throw Failure.timedOut }
    }

    /// Sends until the server takes no more for as long as `SO_SNDTIMEO`, or all is sent.
    func sendSome(_ bytes: [UInt8]) throws -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { part in
                Glibc.send(descriptor, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN { return sent }
            guard count > 0 else { throw Failure.socket("send", errno) }
            sent += count
        }
        return sent
    }

    /// Gives up waiting earlier than after ten seconds.
    func setTimeout(milliseconds: Int) {
        var timeout = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
    }

    /// Says that nothing more will be sent.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: Receiving

    /// Receives some bytes; returns whether there were any before the end.
    private func receive() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EAGAIN { throw Failure.timedOut }
        guard count >= 0 else { throw Failure.socket("recv", errno) }
        buffer += chunk[..<count]
        return count > 0
    }

    /// Takes `count` bytes.
    func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try receive() else {
                throw Failure.closed(String(decoding: buffer, as: UTF8.self))
            }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Takes the bytes up to and with the first `mark`.
    func take(through mark: String) throws -> String {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            let last = buffer.count - mark.count
            while searched <= last {
                if buffer[searched..<searched + mark.count].elementsEqual(mark) {
                    return String(decoding: try take(searched + mark.count), as: UTF8.self)
                }
                searched += 1
            }
            guard try receive() else {
                throw Failure.closed(String(decoding: buffer, as: UTF8.self))
            }
        }
    }

    /// Takes everything until the server closes.
    func takeToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether the server closed the connection without another byte.
    func isEnded() throws -> Bool {
        do {
            return try takeToEnd().isEmpty
        } catch Failure.socket("recv", ECONNRESET) {
            return buffer.isEmpty
        }
    }

    enum BodyExpectation {
        case framed
        /// The answer to HEAD.
        case none
    }

    /// Takes one response.
    func response(_ expectation: BodyExpectation = .framed) throws -> Response {
        let head = try take(through: "\r\n\r\n")
        var lines = head.split(separator: "\r\n").map(String.init)
        let words = lines.removeFirst().split(separator: " ")
        guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure.malformed(head)
        }
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description
        }
        var response = Response(status: status, head: head, headers: headers, body: [])
        let hasNone = expectation == .none || status < 200 || status == 204 || status == 304
        guard !hasNone else { return response }
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            response.body = try take(length)
        } else if headers["transfer-encoding"] == "chunked" {
            response.body = try chunks()
        } else {
            response.body = try takeToEnd()
        }
        return response
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try take(through: "\r\n").dropLast()
            guard let size = Int(line, radix: 16) else { throw Failure.malformed(String(line)) }
            body += try take(size)
            guard try take(2) == [13, 10] else { throw Failure.malformed("chunk end") }
            if size == 0 { return body }
        }
    }
}
