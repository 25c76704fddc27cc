import ArgumentParser
import ServerRuntime

/// `nave rebuild`: the index again, from the log alone.
struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the index of a folder again, from its log alone.",
        discussion: """
            The new index is made beside the one in use and takes its place once it is whole; until \
            then the old one stays as it is. Nothing else is changed. No server may use the folder \
            meanwhile. A server that finds no index at its start does the same by itself.

            Exit codes: 0 done, 2 wrong usage, 3 it could not be done.

            EXAMPLES
              nave rebuild ./data
            """
    )

    @Argument(help: "The folder for the data.", completion: .directory)
    var directory: String

    func run() async throws {
        try await reportingMaintenance(directory) { desk in try await desk.rebuild() }
    }
}
