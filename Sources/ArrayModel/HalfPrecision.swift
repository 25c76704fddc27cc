/// The values of IEEE 754 half-precision numbers, which Swift has no type for on every machine.
public enum HalfPrecision {
    /// The value that 16 bits stand for.
    ///
    /// Source: IEEE 754-2019, section 3.4, binary16.
    public static func value(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            return sign * Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
        }
    }
}
