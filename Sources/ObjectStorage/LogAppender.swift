import DiskIO
import StorageModel
import Synchronization
import Volumes

/// Appends to the log on a thread of its own, while the committer's thread goes on with what does not
/// need to wait for the disk.
///
/// State: the answer, guarded by `answer`; one append at a time.
final class LogAppender: Sendable {
    /// What became of an append.
    struct Answer: Sendable {
        let result: Result<AppendOutcome, VolumeError>
        /// How long the write and the flush took.
        let took: Duration
    }

    private let volume: VolumeSet
    /// Nil where everything happens in turn.
    private let thread: BlockingPool?
    private let done: WakeupSignal
    private let answer = Mutex<Answer?>(nil)

    /// Starts the thread; it ends when the appender goes.
    ///
    /// - Throws: ``DiskError`` when the system has no threads or descriptors left.
    init(_ volume: VolumeSet, _ scheduling: StoreScheduling) throws(DiskError) {
        self.volume = volume
        done = try WakeupSignal()
        switch scheduling {
        case .threads: thread = try BlockingPool(name: "nave-log", threadCount: 1)
        case .inTurn: thread = nil
        }
    }

    /// Appends records on the calling thread.
    func append(_ records: [LogRecord], at position: LogPosition) -> Answer {
        Self.append(records, at: position, to: volume)
    }

    /// Appends records, and calls `work` on the calling thread meanwhile.
    ///
    /// Where everything happens in turn, it is called afterwards, whatever became of the append.
    func append(
        _ records: [LogRecord],
        at position: LogPosition,
        meanwhile work: () -> Void
    ) -> Answer {
        let volume = volume
        let isTaken = thread?.enqueue { [self] in
            let result = Self.append(records, at: position, to: volume)
            answer.withLock { $0 = result }
            done.post()
        }
        guard isTaken == true else {
            defer { work() }
            return append(records, at: position)
        }
        work()
        done.wait()
        guard let result = answer.withLock({ $0.take() }) else {
            preconditionFailure("an append that is done has an answer")
        }
        return result
    }

    private static func append(
        _ records: [LogRecord],
        at position: LogPosition,
        to volume: VolumeSet
    ) -> Answer {
        let began = ContinuousClock.now
        let result = Result { () throws(VolumeError) in
            try volume.append(records, at: position)
        }
        return Answer(result: result, took: ContinuousClock.now - began)
    }
}
