import NIOCore

/// Runs the steps of a task on an event loop.
///
/// A task that only starts work and waits for it costs two changes of threads for each wait when it
/// runs elsewhere, which for a small write is more than everything else it does.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
