import ArrayModel

/// Numbers that are stored as numbers of another type or order, cast as NumPy casts them.
///
/// Source: numcodecs 0.16, `astype.py`; NumPy 2.4, `ndarray.astype`.
struct NumberCast: Hashable, Sendable {
    /// The elements of the array.
    let decoded: NumberLayout
    /// What is stored.
    let encoded: NumberLayout

    /// A cast, or nil between complex numbers and others, of which NumPy warns.
    init?(decoded: NumberLayout, encoded: NumberLayout) {
        guard decoded.partCount == encoded.partCount else { return nil }
        self.decoded = decoded
        self.encoded = encoded
    }

    /// Reads the parameters.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    init(
        _ name: String,
        _ configuration: JSONValue,
        elements: NumberLayout?
    ) throws(ArrayCodecError) {
        guard let encoded = NumberLayout(configuration["encode_dtype"]),
            let decoded = configuration["decode_dtype"].map({ NumberLayout($0) }) ?? elements,
            let cast = Self(decoded: decoded, encoded: encoded)
        else { throw .codecConfigurationInvalid(name) }
        self = cast
    }

    /// The stored numbers as elements, for all of which `target` has room.
    func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        Self.cast(source, encoded, into: target, decoded)
    }

    /// The elements as numbers that are stored.
    func encode(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        let bytes = source.count / decoded.itemBytes * encoded.itemBytes
        return [UInt8](unsafeUninitializedCapacity: bytes) { room, count in
            let target = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: bytes)
            Self.cast(source, decoded, into: target, encoded)
            count = bytes
        }
    }

    // MARK: - From one type to another

    /// Casts all whole numbers of `source`.
    private static func cast(
        _ source: UnsafeRawBufferPointer,
        _ from: NumberLayout,
        into target: UnsafeMutableRawBufferPointer,
        _ to: NumberLayout
    ) {
        switch from.kind {
        case .bool: cast(source, TruthValue.self, from, target, to)
        case .int8: cast(source, Int8.self, from, target, to)
        case .int16: cast(source, Int16.self, from, target, to)
        case .int32: cast(source, Int32.self, from, target, to)
        case .int64: cast(source, Int64.self, from, target, to)
        case .uint8: cast(source, UInt8.self, from, target, to)
        case .uint16: cast(source, UInt16.self, from, target, to)
        case .uint32: cast(source, UInt32.self, from, target, to)
        case .uint64: cast(source, UInt64.self, from, target, to)
        case .float16: cast(source, HalfFloat.self, from, target, to)
        case .float32: cast(source, Float.self, from, target, to)
        case .float64: cast(source, Double.self, from, target, to)
        }
    }

    private static func cast<From: StoredNumber>(
        _ source: UnsafeRawBufferPointer,
        _ type: From.Type,
        _ from: NumberLayout,
        _ target: UnsafeMutableRawBufferPointer,
        _ to: NumberLayout
    ) {
        let orders = (from.byteOrder, to.byteOrder)
        switch to.kind {
        case .bool: cast(source, type, target, TruthValue.self, orders)
        case .int8: cast(source, type, target, Int8.self, orders)
        case .int16: cast(source, type, target, Int16.self, orders)
        case .int32: cast(source, type, target, Int32.self, orders)
        case .int64: cast(source, type, target, Int64.self, orders)
        case .uint8: cast(source, type, target, UInt8.self, orders)
        case .uint16: cast(source, type, target, UInt16.self, orders)
        case .uint32 where from.kind == .float16:
            cast(source, type, target, WordOfHalf.self, orders)
        case .uint32: cast(source, type, target, UInt32.self, orders)
        case .uint64: cast(source, type, target, UInt64.self, orders)
        case .float16: cast(source, type, target, HalfFloat.self, orders)
        case .float32: cast(source, type, target, Float.self, orders)
        case .float64: cast(source, type, target, Double.self, orders)
        }
    }

    private static func cast<From: StoredNumber, To: StoredNumber>(
        _ source: UnsafeRawBufferPointer,
        _ from: From.Type,
        _ target: UnsafeMutableRawBufferPointer,
        _ to: To.Type,
        _ orders: (ByteOrder?, ByteOrder?)
    ) {
        let (fromBytes, toBytes) = (MemoryLayout<From.Bits>.size, MemoryLayout<To.Bits>.size)
        let count = source.count / fromBytes
        precondition(count * toBytes <= target.count, "the target has room for all numbers")
        let isSourceBig = orders.0 == .big
        let isTargetBig = orders.1 == .big
        for index in 0..<count {
            let stored = source.loadUnaligned(fromByteOffset: index * fromBytes, as: From.Bits.self)
            let number = From(bits: isSourceBig ? stored.bigEndian : stored.littleEndian)
            let bits = number.wide.narrowed(to: to).bits
            target.storeBytes(
                of: isTargetBig ? bits.bigEndian : bits.littleEndian,
                toByteOffset: index * toBytes,
                as: To.Bits.self
            )
        }
    }
}
