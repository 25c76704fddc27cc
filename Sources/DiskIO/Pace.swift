import Glibc

/// Holds work on a thread of its own down to a rate.
///
/// After each piece the thread sleeps until the piece is due. Time in which nothing was done is not
/// made up for later, so the rate is never exceeded by more than one piece.
public struct Pace {
    /// The longest sleep between two looks at the stop flag, in nanoseconds.
    private static let sliceNanoseconds: Int64 = 100_000_000

    /// The rate in bytes a second; nil for as fast as the disk goes.
    public let bytesPerSecond: Int64?

    private let clock = ContinuousClock()
    /// When the next piece may begin.
    private var due: ContinuousClock.Instant?

    /// Makes a pace.
    ///
    /// - Parameter bytesPerSecond: The rate, at least 1; nil for none.
    public init(bytesPerSecond: Int64?) {
        self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
    }

    /// Says that a piece was done, and sleeps until the next one is due.
    ///
    /// - Parameters:
    ///   - bytes: The length of the piece.
    ///   - stop: Ends the sleep.
    /// - Returns: False if the work is to end.
    public mutating func spend(_ bytes: Int64, _ stop: StopFlag) -> Bool {
        guard let bytesPerSecond else { return !stop.isStopped }
        let now = clock.now
        let begin = max(due ?? now, now)
        let next = begin + .seconds(Double(bytes) / Double(bytesPerSecond))
        due = next
        return Self.sleep(until: next, clock, stop)
    }

    /// Sleeps for a time, or until the work is to end.
    ///
    /// - Returns: False if the work is to end.
    public static func rest(_ time: Duration, _ stop: StopFlag) -> Bool {
        let clock = ContinuousClock()
        return sleep(until: clock.now + time, clock, stop)
    }

    private static func sleep(
        until end: ContinuousClock.Instant,
        _ clock: ContinuousClock,
        _ stop: StopFlag
    ) -> Bool {
        while !stop.isStopped {
            let left = end - clock.now
            guard left > .zero else { return true }
            let slice = min(left, .nanoseconds(sliceNanoseconds)).components
            var request = timespec(
                tv_sec: Int(slice.seconds),
                tv_nsec: Int(slice.attoseconds / 1_000_000_000)
            )
            nanosleep(&request, nil)
        }
        return false
    }
}
