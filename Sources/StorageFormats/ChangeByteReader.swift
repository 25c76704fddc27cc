/// Reads the fields of an encoded change, never beyond the bytes it was given.
struct ChangeByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    var remainingBytes: Int { bytes.count - offset }

    mutating func byte() throws(ChangeFormatError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func unsigned() throws(ChangeFormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            let group = UInt64(next & 0x7F)
            guard shift < 63 || (shift == 63 && group <= 1) else {
                throw .valueInvalid(field: .number, offset: offset)
            }
            value |= group << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func signed() throws(ChangeFormatError) -> Int64 {
        let folded = try unsigned()
        return Int64(bitPattern: (folded >> 1) ^ (0 &- (folded & 1)))
    }

    /// A number that is not negative and fits 63 bits.
    mutating func number() throws(ChangeFormatError) -> Int64 {
        guard let value = Int64(exactly: try unsigned()) else {
            throw .valueInvalid(field: .number, offset: offset)
        }
        return value
    }

    /// A count of things that take at least `bytesEach` bytes, so that a wrong count cannot ask for
    /// more memory than there are bytes.
    mutating func count(bytesEach: Int) throws(ChangeFormatError) -> Int {
        guard let value = Int(exactly: try unsigned()), value <= remainingBytes / bytesEach else {
            throw .truncated(offset: offset)
        }
        return value
    }

    mutating func fixed64() throws(ChangeFormatError) -> UInt64 {
        guard remainingBytes >= 8 else { throw .truncated(offset: offset) }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    mutating func text() throws(ChangeFormatError) -> String {
        let length = try count(bytesEach: 1)
        let start = offset
        offset += length
        guard
            let text = String(
                validating: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]),
                as: UTF8.self
            )
        else { throw .valueInvalid(field: .text, offset: start) }
        return text
    }

    /// Says that everything was read.
    func finish() throws(ChangeFormatError) {
        guard remainingBytes == 0 else { throw .trailingBytes(count: remainingBytes) }
    }
}
