import ArgumentParser
import ServerRuntime

/// `nave restore`: a folder of a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data folder of a backup.",
        discussion: """
            Copies the backup into a folder that is new or empty, compares every byte with its \
            checksum, and makes the index. What is damaged in the backup is named; everything else is \
            restored. The folder can then be served. The backup stays as it is. A restore that was \
            interrupted is taken up with the same command; until then the folder is not served.

            Exit codes: 0 all well, 1 restored, but parts of the backup are damaged, 2 wrong usage, \
            3 it could not be restored.

            EXAMPLES
              nave restore /mnt/backup/nave ./data
              nave serve ./data
            """
    )

    @Argument(help: "The folder of the backup.", completion: .directory)
    var backup: String

    @Argument(
        help: "The folder for the data: new, empty, or of a restore that was interrupted.",
        completion: .directory
    )
    var directory: String

    func run() async throws {
        try await reportingMaintenance(directory) { desk in
            try await desk.restore(from: backup)
        }
    }
}
