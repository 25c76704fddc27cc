import COpenSSL

/// Bytes that nobody can predict.
public enum SecureRandom {
    /// Draws `count` bytes, at most ``countMax``, from libcrypto's generator.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...countMax).contains(count), "a draw is of 0 to \(countMax) bytes")
        var bytes = [UInt8](repeating: 0, count: count)
        guard count > 0 else { return bytes }
        let status = RAND_bytes(&bytes, CInt(count))
        precondition(status == 1, "the operating system gives random bytes")
        return bytes
    }

    /// The most bytes one draw gives.
    public static let countMax = 1 << 20
}
