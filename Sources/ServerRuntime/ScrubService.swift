import DiskIO
import Logging
import Maintenance
import ServiceLifecycle
import StorageModel

/// How much of the disk's time the background scrub takes.
public enum ScrubSchedule: Hashable, Sendable {
    /// No scrub.
    case off
    /// One pass in about a month, spread over it evenly.
    case monthly
    /// So many bytes a second; a pass begins a day after the one before began, at the earliest.
    case bytesPerSecond(Int64)

    static let monthSeconds: Int64 = 30 * 86_400
    static let daySeconds: Int64 = 86_400

    /// Reads `--scrub-rate`: bytes a second, 0 for none; nil for the default.
    ///
    /// - Throws: ``ServerError/scrubRateInvalid(_:)``.
    init(_ text: String?) throws(ServerError) {
        guard let text else {
            self = .monthly
            return
        }
        guard let bytes = Int64(text), bytes >= 0 else { throw .scrubRateInvalid(text) }
        self = bytes == 0 ? .off : .bytesPerSecond(bytes)
    }

    /// How fast a pass reads; nil if there is none.
    fileprivate var rate: ScrubRate? {
        switch self {
        case .off: nil
        case .monthly: .spread(seconds: Self.monthSeconds)
        case .bytesPerSecond(let bytes): .bytesPerSecond(bytes)
        }
    }

    /// How long after the beginning of a pass the next one may begin.
    fileprivate var periodSeconds: Int64 {
        switch self {
        case .off, .monthly: Self.monthSeconds
        case .bytesPerSecond: Self.daySeconds
        }
    }
}

/// Reads everything that is stored, again and again, while the server runs.
struct ScrubService: Service {
    /// How long it rests after a failure before it tries again.
    private static let retrySeconds = Duration.seconds(600)
    /// How long it rests at a time while no pass is due.
    private static let lookSeconds = Duration.seconds(60)

    /// A pass that read less than this is made again on the next day.
    private static let fewBytes: Int64 = 64 << 20

    let scrub: Scrub
    let schedule: ScrubSchedule
    let clock: @Sendable () -> WallTime
    let logger: Logger

    func run() async throws {
        let stop = StopFlag()
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                do throws(DiskError) {
                    try BlockingThread.start(name: "nave-scrub") {
                        work(stop)
                        continuation.resume()
                    }
                } catch {
                    continuation.resume(throwing: ServerError.threadsUnavailable)
                }
            }
        } onCancelOrGracefulShutdown: {
            stop.stop()
        }
    }

    /// The life of the thread.
    private func work(_ stop: StopFlag) {
        while !stop.isStopped {
            guard let rate = schedule.rate, isDue else {
                _ = Pace.rest(Self.lookSeconds, stop)
                continue
            }
            do throws(MaintenanceError) {
                let pass = try scrub.runPass(rate, stop: stop)
                logger.notice(
                    "scrub pass ended",
                    metadata: ["bytes": "\(pass.bytes)", "damaged": "\(pass.damaged)"]
                )
            } catch .stopped {
                continue
            } catch {
                logger.error("scrub failed", metadata: ["error": "\(error)"])
                _ = Pace.rest(Self.retrySeconds, stop)
            }
        }
        scrub.keep()
    }

    /// Whether a pass is under way, or enough time has gone by since the last one began.
    private var isDue: Bool {
        let status = scrub.status
        guard status.began == nil, let last = status.lastBegan else { return true }
        // What is written into a folder that was all but empty does not wait for a month.
        let period =
            status.lastBytes < Self.fewBytes
            ? ScrubSchedule.daySeconds : schedule.periodSeconds
        return clock().milliseconds - last.milliseconds >= period * 1000
    }
}
