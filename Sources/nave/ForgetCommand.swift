import ArgumentParser
import ServerRuntime

/// `nave forget`: a volume that is gone for good belongs to the others no longer.
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget a volume whose disk is lost for good.",
        discussion: """
            A volume that is lost stays listed as missing, since it may come back. This takes it off the list \
            for good: when it comes back all the same, it is refused. Nothing is forgotten that may have the \
            only copy of something. /-/ready and the log say what missing volumes are called.

            Works whether or not a server runs on the folder.

            Exit codes: 0 done, 2 wrong usage, 3 it could not be done.

            EXAMPLES
              nave forget ./data 0f9619ff-8b86-4d01-b42d-00cf4fc964ff
            """
    )

    @Argument(help: "Any of the folders that are served.", completion: .directory)
    var directory: String

    @Argument(help: "The volume that is missing, as /-/ready calls it.")
    var volume: String

    func run() async throws {
        try await reportingMaintenance(directory) { desk in try await desk.forget(volume) }
    }
}
