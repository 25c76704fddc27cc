import ArrayModel

/// Floats that are stored as the nearest integers of `(value - offset) * scale`.
///
/// Source: numcodecs 0.16, `fixedscaleoffset.py`; NumPy computes with numbers of the array's type, and
/// decodes in double precision.
struct ScaleOffset: Hashable, Sendable {
    /// Between the array's floats and the integers that are stored.
    let cast: NumberCast
    private static let promise = "floats are stored as integers of up to 32 bits"
    private let isDouble: Bool
    private let scale: Double
    private let offset: Double

    /// Reads the parameters.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` or
    ///   ``ArrayCodecError/codecMissing(_:)``.
    init(
        _ name: String,
        _ configuration: JSONValue,
        _ dataType: DataType
    ) throws(ArrayCodecError) {
        guard case .number(let scale) = configuration["scale"],
            case .number(let offset) = configuration["offset"], scale.double != 0
        else { throw .codecConfigurationInvalid(name) }
        self.scale = scale.double
        self.offset = offset.double
        switch dataType {
        case .float32: isDouble = false
        case .float64: isDouble = true
        default: throw .codecMissing(name)
        }
        guard let decoded = NumberLayout(configuration["dtype"]), decoded.dataType == dataType,
            decoded.byteOrder == .little, let encoded = NumberLayout(configuration["astype"]),
            encoded.byteOrder != .big
        else { throw .codecMissing(name) }
        switch encoded.kind {
        case .int8, .int16, .int32, .uint8, .uint16, .uint32: break
        case .bool, .int64, .uint64, .float16, .float32, .float64: throw .codecMissing(name)
        }
        guard let cast = NumberCast(decoded: decoded, encoded: encoded) else {
            throw .codecMissing(name)
        }
        self.cast = cast
    }

    func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        switch cast.encoded.kind {
        case .int8: decode(source, into: target, Int8.self)
        case .int16: decode(source, into: target, Int16.self)
        case .int32: decode(source, into: target, Int32.self)
        case .uint8: decode(source, into: target, UInt8.self)
        case .uint16: decode(source, into: target, UInt16.self)
        case .uint32: decode(source, into: target, UInt32.self)
        case .bool, .int64, .uint64, .float16, .float32, .float64: preconditionFailure(Self.promise)
        }
    }

    func encode(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        switch cast.encoded.kind {
        case .int8: encode(source, Int8.self)
        case .int16: encode(source, Int16.self)
        case .int32: encode(source, Int32.self)
        case .uint8: encode(source, UInt8.self)
        case .uint16: encode(source, UInt16.self)
        case .uint32: encode(source, UInt32.self)
        case .bool, .int64, .uint64, .float16, .float32, .float64: preconditionFailure(Self.promise)
        }
    }

    private func decode<Item: FixedWidthInteger>(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        _ type: Item.Type
    ) {
        let size = MemoryLayout<Item>.size
        for index in 0..<(source.count / size) {
            let item = Item(
                littleEndian: source.loadUnaligned(fromByteOffset: index * size, as: type)
            )
            let value = Double(item) / scale + offset
            if isDouble {
                target.storeBytes(
                    of: value.bitPattern.littleEndian,
                    toByteOffset: index * 8,
                    as: UInt64.self
                )
            } else {
                target.storeBytes(
                    of: Float(value).bitPattern.littleEndian,
                    toByteOffset: index * 4,
                    as: UInt32.self
                )
            }
        }
    }

    private func encode<Item: FixedWidthInteger>(
        _ source: UnsafeRawBufferPointer,
        _ type: Item.Type
    ) -> [UInt8] {
        let size = MemoryLayout<Item>.size
        let count = source.count / (isDouble ? 8 : 4)
        var bytes = [UInt8](repeating: 0, count: count * size)
        bytes.withUnsafeMutableBytes { bytes in
            for index in 0..<count {
                // Values that no item can be are no trap: the nearest, or 0 for what is no number.
                let value = scaled(source, index)
                let item: Item =
                    value.isNaN
                    ? 0
                    : Item(exactly: value)
                        ?? (value < 0 ? .min : .max)
                bytes.storeBytes(of: item.littleEndian, toByteOffset: index * size, as: type)
            }
        }
        return bytes
    }

    /// An element as the whole number nearest to what is to be stored, ties to even.
    private func scaled(_ source: UnsafeRawBufferPointer, _ index: Int) -> Double {
        if isDouble {
            let bits = source.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
            let value = Double(bitPattern: UInt64(littleEndian: bits))
            return ((value - offset) * scale).rounded(.toNearestOrEven)
        }
        let bits = source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        let value = Float(bitPattern: UInt32(littleEndian: bits))
        return Double(((value - Float(offset)) * Float(scale)).rounded(.toNearestOrEven))
    }
}
