import ArgumentParser
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
        subcommands: [ServeCommand.self, EnvironmentCommand.self, PrincipalCommand.self]
    )
}
