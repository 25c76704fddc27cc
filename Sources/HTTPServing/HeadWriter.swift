/// Writes ASCII and text one after the other into memory that has room for it.
///
/// A response head has some thirty pieces; written one by one into a `ByteBuffer`, which looks for
/// room, owner and indices each time, they took 12 thousand instructions of an answer, and take two
/// thousand like this.
struct HeadWriter {
    private let target: UnsafeMutableRawBufferPointer
    /// How many bytes were written.
    private(set) var count = 0

    /// Begins at the first byte of `target`.
    init(_ target: UnsafeMutableRawBufferPointer) {
        self.target = target
    }

    /// How many bytes can still be written.
    var room: Int { target.count - count }

    /// Writes a text that is known to be printable.
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes text with its control bytes made spaces, so that no value can end its line.
    mutating func writePrintable(_ text: String) {
        let start = count
        // `withUTF8` would need a copy that may be changed, and count a reference.
        let isAtHand: Void? = text.utf8.withContiguousStorageIfAvailable {
            write(UnsafeRawBufferPointer($0))
        }
        if isAtHand == nil { Array(text.utf8).withUnsafeBytes { write($0) } }
        let written = UnsafeMutableRawBufferPointer(rebasing: target[start..<count])
        var least = UInt8.max
        for byte in written {
            least = min(least, byte)
        }
        guard least < ASCII.space else { return }
        for index in written.indices where written[index] < ASCII.space {
            written[index] = ASCII.space
        }
    }

    /// Writes a number ≥ 0 in decimal digits.
    mutating func writeDecimal(_ number: Int64) {
        precondition(number >= 0, "lengths and statuses are not negative")
        var digits = 1
        var bound: UInt64 = 10
        while digits < 19, UInt64(number) >= bound {
            digits += 1
            bound *= 10
        }
        precondition(digits <= room, "there is room for the number")
        var rest = UInt64(number)
        for index in (count..<count + digits).reversed() {
            target[index] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= room, "there is room for the text")
        guard let source = bytes.baseAddress, let start = target.baseAddress else { return }
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}
