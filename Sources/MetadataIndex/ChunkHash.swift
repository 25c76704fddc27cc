import Checksums
import StorageModel

extension ContentHash {
    /// The hash of one chunk: the first 16 bytes of SHA-256 over its key in the array, a NUL, its
    /// entity tag, a NUL and its length in eight bytes, lowest first.
    init(key: some Sequence<UInt8>, entityTag: String, sizeBytes: Int64) {
        var input: [UInt8] = []
        input.reserveCapacity(128)
        input.append(contentsOf: key)
        input.append(0)
        input.append(contentsOf: entityTag.utf8)
        input.append(0)
        withUnsafeBytes(of: sizeBytes.littleEndian) { input.append(contentsOf: $0) }
        let digest = SHA256.digest(of: input)
        self.init(
            high: digest[..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        )
    }
}
