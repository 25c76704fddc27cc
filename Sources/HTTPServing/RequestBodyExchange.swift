import NIOCore
import Synchronization

/// Joins the connection that receives a request body with the task that reads it.
///
/// State: guarded by `guarded`; signals and continuations are performed outside the lock.
final class RequestBodyExchange: Sendable {
    private struct Guarded {
        var state: RequestBodyState
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let guarded: Mutex<Guarded>
    private let signal: @Sendable (RequestBodyState.ConnectionSignal) -> Void

    /// Makes an exchange; `signal` is called from the reading task's thread.
    init(
        _ state: RequestBodyState,
        signal: @escaping @Sendable (RequestBodyState.ConnectionSignal) -> Void = { _ in }
    ) {
        guarded = Mutex(Guarded(state: state))
        self.signal = signal
    }

    // MARK: The reading task

    func next() async throws -> ByteBuffer? {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                read(into: continuation)
            }
        } onCancel: {
            cancelRead()
        }
    }

    private func read(into continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        let action = guarded.withLock { guarded in
            let action = guarded.state.read()
            if case .wait = action {
                guarded.reader = continuation
            }
            return action
        }
        switch action {
        case .deliver(let piece, let connectionSignal):
            perform(connectionSignal)
            continuation.resume(returning: piece)
        case .end: continuation.resume(returning: nil)
        case .fail(let error): continuation.resume(throwing: error)
        case .wait(let connectionSignal):
            perform(connectionSignal)
            // A cancellation between the check and the lock found no reader to end.
            if Task.isCancelled { cancelRead() }
        }
    }

    private func cancelRead() {
        let reader = guarded.withLock { guarded in
            guarded.state.cancelRead()
            return guarded.reader.take()
        }
        reader?.resume(throwing: CancellationError())
    }

    private func perform(_ connectionSignal: RequestBodyState.ConnectionSignal) {
        guard connectionSignal != .nothing else { return }
        signal(connectionSignal)
    }

    // MARK: The connection

    func arrive(_ piece: ByteBuffer) {
        let reader = guarded.withLock { guarded in
            guarded.state.arrive(piece) == nil ? nil : guarded.reader.take()
        }
        reader?.resume(returning: piece)
    }

    /// Whether the connection has to stop reading; see ``RequestBodyState/holdsInput()``.
    func holdsInput() -> Bool {
        guarded.withLock { $0.state.holdsInput() }
    }

    /// Whether the client still waits for `100 Continue`.
    var awaitsContinue: Bool {
        guarded.withLock { $0.state.awaitsContinue }
    }

    func finish(_ ending: RequestBodyState.Ending) {
        let reader = guarded.withLock { guarded in
            guarded.state.finish(ending) ? guarded.reader.take() : nil
        }
        switch ending {
        case .complete: reader?.resume(returning: nil)
        case .failed(let error): reader?.resume(throwing: error)
        }
    }

    func abandon() {
        let reader = guarded.withLock { guarded in
            guarded.state.abandon() ? guarded.reader.take() : nil
        }
        reader?.resume(throwing: HTTPBodyError.answered)
    }
}
