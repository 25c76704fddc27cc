import FoundationEssentials
import ServerRuntime

/// What the operating system says of this process; read here and passed down.
enum ProcessEnvironment {
    static var variables: [String: String] { ProcessInfo.processInfo.environment }

    /// How this program was called, as a word of a shell.
    static var command: String { CommandLine.arguments.first ?? "nave" }
}
