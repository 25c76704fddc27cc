import ArgumentParser
import ServerRuntime

/// `nave env`: prints what a client's environment needs, for `eval`.
struct EnvironmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Print the endpoint and the root keys of a folder as shell exports.",
        discussion: "Use it as: eval \"$(nave env ./data)\""
    )

    @Argument(help: "The folder that a server uses.", completion: .directory)
    var directory = "./data"

    func run() async throws {
        try await reportingErrors {
            print(try ClientEnvironment(directory: directory).exports)
        }
    }
}
