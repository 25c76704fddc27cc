import ArrayModel

/// Floats of which so many decimal digits are kept, by rounding to a multiple of a power of two; nothing
/// is to be undone but the type in which they are stored.
///
/// Source: numcodecs 0.16, `quantize.py`; NumPy computes with numbers of the array's type.
struct Quantization: Hashable, Sendable {
    /// What the floats are divided by after rounding: a power of two.
    let scale: Double
    /// Between the array's floats and those that are stored.
    let cast: NumberCast

    /// Reads the parameters.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    init(
        _ name: String,
        _ configuration: JSONValue,
        elements: NumberLayout?
    ) throws(ArrayCodecError) {
        let failure = ArrayCodecError.codecConfigurationInvalid(name)
        guard let digits = configuration["digits"]?.integer,
            let scale = Self.scale(digits: digits),
            let decoded = configuration["dtype"].map({ NumberLayout($0) }) ?? elements
        else { throw failure }
        var encoded = decoded
        if let given = configuration["astype"], given != .null {
            guard let layout = NumberLayout(given) else { throw failure }
            encoded = layout
        }
        guard decoded.isFloat, encoded.isFloat,
            let cast = NumberCast(decoded: decoded, encoded: encoded)
        else { throw failure }
        self.scale = scale
        self.cast = cast
    }

    /// The least power of two that is not below ten to the power of `digits`; nil beyond the range of a
    /// double, where numcodecs fails.
    static func scale(digits: Int) -> Double? {
        guard (-308...308).contains(digits), let power = Double("1e\(digits)") else { return nil }
        let exponent = power.significand == 1 ? power.exponent : power.exponent + 1
        let scale = Double(sign: .plus, exponent: Int(exponent), significand: 1)
        return scale.isFinite ? scale : nil
    }

    /// Rounds floats, and casts them to what is stored.
    func encode(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        let rounded: [UInt8] =
            switch cast.decoded.kind {
            case .float16: rounded(source, HalfFloat.self)
            case .float32: rounded(source, Float.self)
            case .float64: rounded(source, Double.self)
            case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
                preconditionFailure("floats are quantized")
            }
        guard cast.decoded != cast.encoded else { return rounded }
        return rounded.span.withUnsafeBytes { cast.encode($0) }
    }

    private func rounded<Number: StoredNumber>(
        _ source: UnsafeRawBufferPointer,
        _ type: Number.Type
    ) -> [UInt8] where Number.Wide == Double {
        var bytes = [UInt8](source)
        let isBig = cast.decoded.byteOrder == .big
        // Every result is one of the type, as are those of NumPy: it may lose digits, or become infinite.
        let scale = Number(wide: scale).wide
        bytes.withUnsafeMutableBytes { bytes in
            let size = MemoryLayout<Number.Bits>.size
            for offset in stride(from: 0, through: bytes.count - size, by: size) {
                let stored = bytes.loadUnaligned(fromByteOffset: offset, as: Number.Bits.self)
                let value = Number(bits: isBig ? stored.bigEndian : stored.littleEndian).wide
                let scaled = Number(wide: scale * value).wide
                let bits = Number(wide: scaled.rounded(.toNearestOrEven) / scale).bits
                bytes.storeBytes(
                    of: isBig ? bits.bigEndian : bits.littleEndian,
                    toByteOffset: offset,
                    as: Number.Bits.self
                )
            }
        }
        return bytes
    }
}
