import ArgumentParser
import ServerRuntime

/// `nave principal`: who holds keys.
struct PrincipalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "principal",
        abstract: "Add, list and remove the people and programs that hold keys.",
        discussion: "Works on a folder whether or not a server is running on it.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Folder: ParsableArguments {
        @Option(name: .customLong("data"), help: "The folder for the data.", completion: .directory)
        var directory = "./data"
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a principal and print its new keys as shell exports."
        )

        @Argument(help: "The name: 1 to 64 of A-Z a-z 0-9 . _ -")
        var name: String

        @OptionGroup var folder: Folder

        func run() async throws {
            try await reportingErrors {
                let keys = try await PrincipalDesk(directory: folder.directory).add(name)
                print("export AWS_ACCESS_KEY_ID=\(keys.accessKey)")
                print("export AWS_SECRET_ACCESS_KEY=\(keys.secretKey)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the principals and their access keys."
        )

        @OptionGroup var folder: Folder

        func run() async throws {
            try await reportingErrors {
                for line in try await PrincipalDesk(directory: folder.directory).list() {
                    print("\(line.name)\t\(line.accessKey)")
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a principal; its keys stop working at once."
        )

        @Argument(help: "The name of the principal.")
        var name: String

        @OptionGroup var folder: Folder

        func run() async throws {
            try await reportingErrors {
                try await PrincipalDesk(directory: folder.directory).remove(name)
            }
        }
    }
}
