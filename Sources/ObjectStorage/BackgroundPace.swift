import DiskIO
import StorageModel
import Synchronization

/// What background work asks between its steps: whether it is to end, and whether clients wait.
///
/// One thread works; any may end it. State: `isEnding`; the answer that is awaited, guarded by
/// `answer`.
final class BackgroundPace: Sendable {
    /// The thread that waits for something to do waits here.
    let wakeup: WakeupSignal

    private let isEnding = Atomic(false)
    private let queue: CommitQueue
    private let answered: WakeupSignal
    private let answer = Mutex<Result<CommitOutcome, StoreError>?>(nil)
    /// More changes of clients than these are let past.
    private let waitingMax: Int

    private static let napMilliseconds: Int32 = 5

    init(queue: CommitQueue, waitingMax: Int) throws(DiskError) {
        wakeup = try WakeupSignal()
        answered = try WakeupSignal()
        self.queue = queue
        self.waitingMax = waitingMax
    }

    /// Whether the work is to go on.
    var goesOn: Bool { !isEnding.load(ordering: .acquiring) }

    /// Has the work end soon.
    func end() {
        isEnding.store(true, ordering: .releasing)
        wakeup.post()
    }

    /// Lets clients go first, as long as many of them wait.
    func giveWay() {
        while goesOn, queue.count > waitingMax {
            wakeup.wait(upToMilliseconds: Self.napMilliseconds)
        }
    }

    /// Has a proposal decided after those that wait, and waits until its change is durable.
    func commit(_ proposal: Proposal) throws(StoreError) -> CommitOutcome {
        while true {
            giveWay()
            queue.submit(proposal) { [self] result in
                answer.withLock { $0 = result }
                answered.post()
            }
            answered.wait()
            let result = answer.withLock { answer in
                defer { answer = nil }
                return answer ?? .failure(.closed)
            }
            do throws(StoreError) {
                return try result.get()
            } catch .overloaded where goesOn {
                wakeup.wait(upToMilliseconds: Self.napMilliseconds)
            }
        }
    }
}
