import ArgumentParser
import Glibc
import ServerRuntime

/// The program: a server for arrays and the commands around it.
@main
struct NaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nave",
        abstract:
            "A self-hosted hub for arrays: a bucket to any S3 client, and it knows the arrays.",
        discussion: """
            Start a server on a folder, then point any S3 client at it:

              nave serve ./data
              eval "$(nave env ./data)"          # in another terminal
              aws s3 mb s3://test
              aws s3 cp scan.nii.gz s3://test/
              curl -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" $AWS_ENDPOINT_URL/v1/arrays
            """,
        version: NaveVersion.current,
        subcommands: [
            ServeCommand.self, EnvironmentCommand.self, PrincipalCommand.self, CheckCommand.self,
            ScrubCommand.self, RebuildCommand.self, BackupCommand.self, RestoreCommand.self,
            ForgetCommand.self,
        ]
    )

    /// Runs what the command line asks for; wrong usage ends with 2, as is the custom.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let text = Array((fullMessage(for: error) + "\n").utf8)
            _ = write(STDERR_FILENO, text, text.count)
            Glibc.exit(2)
        }
    }
}
