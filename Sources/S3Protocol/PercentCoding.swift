/// How a `+` reads in percent-encoded text.
public enum PlusSign: Sendable {
    /// As itself, as in a path.
    case literal
    /// As a space, as in a query.
    case space
}

/// Percent-encoding of paths and query values.
///
/// Source: RFC 3986, section 2.1; for queries the `+` of HTML forms, which S3 reads as a space.
public enum PercentCoding {
    /// Decodes text; nil when an escape is malformed or the bytes are not UTF-8.
    public static func decode(_ text: Substring, plusSign: PlusSign) -> String? {
        text.withBytes { decode($0, plusSign: plusSign) }
    }

    /// Decodes bytes of text; nil when an escape is malformed or the decoded bytes are not UTF-8.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, plusSign: PlusSign) -> String? {
        let percent = UInt8(ascii: "%")
        let plus = UInt8(ascii: "+")
        guard text.contains(where: { $0 == percent || $0 == plus }) else {
            return String(decoding: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == percent {
                guard let high = iterator.next().flatMap(digit) else { return nil }
                guard let low = iterator.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            } else if byte == plus && plusSign == .space {
                bytes.append(UInt8(ascii: " "))
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Encodes text for a listing with `encoding-type=url`: all but unreserved characters and `/`.
    ///
    /// A space becomes `%20`, which decoders of URLs and of HTML forms both read as a space.
    public static func encode(_ text: String) -> String {
        if text.utf8.allSatisfy(isKept) { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count * 3)
        for byte in text.utf8 {
            if isKept(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(upperDigit(byte >> 4))
                bytes.append(upperDigit(byte & 15))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isKept(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
            true
        default: false
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func upperDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + (nibble - 10)
    }
}
