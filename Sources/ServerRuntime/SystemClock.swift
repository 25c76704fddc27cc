import Glibc
import StorageModel

/// The machine's wall clock; the only place that reads it.
enum SystemClock {
    /// The time now, to the millisecond.
    static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
