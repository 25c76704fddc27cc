/// What the command line says of a server; nil where it says nothing.
public struct ServerOptions: Sendable {
    /// The folders for the data.
    public var directories: [String]
    /// On how many of them everything is kept.
    public var copies: String?
    /// `strict` or `relaxed`.
    public var durability: String?
    /// How often the log is flushed where that is relaxed: `500ms`, `1s`.
    public var flushInterval: String?
    /// `HOST:PORT`.
    public var listen: String?
    /// A PEM file with the certificate and its chain.
    public var tlsCertificate: String?
    /// A PEM file with the certificate's private key.
    public var tlsKey: String?
    /// A file that is written once the server is ready.
    public var readyFile: String?
    /// How much is logged: trace, debug, info, notice, warning, error, critical.
    public var logLevel: String?
    /// How many bytes a second the background scrub reads; 0 for none.
    public var scrubRate: String?
    /// Days after which a multipart upload that was never completed is aborted; `0` keeps all.
    public var uploadExpiryDays: String?
    /// A JSON file with any of these options.
    public var configurationFile: String?
    /// Whether the data outlives the server.
    public var lifetime: DataLifetime

    /// Makes options of their parts.
    public init(
        directories: [String] = [],
        copies: String? = nil,
        durability: String? = nil,
        flushInterval: String? = nil,
        listen: String? = nil,
        tlsCertificate: String? = nil,
        tlsKey: String? = nil,
        readyFile: String? = nil,
        logLevel: String? = nil,
        scrubRate: String? = nil,
        uploadExpiryDays: String? = nil,
        configurationFile: String? = nil,
        lifetime: DataLifetime = .kept
    ) {
        self.directories = directories
        self.copies = copies
        self.durability = durability
        self.flushInterval = flushInterval
        self.listen = listen
        self.tlsCertificate = tlsCertificate
        self.tlsKey = tlsKey
        self.readyFile = readyFile
        self.logLevel = logLevel
        self.scrubRate = scrubRate
        self.uploadExpiryDays = uploadExpiryDays
        self.configurationFile = configurationFile
        self.lifetime = lifetime
    }
}

/// Whether the data outlives the server.
public enum DataLifetime: Hashable, Sendable {
    /// The data stays when the server stops.
    case kept
    /// The data is in a temporary folder that goes with the server, and the server goes with the
    /// process that started it.
    case ephemeral
}
