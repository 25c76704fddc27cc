import ArgumentParser
import ServerRuntime

/// `nave serve`: runs the server until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a folder to S3 clients and to the array API.",
        discussion: """
            The first start makes the folder and root keys in FOLDER/keys.env, readable by you alone. \
            Several folders, each on a disk of its own, share the data; with --copies 2 any one disk may \
            be lost. \
            Every option can also be given as NAVE_… in the environment (NAVE_LISTEN, NAVE_DATA, \
            NAVE_TLS_CERTIFICATE, …) or in a JSON file named by --config \
            ({"listen": "0.0.0.0:9000"}); the command line wins over the environment, and that over \
            the file. Ctrl-C or SIGTERM stops the server after the requests in flight.

            EXAMPLES
              nave serve ./data
              nave serve /disk1/nave /disk2/nave --copies 2
              nave serve /srv/nave --listen 0.0.0.0:9000 \\
                  --tls-certificate fullchain.pem --tls-key privkey.pem
              nave serve --ephemeral --listen 127.0.0.1:0 --ready-file ready.json   # for CI
            """
    )

    @Argument(help: "The folders for the data, one for each disk.", completion: .directory)
    var directory: [String] = []

    @Option(
        help: """
            Keep everything on so many of the folders; any one less may then be lost. (default: as \
            before, or 1)
            """
    )
    var copies: String?

    @Option(
        help: """
            strict: a change is on the disk before it is answered. relaxed: it is answered at once and \
            flushed a little later; a power loss may take the last of it, a crash of the server nothing. \
            (default: strict)
            """
    )
    var durability: String?

    @Option(
        help: "With --durability relaxed: the time between flushes, 10ms to 60s. (default: 1s)"
    )
    var flushInterval: String?

    @Option(help: "Where to listen: HOST:PORT; port 0 takes a free one. (default: 127.0.0.1:9000)")
    var listen: String?

    @Option(help: "PEM file with the TLS certificate and its chain.", completion: .file())
    var tlsCertificate: String?

    @Option(help: "PEM file with the private key of the certificate.", completion: .file())
    var tlsKey: String?

    @Option(help: "File that is written, as one line of JSON, once the server is ready.")
    var readyFile: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: notice)")
    var logLevel: String?

    @Option(
        help: """
            Bytes a second that are read again in the background to find damage; 0 for none. \
            (default: all that is stored, once in 30 days)
            """
    )
    var scrubRate: String?

    @Option(
        help: "Days after which an abandoned multipart upload is aborted; 0 keeps all. (default: 7)"
    )
    var uploadExpiryDays: String?

    @Option(help: "JSON file with any of these options.", completion: .file())
    var config: String?

    @Flag(
        help: "Keep the data in a temporary folder, and end with the process that started this one."
    )
    var ephemeral = false

    func run() async throws {
        let options = ServerOptions(
            directories: directory,
            copies: copies,
            durability: durability,
            flushInterval: flushInterval,
            listen: listen,
            tlsCertificate: tlsCertificate,
            tlsKey: tlsKey,
            readyFile: readyFile,
            logLevel: logLevel,
            scrubRate: scrubRate,
            uploadExpiryDays: uploadExpiryDays,
            configurationFile: config,
            lifetime: ephemeral ? .ephemeral : .kept
        )
        try await reportingErrors {
            let environment = ProcessEnvironment.variables
            let configuration = try ServerConfiguration(options, environment: environment)
            try await Server(configuration, command: ProcessEnvironment.command).run()
        }
    }
}
