import ArgumentParser
import ServerRuntime

/// `nave check`: says whether log, index and blobs agree.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that log, index and blobs of a folder agree, or that a backup is whole.",
        discussion: """
            Changes nothing. A second index is made from the log and compared with the one in use, row \
            by row; every blob that an object needs is looked for, and every blob on the disk that no \
            object needs. Each disagreement is named, with its file and its objects. No server may use \
            the folder meanwhile, and the disk needs room for the second index.

            Files that no record names are litter of a crash, which the next start removes: they are \
            listed apart, and all is well. For a backup, all is well if the whole of it can be restored; \
            nothing is written into it, and the second index needs room in TMPDIR.

            A wrong or missing index is put right by: nave rebuild DIR. Damaged blobs and records can \
            only come back from a backup.

            On a terminal the findings are printed one a line, elsewhere as one line of JSON.
            Exit codes: 0 all well, 1 something disagrees, 2 wrong usage, 3 it could not be checked.

            EXAMPLES
              nave check ./data
              nave check ./data --payloads              # reads every byte
              nave check /mnt/backup/nave --payloads    # is the backup any good?
              nave check ./data | jq '.disagreements[].kind'
            """
    )

    @Argument(help: "The folder for the data, or of a backup.", completion: .directory)
    var directory: String

    @Flag(help: "Read every payload byte and compare it with its checksum.")
    var payloads = false

    func run() async throws {
        try await reportingMaintenance(directory) { desk in
            try await desk.check(payloads ? .payloads : .structure)
        }
    }
}
