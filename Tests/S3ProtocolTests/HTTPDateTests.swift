import S3Protocol
import StorageModel
import Testing

/// Checks dates of headers and documents.
///
/// Method: the three forms of one date in RFC 9110, section 5.6.7; then every day of 1583 to 2399
/// counted one by one with the rule for leap years.
@Suite struct HTTPDateTests {
    static let example: Int64 = 784_111_777

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ])
    func `reads the three forms of the standard`(_ text: String) {
        #expect(HTTPDate.parse(text) == Self.example)
    }

    @Test(arguments: [
        "", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 PST", "1994-11-06T08:49:37Z",
    ])
    func `refuses what is no date`(_ text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }

    @Test func `writes both forms`() {
        let time = WallTime(milliseconds: Self.example * 1000 + 42)
        #expect(HTTPDate.imfFixdate(time) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.iso8601(time) == "1994-11-06T08:49:37.042Z")
        #expect(HTTPDate.iso8601(WallTime(milliseconds: -1)) == "1969-12-31T23:59:59.999Z")
    }

    @Test func `every day of the Gregorian calendar has its own date`() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        // 1583-01-01 was 141,349 days before 1970-01-01, and a Saturday.
        var days: Int64 = -141_349
        for year in 1583..<2400 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for month in 1...12 {
                let length = month == 2 && isLeap ? 29 : lengths[month - 1]
                for day in 1...length {
                    let text = HTTPDate.imfFixdate(WallTime(milliseconds: days * 86_400_000))
                    let digits = day < 10 ? "0\(day)" : "\(day)"
                    guard text.hasSuffix("\(year) 00:00:00 GMT"), text.contains(", \(digits) "),
                        HTTPDate.parse(text) == days * 86_400
                    else {
                        Issue.record("\(year)-\(month)-\(day) is written \(text)")
                        return
                    }
                    days += 1
                }
            }
        }
        // 2400-01-01 is 157,054 days after 1970-01-01.
        #expect(days == 157_054)
    }

    @Test func `times far outside any calendar are written without a trap`() {
        for milliseconds in [Int64.min / 2, Int64.max / 2, -62_167_219_200_001] {
            #expect(HTTPDate.imfFixdate(WallTime(milliseconds: milliseconds)).utf8.count == 29)
        }
    }
}
