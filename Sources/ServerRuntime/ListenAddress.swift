/// Where the server listens: a host and a TCP port.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address used when none is given.
    public static let standard = ListenAddress(host: "127.0.0.1", port: 9000)

    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    public let host: String
    /// The port, 0...65535; 0 takes a free one.
    public let port: Int

    /// Makes an address of its parts.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (every interface of this machine).
    ///
    /// - Throws: ``ServerError/listenAddressInvalid(_:)``.
    public init(_ text: String) throws(ServerError) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
        else { throw .listenAddressInvalid(text) }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .listenAddressInvalid(text)
        }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = port
    }

    /// The address as it stands in a URL.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The address that a client on this machine connects to.
    public var reachable: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }
}
