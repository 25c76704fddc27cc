/// What a `Range` header selects of an object.
public enum RangeSelection: Hashable, Sendable {
    /// Everything; the header is missing, empty, malformed, or asks for several ranges.
    case whole
    /// A half-open range of bytes within the object; never empty.
    case part(Range<Int64>)
    /// A well-formed range that touches no byte of the object.
    case unsatisfiable
}

/// Reads the `Range` header of a request.
///
/// Source: RFC 9110, sections 14.1.2 and 14.2; several ranges answer with the whole object, as S3
/// does.
public enum RangeHeader {
    /// Decides what a header selects of an object of a given size.
    public static func select(_ text: String?, sizeBytes: Int64) -> RangeSelection {
        guard let text, let (first, last) = parse(text) else { return .whole }
        switch (first, last) {
        case (let first?, let last?):
            guard first <= last else { return .whole }
            guard first < sizeBytes else { return .unsatisfiable }
            return .part(first..<min(last, sizeBytes - 1) + 1)
        case (let first?, nil):
            guard first < sizeBytes else { return .unsatisfiable }
            return .part(first..<sizeBytes)
        case (nil, let suffixBytes?):
            guard suffixBytes > 0, sizeBytes > 0 else { return .unsatisfiable }
            return .part(max(0, sizeBytes - suffixBytes)..<sizeBytes)
        case (nil, nil): return .whole
        }
    }

    /// Reads `bytes=FIRST-LAST` with both ends present, as UploadPartCopy wants it; nil otherwise.
    public static func copyRange(_ text: String) -> Range<Int64>? {
        guard case (let first?, let last?)? = parse(text), first <= last, last < .max else {
            return nil
        }
        return first..<last + 1
    }

    /// The two numbers around the hyphen, either of which may be missing.
    private static func parse(_ text: String) -> (first: Int64?, last: Int64?)? {
        let unit = "bytes="
        guard text.utf8.count > unit.utf8.count,
            HeaderList.matches(
                String(Substring(text.utf8.prefix(unit.utf8.count))),
                unit
            )
        else { return nil }
        let ends = Substring(text).utf8.dropFirst(unit.utf8.count)
            .split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]) else {
            return nil
        }
        return (first.value, last.value)
    }

    /// A number that may be missing; nil when there is something that is not a number.
    ///
    /// A number too large for 64 bits reads as the largest, which is beyond the end of any object.
    private static func number(_ text: Substring.UTF8View) -> (value: Int64?, Void)? {
        let digits = HeaderList.trimmed(String(Substring(text)))
        guard !digits.isEmpty else { return (nil, ()) }
        var value: Int64 = 0
        for byte in digits.utf8 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            value = overflowed || carried || value == .max ? .max : sum
        }
        return (value, ())
    }
}
