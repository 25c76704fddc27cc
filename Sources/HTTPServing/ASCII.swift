/// The bytes that HTTP/1 is written in, and their classes.
///
/// Source: RFC 9110 section 5.6.2 (token), section 5.5 (field values).
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let comma: UInt8 = 0x2C
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let one: UInt8 = 0x31
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let delete: UInt8 = 0x7F

    /// The token bytes 0x00–0x3F as bits: `! # $ % & ' * + - .` and the digits.
    private static let lowTokens: UInt64 = 0x03FF_6CFA_0000_0000
    /// The token bytes 0x40–0x7F as bits: letters, `^ _ ` | ~`.
    private static let highTokens: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 0x80 else { return false }
        let bits = byte < 0x40 ? lowTokens : highTokens
        return bits >> UInt64(byte & 0x3F) & 1 == 1
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }

    /// Whether a field value may hold the byte: no control bytes but the tab.
    @inline(__always)
    static func isText(_ byte: UInt8) -> Bool {
        (byte >= space && byte != delete) || byte == tab
    }

    /// The first position from `start` on that holds a byte below `least` or a DEL; the end of the
    /// bytes if there is none.
    ///
    /// Eight bytes at a time: a target with a signature has more than 300 of them.
    static func runEnd(
        _ bytes: UnsafeRawBufferPointer,
        from start: Int,
        least: UInt8
    ) -> Int {
        precondition(least <= 0x80, "the test of eight bytes at once is for ASCII")
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let bound = ones &* UInt64(least)
        var position = start
        while position &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            // A byte borrows from above only if it is below the bound itself, so a hit may bring
            // false ones after it but never stands alone; the bytes are then looked at singly.
            let low = (word &- bound) & ~word
            let difference = word ^ (ones &* UInt64(delete))
            let deletes = (difference &- ones) & ~difference
            if (low | deletes) & tops != 0 { break }
            position &+= 8
        }
        while position < bytes.count, bytes[position] >= least, bytes[position] != delete {
            position &+= 1
        }
        return position
    }

    /// Whether all the bytes are ASCII.
    static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var all: UInt8 = 0
        for byte in bytes {
            all |= byte
        }
        return all < 0x80
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= zero && byte <= 0x39
    }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexadecimalValue(_ byte: UInt8) -> Int64? {
        switch byte {
        case 0x30...0x39: Int64(byte - 0x30)
        case 0x41...0x46: Int64(byte - 0x41 + 10)
        case 0x61...0x66: Int64(byte - 0x61 + 10)
        default: nil
        }
    }

    /// Whether the bytes are the lower-case letters and hyphens of `name`, in any case.
    @inline(__always)
    static func matches(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where bytes[index] | 0x20 != name.utf8Start[index] {
            return false
        }
        return true
    }

    /// Whether the bytes are exactly those of `text`.
    @inline(__always)
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] {
            return false
        }
        return true
    }
}
