import Volumes

/// When a change is durable that was acknowledged, and how often the log is flushed if that is later.
public struct FlushSchedule: Hashable, Sendable {
    /// When a change is durable.
    public let durability: Durability
    /// The time between two flushes, in milliseconds, within ``intervalBounds``; of use with
    /// ``Volumes/Durability/relaxed`` alone.
    public let intervalMilliseconds: Int

    /// What an interval may be, in milliseconds: shorter ones gain nothing over flushing at once.
    public static let intervalBounds = 10...60_000

    private static let intervalDefault = 1000

    /// Settles the options.
    ///
    /// - Parameters:
    ///   - durability: `strict` or `relaxed`; nil for `strict`.
    ///   - interval: A whole number with the unit `ms` or `s`; nil for one second.
    /// - Throws: ``ServerError``: `.durabilityInvalid`, `.flushIntervalInvalid`,
    ///   `.flushIntervalUnused`.
    public init(durability: String?, interval: String?) throws(ServerError) {
        guard let chosen = Durability(rawValue: durability ?? Durability.strict.rawValue) else {
            throw .durabilityInvalid(durability ?? "")
        }
        self.durability = chosen
        guard let interval else {
            intervalMilliseconds = Self.intervalDefault
            return
        }
        guard let milliseconds = Self.milliseconds(interval),
            Self.intervalBounds.contains(milliseconds)
        else { throw .flushIntervalInvalid(interval) }
        guard chosen == .relaxed else { throw .flushIntervalUnused }
        intervalMilliseconds = milliseconds
    }

    private static func milliseconds(_ text: String) -> Int? {
        for (unit, factor) in [("ms", 1), ("s", 1000)] where text.hasSuffix(unit) {
            let digits = text.dropLast(unit.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            let (value, overflows) = (Int(digits) ?? .max).multipliedReportingOverflow(by: factor)
            return overflows ? nil : value
        }
        return nil
    }
}
