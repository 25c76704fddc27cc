import Checksums
import Synchronization

/// Signing keys derived before, so that a verification need not derive one.
///
/// A key enters only after a signature made with it was verified, so only holders of a secret can
/// fill the cache. It is emptied when it is full.
///
/// State: guarded by `entries`.
final class SigningKeyCache: Sendable {
    /// The most keys that are kept.
    static let countMax = 1024

    private struct Entry {
        let secretKey: String
        let key: HMACSHA256.Key
    }

    /// `key/date/region/service/aws4_request`, hashed in one go.
    private struct Credential: Hashable {
        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private let entries = Mutex<[Credential: Entry]>([:])

    /// The key of a credential, if it is kept and was made of the same secret.
    func key(_ credential: [UInt8], secretKey: String) -> HMACSHA256.Key? {
        entries.withLock { entries in
            guard let entry = entries[Credential(bytes: credential)],
                entry.secretKey == secretKey
            else { return nil }
            return entry.key
        }
    }

    /// Keeps a key.
    func keep(_ key: HMACSHA256.Key, _ credential: [UInt8], secretKey: String) {
        entries.withLock { entries in
            if entries.count >= Self.countMax { entries.removeAll(keepingCapacity: true) }
            entries[Credential(bytes: credential)] = Entry(secretKey: secretKey, key: key)
        }
    }

    /// Derives a signing key.
    ///
    /// Source: AWS Signature Version 4, "Derive a signing key".
    static func derived(
        secretKey: String,
        date: ArraySlice<UInt8>,
        region: ArraySlice<UInt8>,
        service: ArraySlice<UInt8>
    ) -> HMACSHA256.Key {
        var key = Array("AWS4".utf8)
        key.append(contentsOf: secretKey.utf8)
        for part in [date, region, service] {
            key = HMACSHA256.authenticate(Array(part), key: key)
        }
        return HMACSHA256.Key(HMACSHA256.authenticate(Array("aws4_request".utf8), key: key))
    }
}
