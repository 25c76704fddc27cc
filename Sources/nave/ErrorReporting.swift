import ArgumentParser
import Glibc
import ServerRuntime

/// Runs a command; an error that has words for a person is printed as those words alone.
func reportingErrors(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as ServerError {
        let line = Array("nave: \(error)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        throw ExitCode(1)
    }
}
