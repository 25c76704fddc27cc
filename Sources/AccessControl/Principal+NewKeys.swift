import Checksums
import StorageModel

extension Principal {
    /// A principal with new random keys: an access key of `NAVE` and 16 capitals and digits (80
    /// bits), a secret of 40 characters (240 bits) that need no quoting in a shell or a URL.
    public static func withNewKeys(named name: PrincipalName) -> Principal {
        Principal(
            name: name,
            accessKey: "NAVE" + text(16, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            secretKey: text(
                40,
                of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            )
        )
    }

    /// Random characters of an alphabet whose length divides 256, so that all are equally likely.
    private static func text(_ count: Int, of alphabet: String) -> String {
        let alphabet = Array(alphabet.utf8)
        precondition(256 % alphabet.count == 0, "every character is equally likely")
        let bytes = SecureRandom.bytes(count).map { alphabet[Int($0) % alphabet.count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
