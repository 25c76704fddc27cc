import CDiskCalls
import Glibc

/// A counter that threads wait on: each ``post()`` lets one ``wait()`` pass.
///
/// It is an `eventfd` in semaphore mode, so it is a plain number and safe to share; a post that
/// comes before its wait is not lost.
public final class WakeupSignal: Sendable {
    private let descriptor: Int32

    /// Begins at zero.
    ///
    /// - Throws: ``DiskError`` with code `.tooManyOpenFiles` when there are no descriptors left.
    public init() throws(DiskError) {
        descriptor = nave_event_counter()
        guard descriptor >= 0 else { throw DiskError(errorNumber: errno, .open, path: "eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Lets one waiter pass.
    public func post() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) != 8 {
            precondition(errno == EINTR, "an event counter takes every post")
        }
    }

    /// Waits for a post.
    public func wait() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) != 8 {
            precondition(errno == EINTR, "an event counter can be waited for")
        }
    }

    /// Waits for a post, but not longer than some time; for the only thread that waits.
    ///
    /// - Returns: Whether a post came.
    @discardableResult
    public func wait(upToMilliseconds milliseconds: Int32) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&state, 1, milliseconds)
            if ready == 0 { return false }
            guard ready > 0 else {
                precondition(errno == EINTR, "an event counter can be waited for")
                continue
            }
            wait()
            return true
        }
    }
}
