import ArgumentParser
import ServerRuntime

/// `nave scrub`: says whether every stored byte is still what was written.
struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Read everything that is stored and compare it with its checksums.",
        discussion: """
            Bits rot where nobody reads. This reads every byte, says which are damaged and whose they \
            are, and remembers how far it has come: interrupted, it goes on from there the next time. \
            A running server does the same by itself, slowly (see: nave serve --scrub-rate); this \
            command is for a folder that no server uses.

            Exit codes: 0 all well, 1 damage was found, 2 wrong usage, 3 it could not be scrubbed.

            EXAMPLES
              nave scrub ./data
              nave scrub ./data --rate 50000000         # 50 MB a second
            """
    )

    @Argument(help: "The folder for the data.", completion: .directory)
    var directory: String

    @Option(help: "The most bytes to read a second. (default: as fast as the disk goes)")
    var rate: Int64?

    func validate() throws {
        guard rate.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--rate is a number of bytes a second, at least 1.")
        }
    }

    func run() async throws {
        try await reportingMaintenance(directory) { desk in
            try await desk.scrub(bytesPerSecond: rate)
        }
    }
}
