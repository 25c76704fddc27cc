/// A hash of a multiset: the sum, modulo 2^128, of a 128-bit hash of every element.
///
/// The sum does not depend on order, and an element leaves it again by subtraction, so a set of a
/// million chunks is kept up to date by one addition per write.
public struct ContentHash: Hashable, Sendable {
    /// The hash of the empty set.
    public static let empty = ContentHash(high: 0, low: 0)

    /// The upper 64 bits.
    public private(set) var high: UInt64
    /// The lower 64 bits.
    public private(set) var low: UInt64

    /// Makes a hash of its halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads a hash from 32 hexadecimal digits, in lower case.
    ///
    /// - Returns: Nil if the text is something else.
    public init?(hexadecimal text: String) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
        guard hexadecimal.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// Adds an element by its own hash.
    public mutating func add(_ element: Self) {
        let (sum, overflow) = low.addingReportingOverflow(element.low)
        low = sum
        high = high &+ element.high &+ (overflow ? 1 : 0)
    }

    /// Takes an element out again by its own hash.
    public mutating func remove(_ element: Self) {
        let (difference, overflow) = low.subtractingReportingOverflow(element.low)
        low = difference
        high = high &- element.high &- (overflow ? 1 : 0)
    }

    /// The hash as 32 hexadecimal digits.
    public var hexadecimal: String {
        Self.digits(high) + Self.digits(low)
    }

    private static func digits(_ half: UInt64) -> String {
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
