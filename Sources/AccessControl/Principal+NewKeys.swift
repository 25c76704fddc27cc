import Checksums
import StorageModel

extension Principal {
    /// A principal with new random keys: an access key of `NAVE` and 16 capitals and digits (80
    /// bits), a secret of 40 characters (239 bits) that need no quoting in a shell or a URL.
    ///
    /// Neither begins with a hyphen, which a program that is given one as an argument takes for an option.
    public static func withNewKeys(named name: PrincipalName) -> Principal {
        Principal(
            name: name,
            accessKey: "NAVE" + text(16, of: capitalsAndDigits),
            secretKey: text(1, of: capitalsAndDigits)
                + text(
                    39,
                    of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                )
        )
    }

    private static let capitalsAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    /// Random characters of an alphabet whose length divides 256, so that all are equally likely.
    private static func text(_ count: Int, of alphabet: String) -> String {
        let alphabet = Array(alphabet.utf8)
        precondition(256 % alphabet.count == 0, "every character is equally likely")
        let bytes = SecureRandom.bytes(count).map { alphabet[Int($0) % alphabet.count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
