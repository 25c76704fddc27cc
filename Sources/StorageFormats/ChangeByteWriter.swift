/// Writes the fields of an encoded change; see `docs/formats/change.md` for their layouts.
struct ChangeByteWriter {
    /// What was written so far.
    private(set) var bytes: [UInt8] = []

    init(reservingBytes count: Int = 256) {
        bytes.reserveCapacity(count)
    }

    mutating func byte(_ value: UInt8) {
        bytes.append(value)
    }

    /// An unsigned number, seven bits per byte, lowest first; the top bit says that more follow.
    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A count or length, which is never negative.
    mutating func count(_ value: Int) {
        precondition(value >= 0, "a count is not negative")
        unsigned(UInt64(value))
    }

    /// A signed number, folded so that small ones are short: 0, -1, 1, -2 become 0, 1, 2, 3.
    mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Eight bytes, lowest first.
    mutating func fixed64(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A length in bytes, then UTF-8.
    mutating func text(_ value: String) {
        var copy = value
        copy.withUTF8 { utf8 in
            count(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }
}
