import CDiskCalls
import Glibc

/// A thread of the operating system that runs one body and ends with it.
public enum BlockingThread {
    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: Shown by the system's tools; the first 15 bytes are kept.
    ///   - body: What the thread does; it ends when the body returns.
    /// - Throws: ``DiskError`` when the system has no threads left.
    public static func start(name: String, _ body: @escaping @Sendable () -> Void)
        throws(DiskError)
    {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { pointer in
                guard let pointer else { return nil }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                nave_name_thread(String(start.name.prefix(15)))
                start.body()
                return nil
            },
            start.toOpaque()
        )
        guard status == 0 else {
            start.release()
            throw DiskError(errorNumber: status, .open, path: "thread \(name)")
        }
        pthread_detach(thread)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
