import ArrayModel
import CKernels

/// The order of the elements of a type, told by whole numbers: their ordered keys.
struct ElementOrder: Sendable {
    let dataType: DataType
    let kind: nave_item_kind

    /// The bits of a key that elements differ in.
    var keyBits: Int { dataType.itemBytes * 8 }

    private var isFloat: Bool { kind.rawValue >= NAVE_ITEM_FLOAT16.rawValue }

    /// The key of an element, given as its bytes.
    func key(of item: [UInt8]) -> UInt64 {
        var key: UInt64 = 0
        // An allocation of its own is aligned for every item.
        item.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { nave_order_keys(kind, start, 1, &key) }
        }
        return key
    }

    /// Whether a key is that of NaN, which comes behind everything else.
    func isNaN(_ key: UInt64) -> Bool { isFloat && key == .max }

    /// The value of an element by its key.
    func value(_ key: UInt64) -> Double {
        switch dataType {
        case .int8: return Double(Int(key) - 0x80)
        case .int16: return Double(Int(key) - 0x8000)
        case .int32: return Double(Int(key) - 0x8000_0000)
        case .int64: return Double(Int64(bitPattern: key ^ (1 << 63)))
        case .float16: return HalfPrecision.value(UInt16(truncatingIfNeeded: floatBits(key)))
        case .bfloat16:
            return Double(Float(bitPattern: UInt32(truncatingIfNeeded: floatBits(key)) << 16))
        case .float32: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: floatBits(key))))
        case .float64: return Double(bitPattern: floatBits(key))
        default: return Double(key)
        }
    }

    private func floatBits(_ key: UInt64) -> UInt64 {
        let sign = UInt64(1) << UInt64(keyBits - 1)
        return key & sign != 0 ? key ^ sign : ~key & (sign | (sign - 1))
    }

    /// The value between two elements.
    ///
    /// The distance between whole numbers is exact, which that of their values in double precision is
    /// not beyond 2^53. Where one of the two is infinite, so is everything between them.
    ///
    /// - Parameters:
    ///   - low: The key of the lesser element.
    ///   - high: The key of the greater one.
    ///   - share: How far it is on the way from one to the other, 0 to 1.
    /// - Returns: The value, NaN between two different infinities.
    ///
    /// Source: NumPy's `_lerp`, which never passes the nearer end.
    func value(from low: UInt64, to high: UInt64, share: Double) -> Double {
        let (first, last) = (value(low), value(high))
        if low == high || share == 0 { return first }
        if isFloat {
            if first.isInfinite, last.isInfinite { return first == last ? first : .nan }
            if first.isInfinite { return first }
            if last.isInfinite { return last }
        }
        let distance = isFloat ? last - first : Double(high - low)
        guard distance.isFinite else { return first * (1 - share) + last * share }
        return share < 0.5 ? first + distance * share : last - distance * (1 - share)
    }
}
