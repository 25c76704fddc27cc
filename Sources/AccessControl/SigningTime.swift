import StorageModel

/// The time of a signature: a point in time and its text, `yyyyMMddTHHmmssZ`.
struct SigningTime: Hashable, Sendable {
    /// The text, 16 bytes.
    let text: [UInt8]
    /// The same time as a number.
    let time: WallTime

    /// The date part of the text, `yyyyMMdd`.
    var date: ArraySlice<UInt8> { text[..<8] }

    /// Reads `yyyyMMddTHHmmssZ`; `nil` if the text is anything else.
    init?(basic text: some RandomAccessCollection<UInt8>) {
        let text = Array(text)
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z"),
            let year = Self.number(text, 0..<4), let month = Self.number(text, 4..<6),
            let day = Self.number(text, 6..<8), let hour = Self.number(text, 9..<11),
            let minute = Self.number(text, 11..<13), let second = Self.number(text, 13..<15),
            let time = Self.time(year, month, day, hour, minute, second)
        else { return nil }
        self.text = text
        self.time = time
    }

    /// Reads a `Date` header, `Fri, 24 May 2013 00:00:00 GMT`; `nil` if the text is anything else.
    ///
    /// Source: RFC 9110, section 5.6.7, IMF-fixdate.
    init?(httpDate: some RandomAccessCollection<UInt8>) {
        let text = Array(httpDate)
        guard text.count == 29, text.suffix(4).elementsEqual(" GMT".utf8),
            let day = Self.number(text, 5..<7),
            let month = Self.months.firstIndex(where: { text[8..<11].elementsEqual($0.utf8) }),
            let year = Self.number(text, 12..<16), let hour = Self.number(text, 17..<19),
            let minute = Self.number(text, 20..<22), let second = Self.number(text, 23..<25),
            let time = Self.time(year, month + 1, day, hour, minute, second)
        else { return nil }
        self.init(time)
    }

    /// Makes the signing time of a point in time, rounded down to a second; times outside the years
    /// 0 to 9999, which the text cannot hold, become the nearest one inside.
    init(_ time: WallTime) {
        let seconds = min(max(time.seconds, -62_167_219_200), 253_402_300_799)
        let secondsOfDay = ((seconds % 86_400) + 86_400) % 86_400
        let days = (seconds - secondsOfDay) / 86_400
        let (year, month, day) = Self.civil(daysSinceEpoch: days)
        var text: [UInt8] = []
        text.reserveCapacity(16)
        Self.append(year, digits: 4, to: &text)
        Self.append(month, digits: 2, to: &text)
        Self.append(day, digits: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        Self.append(secondsOfDay / 3600, digits: 2, to: &text)
        Self.append(secondsOfDay / 60 % 60, digits: 2, to: &text)
        Self.append(secondsOfDay % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        self.text = text
        self.time = WallTime(milliseconds: (days * 86_400 + secondsOfDay) * 1000)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func number(_ text: [UInt8], _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            let digit = text[index]
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func append(_ value: Int64, digits: Int, to text: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        for _ in 0..<digits {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    private static func time(
        _ year: Int,
        _ month: Int,
        _ day: Int,
        _ hour: Int,
        _ minute: Int,
        _ second: Int
    ) -> WallTime? {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        let days = daysSinceEpoch(year, month, day)
        let seconds = ((Int64(days) * 24 + Int64(hour)) * 60 + Int64(minute)) * 60 + Int64(second)
        return WallTime(milliseconds: seconds * 1000)
    }

    // Both conversions count in 400-year cycles of years that begin in March.
    // Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".

    private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let cycle = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfCycle = marchYear - cycle * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        return cycle * 146_097 + dayOfCycle - 719_468
    }

    private static func civil(daysSinceEpoch days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle =
            (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
