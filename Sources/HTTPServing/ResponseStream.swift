import NIOCore
import Synchronization

/// Joins the task that writes a response body with the connection that sends it.
///
/// State: guarded by `guarded`; signals and continuations are performed outside the lock.
final class ResponseStream: Sendable {
    private struct Guarded {
        var state: ResponseStreamState
        var writer: CheckedContinuation<Void, any Error>?
        var isStopped = false
        var stopAction: (@Sendable () -> Void)?
    }

    private let guarded: Mutex<Guarded>
    private let wake: @Sendable () -> Void

    /// Makes a stream; `wake` is called from the writing task's thread.
    init(_ state: ResponseStreamState, wake: @escaping @Sendable () -> Void) {
        guarded = Mutex(Guarded(state: state))
        self.wake = wake
    }

    // MARK: The writing task

    func write(_ piece: ByteBuffer) async throws {
        try Task.checkCancellation()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                write(piece, then: continuation)
            }
        } onCancel: {
            cancelWrite()
        }
    }

    /// Has an action run once the client has gone or the server stops; at once if that is so.
    func whenStopped(_ action: @escaping @Sendable () -> Void) {
        let isStopped = guarded.withLock { guarded in
            if !guarded.isStopped { guarded.stopAction = action }
            return guarded.isStopped
        }
        if isStopped { action() }
    }

    private func write(_ piece: ByteBuffer, then continuation: CheckedContinuation<Void, any Error>)
    {
        let action = guarded.withLock { guarded in
            let action = guarded.state.write(piece)
            if case .wait = action {
                guarded.writer = continuation
            }
            return action
        }
        switch action {
        case .proceed(let signal):
            if signal == .wake { wake() }
            continuation.resume()
        case .wait(let signal):
            if signal == .wake { wake() }
            // A cancellation between the check and the lock found no writer to end.
            if Task.isCancelled { cancelWrite() }
        case .fail(let error): continuation.resume(throwing: error)
        }
    }

    private func cancelWrite() {
        let writer = guarded.withLock { guarded in
            guarded.state.cancelWrite()
            return guarded.writer.take()
        }
        writer?.resume(throwing: CancellationError())
    }

    // MARK: The connection

    func take() -> [ByteBuffer] {
        let (pieces, writer) = guarded.withLock { guarded in
            let taken = guarded.state.take()
            return (taken.pieces, taken.resumesWriter ? guarded.writer.take() : nil)
        }
        writer?.resume()
        return pieces
    }

    /// Notes that the task ended; pieces may still be pending.
    func end(_ ending: ResponseStreamState.Ending) {
        guarded.withLock { $0.state.end(ending) }
    }

    /// How the stream ended, or nil while the task runs.
    var ending: ResponseStreamState.Ending? {
        guarded.withLock { $0.state.ending }
    }

    /// Tells the task that the client has gone or the server stops; it may end its body in order.
    func stop() {
        let action = guarded.withLock { guarded in
            guarded.isStopped = true
            return guarded.stopAction.take()
        }
        action?()
    }

    func disconnect() {
        stop()
        let writer = guarded.withLock { guarded in
            guarded.state.disconnect() ? guarded.writer.take() : nil
        }
        writer?.resume(throwing: HTTPBodyError.clientDisconnected)
    }
}
