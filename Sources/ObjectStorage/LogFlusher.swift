import DiskIO
import Logging
import Synchronization
import Volumes

/// Makes the log durable at intervals, on a thread of its own, where changes are acknowledged before.
///
/// State: guarded by `state`.
final class LogFlusher: Sendable {
    private struct State {
        var isEnding = false
        var isEnded = false
        var onEnd: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let wakeup: WakeupSignal
    private let volume: VolumeSet
    private let intervalMilliseconds: Int32
    private let logger: Logger

    /// Makes the flusher of a store; nil if nothing is ever left unflushed, or only until asked.
    init?(_ opened: OpenedStore) throws(DiskError) {
        let interval = opened.configuration.limits.flushIntervalMilliseconds
        guard opened.volume.durability == .relaxed, interval > 0 else { return nil }
        wakeup = try WakeupSignal()
        volume = opened.volume
        intervalMilliseconds = Int32(clamping: interval)
        logger = opened.logger
    }

    /// The life of the thread.
    func run() {
        while !state.withLock({ $0.isEnding }) {
            wakeup.wait(upToMilliseconds: intervalMilliseconds)
            do throws(VolumeError) {
                try volume.flush()
            } catch {
                logger.critical(
                    "log not flushed: what was acknowledged since the last flush may be lost",
                    metadata: ["error": "\(error)"]
                )
                // While a volume is left that takes writes, there is something to be flushed.
                if !volume.isWritable { break }
            }
        }
        let actions = state.withLock { state in
            state.isEnded = true
            defer { state.onEnd = [] }
            return state.onEnd
        }
        for action in actions { action() }
    }

    /// Ends soon; `onEnd` runs when the thread has ended.
    func close(onEnd: @escaping @Sendable () -> Void) {
        let isEnded = state.withLock { state in
            state.isEnding = true
            if !state.isEnded { state.onEnd.append(onEnd) }
            return state.isEnded
        }
        wakeup.post()
        if isEnded { onEnd() }
    }
}
