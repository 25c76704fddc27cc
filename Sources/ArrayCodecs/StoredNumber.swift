import ArrayModel

/// A number as it lies in memory, and its value in a type that holds all values of its kind.
///
/// Kinds are whole numbers with and without a sign, and floats: every cast is one to the wide type of
/// the kind, which loses nothing, and one from there, as NumPy casts in one step.
protocol StoredNumber {
    /// The bits, which have an order in memory.
    associatedtype Bits: FixedWidthInteger & UnsignedInteger
    /// `Int64`, `UInt64` or `Double`.
    associatedtype Wide: WideNumber

    init(bits: Bits)
    var bits: Bits { get }
    var wide: Wide { get }

    init(wide value: Int64)
    init(wide value: UInt64)
    init(wide value: Double)
}

/// A type that holds all numbers of a kind.
protocol WideNumber {
    /// The number as one that is stored.
    func narrowed<Number: StoredNumber>(to type: Number.Type) -> Number
}

extension Int64: WideNumber {
    func narrowed<Number: StoredNumber>(to type: Number.Type) -> Number { Number(wide: self) }
}

extension UInt64: WideNumber {
    func narrowed<Number: StoredNumber>(to type: Number.Type) -> Number { Number(wide: self) }
}

extension Double: WideNumber {
    func narrowed<Number: StoredNumber>(to type: Number.Type) -> Number { Number(wide: self) }
}

// MARK: - Whole numbers

/// A whole number: what is out of range wraps around.
///
/// C leaves open what a float beyond the range becomes. Here it is what NumPy makes of arrays on
/// x86-64: the least number of the type that the processor converts to, which is `Int32` for shorter
/// ones.
///
/// Source: NumPy 2.4, casts of arrays; Intel 64 manual, volume 1, section 4.8.3.7, "integer indefinite".
protocol StoredInteger: StoredNumber, FixedWidthInteger {
    init(bits: Bits)
    static func converted(_ value: Double) -> Self
}

extension StoredInteger {
    init(wide value: Int64) { self.init(truncatingIfNeeded: value) }
    init(wide value: UInt64) { self.init(truncatingIfNeeded: value) }
    init(wide value: Double) { self = Self.converted(value) }
    init(bits: Bits) { self.init(truncatingIfNeeded: bits) }
    var bits: Bits { Bits(truncatingIfNeeded: self) }

    /// The whole part of a value, or the least number where it is out of range or none.
    fileprivate static func processorConverted<Signed: FixedWidthInteger>(
        _ value: Double,
        _ type: Signed.Type
    ) -> Signed {
        Signed(exactly: value.rounded(.towardZero)) ?? .min
    }
}

extension StoredInteger where Self: SignedInteger {
    var wide: Int64 { Int64(self) }
}

extension StoredInteger where Self: UnsignedInteger {
    var wide: UInt64 { UInt64(self) }
}

extension Int8: StoredInteger {
    typealias Bits = UInt8
    static func converted(_ value: Double) -> Int8 {
        Int8(truncatingIfNeeded: processorConverted(value, Int32.self))
    }
}

extension Int16: StoredInteger {
    typealias Bits = UInt16
    static func converted(_ value: Double) -> Int16 {
        Int16(truncatingIfNeeded: processorConverted(value, Int32.self))
    }
}

extension Int32: StoredInteger {
    typealias Bits = UInt32
    static func converted(_ value: Double) -> Int32 { processorConverted(value, Int32.self) }
}

extension Int64: StoredInteger {
    typealias Bits = UInt64
    static func converted(_ value: Double) -> Int64 { processorConverted(value, Int64.self) }
}

extension UInt8: StoredInteger {
    typealias Bits = UInt8
    static func converted(_ value: Double) -> UInt8 {
        UInt8(truncatingIfNeeded: processorConverted(value, Int32.self))
    }
}

extension UInt16: StoredInteger {
    typealias Bits = UInt16
    static func converted(_ value: Double) -> UInt16 {
        UInt16(truncatingIfNeeded: processorConverted(value, Int32.self))
    }
}

extension UInt32: StoredInteger {
    typealias Bits = UInt32
    static func converted(_ value: Double) -> UInt32 {
        guard value >= 0x1p31 else {
            return UInt32(bitPattern: processorConverted(value, Int32.self))
        }
        return UInt32(bitPattern: processorConverted(value - 0x1p31, Int32.self)) ^ 1 << 31
    }
}

extension UInt64: StoredInteger {
    typealias Bits = UInt64
    static func converted(_ value: Double) -> UInt64 {
        guard value >= 0x1p63 else {
            return UInt64(bitPattern: processorConverted(value, Int64.self))
        }
        return UInt64(bitPattern: processorConverted(value - 0x1p63, Int64.self)) ^ 1 << 63
    }
}

// MARK: - Floats

extension Float: StoredNumber {
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var bits: UInt32 { bitPattern }
    var wide: Double { Double(self) }
    init(wide value: Int64) { self.init(value) }
    init(wide value: UInt64) { self.init(value) }
    init(wide value: Double) { self.init(value) }
}

extension Double: StoredNumber {
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var bits: UInt64 { bitPattern }
    var wide: Double { self }
    init(wide value: Int64) { self.init(value) }
    init(wide value: UInt64) { self.init(value) }
    init(wide value: Double) { self = value }
}

/// A half-precision float, by its bits.
struct HalfFloat: StoredNumber {
    let bits: UInt16
    init(bits: UInt16) { self.bits = bits }
    var wide: Double { HalfPrecision.value(bits) }
    // What a double cannot hold exactly is beyond the range of the type anyway.
    init(wide value: Int64) { bits = HalfPrecision.bits(Double(value)) }
    init(wide value: UInt64) { bits = HalfPrecision.bits(Double(value)) }
    init(wide value: Double) { bits = HalfPrecision.bits(value) }
}

/// A `UInt32` that was a half-precision float, which NumPy converts by way of 64 bits, of which it takes
/// the lower half: what is infinite or no number becomes 0.
///
/// Source: NumPy 2.4, casts of arrays of `float16` to `uint32` on x86-64.
struct WordOfHalf: StoredNumber {
    let bits: UInt32
    init(bits: UInt32) { self.bits = bits }
    var wide: UInt64 { UInt64(bits) }
    init(wide value: Int64) { bits = UInt32(truncatingIfNeeded: value) }
    init(wide value: UInt64) { bits = UInt32(truncatingIfNeeded: value) }
    init(wide value: Double) { bits = UInt32(truncatingIfNeeded: Int64.converted(value)) }
}

// MARK: - Truth values

/// NumPy's `bool`: a byte that is zero or not.
struct TruthValue: StoredNumber {
    let bits: UInt8
    init(bits: UInt8) { self.bits = bits }
    var wide: UInt64 { bits == 0 ? 0 : 1 }
    init(wide value: Int64) { bits = value == 0 ? 0 : 1 }
    init(wide value: UInt64) { bits = value == 0 ? 0 : 1 }
    init(wide value: Double) { bits = value == 0 ? 0 : 1 }
}
