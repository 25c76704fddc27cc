import ArgumentParser
import ServerRuntime

/// `nave backup`: the present state of a folder, into another one.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the present state of a folder into a backup, while it is in use.",
        discussion: """
            Works whether or not a server runs on the folder. The backup holds every change that was \
            acknowledged before it began, and the root keys. Into a folder that holds an earlier backup \
            of the same data only what is new is copied, and what is no longer needed is removed at \
            the end; until then the earlier backup can be restored, whatever happens.

            Exit codes: 0 done, 1 done, but some payloads could not be read whole, 2 wrong usage, 3 it \
            could not be done.

            EXAMPLES
              nave backup ./data /mnt/backup/nave
              nave restore /mnt/backup/nave ./restored
            """
    )

    @Argument(help: "The folder for the data.", completion: .directory)
    var directory: String

    @Argument(
        help: "The folder of the backup: a new or empty one, or an earlier backup.",
        completion: .directory
    )
    var target: String

    func run() async throws {
        try await reportingMaintenance(directory) { desk in try await desk.backUp(to: target) }
    }
}
