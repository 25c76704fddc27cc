/// The values of IEEE 754 half-precision numbers, which Swift has no type for on every machine.
public enum HalfPrecision {
    /// The value that 16 bits stand for; a NaN carries what they carry.
    ///
    /// Source: IEEE 754-2019, section 3.4, binary16.
    public static func value(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31:
            guard bits & 0x3FF != 0 else { return sign * .infinity }
            return Double(
                bitPattern: UInt64(bits & 0x8000) << 48 | 0x7FF0 << 48 | UInt64(bits & 0x3FF) << 42
            )
        default:
            return sign * Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
        }
    }

    /// The 16 bits nearest to a value, ties to even; infinite beyond the range.
    ///
    /// A NaN keeps its sign and the upper bits of what it carries.
    ///
    /// Source: IEEE 754-2019, sections 3.4 and 4.3.1; NumPy 2.4, `npy_doublebits_to_halfbits`.
    public static func bits(_ value: Double) -> UInt16 {
        let pattern = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: pattern >> 48) & 0x8000
        if value.isNaN {
            let payload = UInt16(truncatingIfNeeded: pattern >> 42) & 0x3FF
            return sign | 0x7C00 | max(payload, 1)
        }
        let magnitude = value.magnitude
        // From here on the nearest number would have the exponent after the last one.
        guard magnitude < 65_520 else { return sign | 0x7C00 }
        // Numbers below 2^-14 are multiples of 2^-24; above, of 2^-10 of their own power of two.
        let exponent = max(magnitude == 0 ? -14 : Int(magnitude.exponent), -14)
        let unit = Double(bitPattern: UInt64(exponent - 10 + 1023) << 52)
        let units = UInt16((magnitude / unit).rounded(.toNearestOrEven))
        // 1024 units are the next exponent's first number, and the sum says just that.
        return sign | (UInt16(exponent + 14) << 10 &+ units)
    }
}
