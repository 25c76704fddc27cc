import StorageModel

/// Dates as HTTP and S3's documents write them.
///
/// Source: RFC 9110, section 5.6.7 (three formats are read, IMF-fixdate is written); Amazon S3 API
/// Reference for the ISO 8601 form in documents.
public enum HTTPDate {
    /// Three letters each.
    private static let weekdayNames: StaticString = "SunMonTueWedThuFriSat"
    private static let monthNames: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Writes a time as IMF-fixdate, for example `Sun, 06 Nov 1994 08:49:37 GMT`.
    public static func imfFixdate(_ time: WallTime) -> String {
        let moment = CivilMoment(secondsSinceEpoch: time.seconds)
        let date = moment.date
        return String(unsafeUninitializedCapacity: 29) { buffer in
            var writer = FixedTextWriter(buffer)
            writer.append(weekdayNames, at: 3 * date.weekday, count: 3)
            writer.append(", " as StaticString)
            writer.append(date.day, digits: 2)
            writer.append(UInt8(ascii: " "))
            writer.append(monthNames, at: 3 * (date.month - 1), count: 3)
            writer.append(UInt8(ascii: " "))
            writer.append(date.year, digits: 4)
            writer.append(UInt8(ascii: " "))
            moment.appendTime(to: &writer)
            writer.append(" GMT" as StaticString)
            return writer.count
        }
    }

    /// Writes a time as documents do, for example `2009-10-12T17:50:30.000Z`.
    public static func iso8601(_ time: WallTime) -> String {
        String(unsafeUninitializedCapacity: iso8601Bytes) { buffer in
            var writer = FixedTextWriter(buffer)
            writeISO8601(time, to: &writer)
            return writer.count
        }
    }

    /// The length of a time in a document, in bytes.
    static let iso8601Bytes = 24

    static func writeISO8601(_ time: WallTime, to writer: inout FixedTextWriter) {
        let moment = CivilMoment(secondsSinceEpoch: time.seconds)
        writer.append(moment.date.year, digits: 4)
        writer.append(UInt8(ascii: "-"))
        writer.append(moment.date.month, digits: 2)
        writer.append(UInt8(ascii: "-"))
        writer.append(moment.date.day, digits: 2)
        writer.append(UInt8(ascii: "T"))
        moment.appendTime(to: &writer)
        writer.append(UInt8(ascii: "."))
        writer.append(Int(time.milliseconds - time.seconds * 1000), digits: 3)
        writer.append(UInt8(ascii: "Z"))
    }

    /// Reads an HTTP date in any of its three formats; nil for anything else.
    ///
    /// - Returns: Whole seconds since 1970-01-01T00:00:00Z.
    public static func parse(_ text: String) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        let words = text.utf8.split(whereSeparator: isSeparator).map { String(Substring($0)) }
        switch words.count {
        case 8:
            // `Sun, 06 Nov 1994 08:49:37 GMT` and `Sunday, 06-Nov-94 08:49:37 GMT`
            guard words[7] == "GMT" || words[7] == "UTC" else { return nil }
            return seconds(
                year: words[3],
                month: words[2],
                day: words[1],
                time: words[4...6]
            )
        case 7:
            // `Sun Nov  6 08:49:37 1994`
            return seconds(
                year: words[6],
                month: words[1],
                day: words[2],
                time: words[3...5]
            )
        default: return nil
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func seconds(
        year: String,
        month: String,
        day: String,
        time: ArraySlice<String>
    ) -> Int64? {
        guard let month = months.firstIndex(of: month), let day = number(day),
            var yearNumber = number(year), year.utf8.count == 4 || year.utf8.count == 2
        else { return nil }
        if year.utf8.count == 2 { yearNumber += yearNumber < 70 ? 2000 : 1900 }
        let parts = time.compactMap { $0.utf8.count == 2 ? number($0) : nil }
        guard parts.count == 3, parts[0] < 24, parts[1] < 60, parts[2] <= 60 else { return nil }
        guard let date = CivilDate(year: yearNumber, month: month + 1, day: day) else { return nil }
        let secondsOfDay = parts[0] * 3600 + parts[1] * 60 + parts[2]
        return date.daysSinceEpoch * 86_400 + Int64(secondsOfDay)
    }

    private static func number(_ text: String) -> Int? {
        guard (1...4).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}

/// A day and the time in it.
struct CivilMoment {
    let date: CivilDate
    private let secondsOfDay: Int

    init(secondsSinceEpoch: Int64) {
        let days = secondsSinceEpoch.quotientAndRemainder(dividingBy: 86_400)
        let isBefore = days.remainder < 0
        date = CivilDate(daysSinceEpoch: isBefore ? days.quotient - 1 : days.quotient)
        secondsOfDay = Int(isBefore ? days.remainder + 86_400 : days.remainder)
    }

    /// Writes `HH:MM:SS`.
    func appendTime(to writer: inout FixedTextWriter) {
        writer.append(secondsOfDay / 3600, digits: 2)
        writer.append(UInt8(ascii: ":"))
        writer.append(secondsOfDay / 60 % 60, digits: 2)
        writer.append(UInt8(ascii: ":"))
        writer.append(secondsOfDay % 60, digits: 2)
    }
}

/// Writes ASCII into a buffer of fixed size; what does not fit is left out.
struct FixedTextWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes where count < buffer.count {
                buffer[count] = byte
                count += 1
            }
        }
    }

    mutating func append(_ text: StaticString) {
        append(text, at: 0, count: text.utf8CodeUnitCount)
    }

    /// Writes a part of a text.
    mutating func append(_ text: StaticString, at start: Int, count length: Int) {
        precondition(start >= 0 && start + length <= text.utf8CodeUnitCount, "within the text")
        for index in start..<start + length {
            append(text.utf8Start[index])
        }
    }

    mutating func append(_ byte: UInt8) {
        guard count < buffer.count else { return }
        buffer[count] = byte
        count += 1
    }

    /// Writes a number ≥ 0 with leading zeros; digits above the given count are dropped.
    mutating func append(_ number: Int, digits: Int) {
        guard number >= 0, count + digits <= buffer.count else { return }
        var rest = number
        for index in stride(from: count + digits - 1, through: count, by: -1) {
            buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        count += digits
    }
}
