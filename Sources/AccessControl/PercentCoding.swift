import Checksums

/// Percent-encoding as signatures want it: every byte but the unreserved ones, in capital digits.
///
/// Source: AWS Signature Version 4, "Create a canonical request", UriEncode().
enum PercentCoding {
    /// What happens to a `/`.
    enum Slash {
        /// It stays, as in a path.
        case kept
        /// It is encoded, as in a query.
        case encoded
    }

    /// What a `+` in the text stands for.
    enum Plus {
        /// Itself.
        case plus
        /// A space, as in a form.
        case space
    }

    /// Appends the canonical form of text that may be encoded already, fully, in part or not at all.
    ///
    /// A `%` that is not followed by two digits stands for itself.
    static func appendCanonical(
        _ text: ArraySlice<UInt8>,
        slash: Slash,
        plus: Plus,
        to target: inout [UInt8]
    ) {
        var index = text.startIndex
        while index < text.endIndex {
            var byte = text[index]
            if byte == UInt8(ascii: "%"), index + 2 < text.endIndex,
                let high = Hexadecimal.value(text[index + 1]),
                let low = Hexadecimal.value(text[index + 2])
            {
                byte = high << 4 | low
                index += 3
            } else {
                if byte == UInt8(ascii: "+"), plus == .space { byte = UInt8(ascii: " ") }
                index += 1
            }
            append(byte, slash: slash, to: &target)
        }
    }

    /// The bytes that encoded text stands for.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.endIndex,
                let high = Hexadecimal.value(text[index + 1]),
                let low = Hexadecimal.value(text[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }

    private static func append(_ byte: UInt8, slash: Slash, to target: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            target.append(byte)
        case UInt8(ascii: "/") where slash == .kept:
            target.append(byte)
        default:
            target.append(UInt8(ascii: "%"))
            target.append(capitalDigit(byte >> 4))
            target.append(capitalDigit(byte & 15))
        }
    }

    private static func capitalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }
}
