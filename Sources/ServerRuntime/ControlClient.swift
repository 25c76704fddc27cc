import Checksums
import Glibc

/// Asks the server that runs on a data folder to do something, over loopback, with the root keys.
///
/// One request a connection, blocking: it serves commands at a terminal, never a request.
struct ControlClient {
    /// The longest answer that is read, in bytes.
    static let answerBytesMax = 1_048_576

    let address: ListenAddress
    let keys: KeyPair

    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// Sends a request without a body.
    ///
    /// - Throws: ``ServerError/serverUnreachable(path:)``.
    func send(_ method: String, _ target: String) throws(ServerError) -> Answer {
        let descriptor = try connected()
        defer { close(descriptor) }
        let credentials = Base64.encode(Array("\(keys.accessKey):\(keys.secretKey)".utf8))
        let head = """
            \(method) \(target) HTTP/1.1\r
            Host: \(address)\r
            Authorization: Basic \(credentials)\r
            Content-Length: 0\r
            Connection: close\r
            \r\n
            """
        var unsent = Array(head.utf8)[...]
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, 0)
            }
            guard count > 0 else { throw unreachable }
            unsent = unsent.dropFirst(count)
        }
        return try parse(try readToEnd(descriptor))
    }

    /// Whether anybody takes connections there.
    var isAnswered: Bool {
        guard let descriptor = try? connected() else { return false }
        close(descriptor)
        return true
    }

    private var unreachable: ServerError { .serverUnreachable(path: "\(address)") }

    private func connected() throws(ServerError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw unreachable }
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = UInt16(truncatingIfNeeded: address.port).bigEndian
        inet_pton(AF_INET, address.host, &peer.sin_addr)
        let result = withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw unreachable
        }
        return descriptor
    }

    private func readToEnd(_ descriptor: Int32) throws(ServerError) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while received.count < Self.answerBytesMax {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { throw unreachable }
            if count == 0 { break }
            received += buffer[..<count]
        }
        return received
    }

    private func parse(_ answer: [UInt8]) throws(ServerError) -> Answer {
        let text = String(decoding: answer, as: UTF8.self)
        let words = text.prefix { !$0.isNewline }.split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]),
            let blank = text.firstRange(of: "\r\n\r\n")
        else { throw unreachable }
        return Answer(status: status, body: Array(text[blank.upperBound...].utf8))
    }
}
