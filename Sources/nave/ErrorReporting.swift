import ArgumentParser
import Glibc
import ServerRuntime

/// Runs a command; an error that has words for a person is printed as those words alone.
func reportingErrors(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as ServerError {
        fputs("nave: \(error)\n", stderr)
        throw ExitCode(1)
    }
}
