/// A day of the proleptic Gregorian calendar.
///
/// Source: the usual era arithmetic: 400 years have 146,097 days, and a year that begins in March
/// has its leap day last.
struct CivilDate: Hashable {
    /// The year; years outside `0...9999` are clamped.
    let year: Int
    /// The month, `1...12`.
    let month: Int
    /// The day of the month, `1...31`.
    let day: Int
    /// Days since 1970-01-01.
    let daysSinceEpoch: Int64

    /// The day of the week, 0 for Sunday.
    ///
    /// 1970-01-01 was a Thursday.
    var weekday: Int {
        let remainder = Int((daysSinceEpoch + 4) % 7)
        return remainder < 0 ? remainder + 7 : remainder
    }

    /// Makes the day a number of days after 1970-01-01.
    init(daysSinceEpoch: Int64) {
        // Days from 0000-01-01 to 1970-01-01, and to 9999-12-31.
        let days = min(max(daysSinceEpoch, -719_528), 2_932_896)
        let sinceMarch = Int(days) + 719_468
        let era = (sinceMarch >= 0 ? sinceMarch : sinceMarch - 146_096) / 146_097
        let dayOfEra = sinceMarch - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        self.daysSinceEpoch = days
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Makes a day of its parts; nil when there is no such day in years `0...9999`.
    init?(year: Int, month: Int, day: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else {
            return nil
        }
        let fromMarch = month <= 2 ? year - 1 : year
        let era = (fromMarch >= 0 ? fromMarch : fromMarch - 399) / 400
        let yearOfEra = fromMarch - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(daysSinceEpoch: Int64(era * 146_097 + dayOfEra - 719_468))
        guard self.year == year, self.month == month, self.day == day else { return nil }
    }
}
