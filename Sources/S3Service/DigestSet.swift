import Checksums
import S3Protocol
import StorageModel

/// The digests of one run of bytes: the MD5 of its entity tag, and checksums.
struct DigestSet {
    private var md5 = MD5()
    private var checks: [Check]

    private struct Check {
        let algorithm: ChecksumAlgorithm
        var digest: StreamingChecksum
    }

    /// Prepares digests; an algorithm named twice is computed once.
    init(_ algorithms: Set<ChecksumAlgorithm>) {
        checks = algorithms.map { Check(algorithm: $0, digest: $0.makeStreaming()) }
    }

    /// Takes in more bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bytes)
        for index in checks.indices { checks[index].digest.update(bytes) }
    }

    /// The digests of the bytes so far.
    func summary() -> BodySummary {
        BodySummary(
            md5: md5.finalize(),
            checksums: checks.map {
                ObjectChecksum(
                    algorithm: $0.algorithm,
                    scope: .fullObject,
                    text: $0.digest.finalizeBase64()
                )
            }
        )
    }
}

/// What was computed of a run of bytes.
struct BodySummary {
    /// The MD5 of the bytes.
    let md5: [UInt8]
    /// The checksums that were asked for.
    let checksums: [ObjectChecksum]

    /// The entity tag of an object or part with these bytes, without quotes.
    var entityTag: String { Hexadecimal.encode(md5) }

    /// The checksum of one algorithm.
    func checksum(_ algorithm: ChecksumAlgorithm) -> ObjectChecksum? {
        checksums.first { $0.algorithm == algorithm }
    }
}
