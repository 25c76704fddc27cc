/// A JSON number, kept as it is spelled, so that no digit is lost.
public struct JSONNumber: Hashable, Sendable {
    /// The spelling: RFC 8259's `number`, or `NaN`, `Infinity`, `-Infinity`.
    public let text: String

    /// Trusts a spelling that was checked.
    init(trusted text: String) {
        self.text = text
    }

    /// Spells a whole number.
    public init(_ value: some BinaryInteger) {
        self.text = String(value)
    }

    /// Spells a floating-point number so that it reads back as the same value.
    public init(_ value: Double) {
        self.text =
            if value.isNaN { "NaN" } else if value.isInfinite {
                value < 0 ? "-Infinity" : "Infinity"
            } else { value.description }
    }

    /// Spells a single-precision number so that it reads back as the same value.
    public init(_ value: Float) {
        self.text = value.isFinite ? value.description : JSONNumber(Double(value)).text
    }

    /// The value, if it is spelled as a whole number and fits.
    public var integer: Int? { Int(text) }

    /// The value, if it is spelled as a whole number and fits without a sign.
    public var unsignedInteger: UInt64? { UInt64(text) }

    /// The nearest double; infinite beyond the range.
    public var double: Double {
        switch text {
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        case "NaN": .nan
        default: Double(text) ?? .nan
        }
    }

    /// Whether RFC 8259 has a spelling for it.
    public var isFinite: Bool {
        guard let last = text.utf8.last else { return false }
        return (0x30...0x39).contains(last)
    }
}
