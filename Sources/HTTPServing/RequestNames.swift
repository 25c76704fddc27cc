import Synchronization

/// Gives every request a name, sent as `x-amz-request-id` or `X-Request-Id` and written to the log.
///
/// A name is 13 characters, so that it needs no memory of its own. Names of one process are all
/// different; names of different processes differ by their random start.
public final class RequestNames: Sendable {
    /// The name of this server process, sent as `x-amz-id-2`.
    public let host: String

    private let count: Atomic<UInt64>

    /// Makes a source of names that begins at a number.
    public init(seed: UInt64 = .random(in: 0 ... .max)) {
        count = Atomic(seed)
        host = "nave-" + Self.text(seed &* 0x9E37_79B9_7F4A_7C15)
    }

    /// The next name.
    public func next() -> String {
        // An odd multiplier maps different counts to different names.
        let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
        return Self.text(number &* 0xD134_2543_DE82_EF95)
    }

    /// A number as 13 digits of base 32.
    private static func text(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 13) { buffer in
            for index in 0..<13 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(5 * (12 - index))) & 31
                buffer[index] =
                    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + (digit - 10)
            }
            return 13
        }
    }
}
