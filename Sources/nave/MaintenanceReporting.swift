import ArgumentParser
import Glibc
import ServerRuntime
import Synchronization

/// The exit codes of the commands that look after data.
enum MaintenanceExit {
    /// Something does not agree or is damaged.
    static let found = ExitCode(1)
    /// The command could not be carried out.
    static let failed = ExitCode(3)
}

/// Shows on a terminal how far a command has come, on one line that is written over.
///
/// State: guarded by `shown`.
final class ProgressLine: Sendable {
    private static let everyMilliseconds = 100
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private let shown = Mutex<ContinuousClock.Instant?>(nil)

    /// Shows a line, unless the last one was shown just now.
    func show(_ line: String) {
        guard isTerminal else { return }
        let isDue = shown.withLock { shown in
            let now = clock.now
            if let last = shown, now - last < .milliseconds(Self.everyMilliseconds) { return false }
            shown = now
            return true
        }
        if isDue { put("\r\u{1B}[K\(line)") }
    }

    /// Takes the line away.
    func clear() {
        guard isTerminal, shown.withLock({ $0 }) != nil else { return }
        put("\r\u{1B}[K")
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Runs a command that looks after data: progress while it runs, then what it has to say, and an exit
/// code that says whether all is well.
func reportingMaintenance(
    _ directory: String,
    _ work: (MaintenanceDesk) async throws -> MaintenanceOutcome
) async throws {
    let line = ProgressLine()
    let outcome: MaintenanceOutcome
    do {
        outcome = try await work(MaintenanceDesk(directory: directory) { line.show($0) })
        line.clear()
    } catch let error as ServerError {
        line.clear()
        let text = Array("nave: \(error)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
        throw MaintenanceExit.failed
    }
    if isatty(STDOUT_FILENO) == 1 {
        for line in outcome.lines { print(line) }
    } else {
        print(outcome.json)
    }
    guard outcome.isWell else { throw MaintenanceExit.found }
}
