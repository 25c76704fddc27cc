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
        text.withUnsafeBufferPointer { text in
            var index = 0
            while index < text.count {
                let run = canonicalRun(text, from: index, slash)
                if run > index {
                    target.append(contentsOf: UnsafeBufferPointer(rebasing: text[index..<run]))
                    index = run
                    continue
                }
                var byte = text[index]
                if let encoded = encodedByte(text, at: index) {
                    byte = encoded
                    index += 3
                } else {
                    if byte == UInt8(ascii: "+"), plus == .space { byte = UInt8(ascii: " ") }
                    index += 1
                }
                append(byte, slash: slash, to: &target)
            }
        }
    }

    /// The end of the bytes from `start` that are in canonical form already, as most are.
    private static func canonicalRun(
        _ text: UnsafeBufferPointer<UInt8>,
        from start: Int,
        _ slash: Slash
    ) -> Int {
        var index = start
        while index < text.count {
            let byte = text[index]
            if isUnreserved(byte) || (byte == UInt8(ascii: "/") && slash == .kept) {
                index += 1
            } else if isCanonicalEscape(text, at: index, slash) {
                index += 3
            } else {
                break
            }
        }
        return index
    }

    /// Whether a `%` stands here with two capital digits for a byte that is to be encoded.
    static func isCanonicalEscape(
        _ text: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ slash: Slash
    ) -> Bool {
        guard let encoded = encodedByte(text, at: index) else { return false }
        return isCapital(text[index + 1]) && isCapital(text[index + 2]) && !isUnreserved(encoded)
            && (encoded != UInt8(ascii: "/") || slash == .encoded)
    }

    /// The byte that a `%` and two digits stand for; `nil` if there is no such thing here.
    private static func encodedByte(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt8? {
        guard text[index] == UInt8(ascii: "%"), index + 2 < text.count,
            let high = Hexadecimal.value(text[index + 1]),
            let low = Hexadecimal.value(text[index + 2])
        else { return nil }
        return high << 4 | low
    }

    /// The bytes that encoded text stands for.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        text.withUnsafeBufferPointer { text in
            // Decoding never makes text longer.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count) { bytes in
                var count = 0
                var index = 0
                while index < text.count {
                    let encoded = encodedByte(text, at: index)
                    bytes[count] = encoded ?? text[index]
                    index &+= encoded == nil ? 1 : 3
                    count &+= 1
                }
                return Array(bytes[..<count])
            }
        }
    }

    private static func append(_ byte: UInt8, slash: Slash, to target: inout [UInt8]) {
        if isUnreserved(byte) || (byte == UInt8(ascii: "/") && slash == .kept) {
            target.append(byte)
        } else {
            target.append(UInt8(ascii: "%"))
            target.append(capitalDigit(byte >> 4))
            target.append(capitalDigit(byte & 15))
        }
    }

    /// Whether each of the 256 bytes is unreserved, for long runs of them.
    static let unreserved = (UInt8.min...UInt8.max).map(isUnreserved)

    /// Letters, digits, `-`, `.`, `_` and `~`.
    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        // One bit per character: `-`, `.` and digits among the first 64, the rest among the next.
        let low: UInt64 = 0x03FF_6000_0000_0000
        let high: UInt64 = 0x47FF_FFFE_87FF_FFFE
        let bits = byte < 64 ? low : byte < 128 ? high : 0
        return bits &>> UInt64(byte) & 1 == 1
    }

    private static func isCapital(_ digit: UInt8) -> Bool { digit <= UInt8(ascii: "F") }

    private static func capitalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }
}
