import ArrayModel

/// Floats of which so many bits of the fraction are kept; nothing is to be undone.
///
/// Source: numcodecs 0.16, `bitround.py`.
struct BitRounding: Hashable, Sendable {
    private let keepBits: Int
    private let fractionBits: Int
    private let byteOrder: ByteOrder?

    /// Reads the parameters.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` or
    ///   ``ArrayCodecError/codecMissing(_:)``.
    init(
        _ name: String,
        _ configuration: JSONValue,
        _ elements: FilteredElements
    ) throws(ArrayCodecError) {
        switch elements.dataType {
        case .float16: fractionBits = 10
        case .float32: fractionBits = 23
        case .float64: fractionBits = 52
        default: throw .codecMissing(name)
        }
        guard let keepBits = configuration["keepbits"]?.integer,
            (0...fractionBits).contains(keepBits)
        else { throw .codecConfigurationInvalid(name) }
        self.keepBits = keepBits
        byteOrder = elements.byteOrder
    }

    /// Rounds floats.
    func encode(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        switch fractionBits {
        case 10: rounded(source, UInt16.self)
        case 23: rounded(source, UInt32.self)
        default: rounded(source, UInt64.self)
        }
    }

    /// Rounds away the lowest bits, to nearest, ties to even.
    private func rounded<Bits: FixedWidthInteger & UnsignedInteger>(
        _ source: UnsafeRawBufferPointer,
        _ type: Bits.Type
    ) -> [UInt8] {
        var bytes = [UInt8](source)
        let dropped = fractionBits - keepBits
        guard dropped > 0 else { return bytes }
        let half: Bits = (1 << Bits(dropped - 1)) - 1
        let mask: Bits = .max << Bits(dropped)
        let isBig = byteOrder == .big
        bytes.withUnsafeMutableBytes { bytes in
            let size = MemoryLayout<Bits>.size
            for offset in stride(from: 0, through: bytes.count - size, by: size) {
                let stored = bytes.loadUnaligned(fromByteOffset: offset, as: type)
                let bits = isBig ? stored.bigEndian : stored.littleEndian
                let even = bits >> Bits(dropped) & 1
                let result = (bits &+ even &+ half) & mask
                bytes.storeBytes(
                    of: isBig ? result.bigEndian : result.littleEndian,
                    toByteOffset: offset,
                    as: type
                )
            }
        }
        return bytes
    }
}
