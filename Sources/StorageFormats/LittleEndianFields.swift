// Fixed-width little-endian fields, the only kind of integer in the fixed layouts of this module.

extension UnsafeRawBufferPointer {
    /// The integer whose first byte is at an offset; the caller has checked that it lies within.
    func field<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type = Value.self
    ) -> Value {
        precondition(offset >= 0, "a field begins within its structure")
        precondition(offset <= count - MemoryLayout<Value>.size, "a field ends in its structure")
        return Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// A run of the bytes; the caller has checked that it lies within.
    func run(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// The identifier whose first byte is at an offset.
    func identifier(at offset: Int) -> UniqueID {
        UniqueID(
            high: UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
            low: UInt64(bigEndian: loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        )
    }

    /// Whether the bytes begin with a format's mark.
    func begins(with magic: [UInt8]) -> Bool {
        count >= magic.count && zip(self, magic).allSatisfy(==)
    }
}

extension [UInt8] {
    /// Appends an integer, least significant byte first.
    mutating func appendField(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends zeros, at most 4096.
    mutating func appendZeros(_ count: Int) {
        append(contentsOf: zeros[..<count])
    }
}

private let zeros = [UInt8](repeating: 0, count: 4096)

/// The least multiple of 8 that is not less than a length.
func roundedUpTo8(_ length: Int64) -> Int64 {
    (length + 7) & ~7
}
