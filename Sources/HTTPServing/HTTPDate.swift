import Glibc
import NIOCore

/// The value of `Date`, made once per second.
///
/// The wall clock is asked when the monotonic clock says that the second has passed; after a
/// step of the wall clock the date is wrong for one second at most.
///
/// Source: RFC 9110 section 5.6.7, IMF-fixdate.
struct HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private var current = ""
    private var validUntil = NIODeadline.uptimeNanoseconds(0)

    /// The date now.
    mutating func text(at now: NIODeadline) -> String {
        if now >= validUntil {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            current = Self.text(secondsSinceEpoch: Int64(time.tv_sec))
            validUntil = now + .nanoseconds(1_000_000_000 - Int64(time.tv_nsec))
        }
        return current
    }

    /// The date at a number of seconds since 1970.
    static func text(secondsSinceEpoch seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let day = days[Int(parts.tm_wday)]
        let month = months[Int(parts.tm_mon)]
        let date = "\(day), \(two(parts.tm_mday)) \(month) \(Int(parts.tm_year) + 1900)"
        return "\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }

    private static func two(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
