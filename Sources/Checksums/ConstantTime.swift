import COpenSSL

/// Comparison of secrets, in a time that does not depend on where they differ.
public enum ConstantTime {
    /// Whether two runs of bytes are equal.
    ///
    /// Only their lengths can be learnt from the time taken.
    public static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { equals(left, $0) } }
    }

    /// Whether two runs of bytes are equal.
    ///
    /// Only their lengths can be learnt from the time taken.
    public static func equals(
        _ left: UnsafeRawBufferPointer,
        _ right: UnsafeRawBufferPointer
    ) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else {
            return true
        }
        return CRYPTO_memcmp(leftStart, rightStart, left.count) == 0
    }
}
