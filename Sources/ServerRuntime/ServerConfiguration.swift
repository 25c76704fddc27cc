import Configuration
import Logging

/// Everything a server needs to know before it starts, with nothing left open.
///
/// Each option is taken from the command line, else from the environment (`NAVE_LISTEN` for
/// `--listen`, and so on), else from the configuration file, else from its default.
public struct ServerConfiguration: Sendable {
    /// The folders for the data, one per volume; none makes a temporary one.
    public let directories: [String]
    /// On how many of them everything is kept; nil as it was before, or 1.
    public let copies: Int?
    /// When a change is durable that was acknowledged, and how often the log is flushed.
    public let flushing: FlushSchedule
    /// Where to listen.
    public let address: ListenAddress
    /// Certificate and key, if the server speaks TLS.
    public let tls: TLSFiles?
    /// A file that is written once the server is ready.
    public let readyFile: String?
    /// How much is logged.
    public let logLevel: Logger.Level
    /// How much of the disk's time the background scrub takes.
    public let scrub: ScrubSchedule
    /// Days after which a multipart upload that was never completed is aborted; 0 keeps all.
    public let uploadExpiryDays: Int
    /// Root keys from the environment, which replace those in the data folder.
    public let rootKeys: KeyPair?
    /// Whether the data outlives the server.
    public let lifetime: DataLifetime

    /// The two files of a TLS identity.
    public struct TLSFiles: Hashable, Sendable {
        /// PEM: the certificate and its chain.
        public let certificate: String
        /// PEM: the private key.
        public let key: String
    }

    /// Settles every option.
    ///
    /// - Throws: ``ServerError``, naming the option that is wrong.
    public init(_ options: ServerOptions, environment: [String: String]) throws {
        let settings = try Self.settings(options.configurationFile, environment)
        var directories = options.directories
        if directories.isEmpty {
            directories =
                settings.stringArray(forKey: "nave.data")
                ?? settings.string(forKey: "nave.data").map { [$0] } ?? []
        }
        // A name left empty, as by a variable that is not set, must not be the working directory.
        guard !directories.contains(""),
            !directories.isEmpty || options.lifetime == .ephemeral
        else { throw ServerError.dataDirectoryMissing }
        self.directories = directories
        copies = try Self.copies(options.copies ?? settings.string(forKey: "nave.copies"))
        flushing = try FlushSchedule(
            durability: options.durability ?? settings.string(forKey: "nave.durability"),
            interval: options.flushInterval ?? settings.string(forKey: "nave.flushInterval")
        )
        lifetime = options.lifetime
        let listen = options.listen ?? settings.string(forKey: "nave.listen")
        address =
            try listen.map { text throws(ServerError) in try ListenAddress(text) } ?? .standard
        tls = try Self.tls(
            certificate: options.tlsCertificate ?? settings.string(forKey: "nave.tlsCertificate"),
            key: options.tlsKey ?? settings.string(forKey: "nave.tlsKey")
        )
        readyFile = options.readyFile ?? settings.string(forKey: "nave.readyFile")
        logLevel = try Self.level(options.logLevel ?? settings.string(forKey: "nave.logLevel"))
        scrub = try ScrubSchedule(
            options.scrubRate ?? settings.string(forKey: "nave.scrubRate")
        )
        uploadExpiryDays = try Self.days(
            options.uploadExpiryDays ?? settings.string(forKey: "nave.uploadExpiryDays")
        )
        rootKeys = try KeyPair(
            rootAccessKey: environment["NAVE_ROOT_ACCESS_KEY"],
            secretKey: environment["NAVE_ROOT_SECRET_KEY"]
        )
    }

    private static func settings(
        _ file: String?,
        _ environment: [String: String]
    ) throws(ServerError) -> ConfigReader {
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        guard let path = file ?? environment["NAVE_CONFIG"] else {
            return ConfigReader(provider: variables)
        }
        return ConfigReader(providers: [variables, try ConfigurationFile(path: path).provider])
    }

    private static func copies(_ text: String?) throws(ServerError) -> Int? {
        guard let text else { return nil }
        guard let copies = Int(text), (1...32).contains(copies) else { throw .copiesInvalid(text) }
        return copies
    }

    private static func days(_ text: String?) throws(ServerError) -> Int {
        guard let text else { return 7 }
        guard let days = Int(text), (0...daysMax).contains(days) else {
            throw .uploadExpiryInvalid(text)
        }
        return days
    }

    /// A hundred years.
    private static let daysMax = 36_500

    private static func level(_ text: String?) throws(ServerError) -> Logger.Level {
        guard let text else { return .notice }
        guard let level = Logger.Level(rawValue: text) else { throw .logLevelInvalid(text) }
        return level
    }

    private static func tls(
        certificate: String?,
        key: String?
    ) throws(ServerError) -> TLSFiles? {
        switch (certificate, key) {
        case (let certificate?, let key?): TLSFiles(certificate: certificate, key: key)
        case (nil, nil): nil
        case (_?, nil), (nil, _?): throw .tlsHalfGiven
        }
    }
}
