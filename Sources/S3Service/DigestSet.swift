import Checksums
import ObjectStorage
import S3Protocol
import StorageModel

/// The digests of one run of bytes: the MD5 of its entity tag, unless that is left to the store, and
/// checksums.
struct DigestSet {
    private var md5: MD5?
    private var checks: [Check]

    private struct Check {
        let algorithm: ChecksumAlgorithm
        var digest: StreamingChecksum
    }

    /// Prepares digests; an algorithm named twice is computed once.
    init(_ algorithms: Set<ChecksumAlgorithm>, leavesMD5: Bool = false) {
        md5 = leavesMD5 ? nil : MD5()
        checks = algorithms.map { Check(algorithm: $0, digest: $0.makeStreaming()) }
    }

    /// Whether there are cyclic checks alone, which take a tenth of the time of the others or less.
    var areCyclic: Bool {
        md5 == nil && checks.allSatisfy { $0.algorithm.isCyclic }
    }

    /// Takes in more bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5?.update(bytes)
        for index in checks.indices { checks[index].digest.update(bytes) }
    }

    /// The digests of the bytes so far.
    func summary() -> BodySummary {
        BodySummary(
            md5: md5?.finalize(),
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
    /// The MD5 of the bytes; nil if it is left to the store.
    let md5: [UInt8]?
    /// The checksums that were asked for.
    let checksums: [ObjectChecksum]

    /// What the entity tag of an object or part with these bytes is to be.
    ///
    /// - Parameter claimed: The MD5 that the client says the bytes have.
    /// - Returns: The tag, or that it is left to the store.
    func tagging(claimed: [UInt8]?) -> EntityTagging {
        if let md5 { .given(Hexadecimal.encode(md5)) } else { .md5(claimed: claimed) }
    }

    /// The checksum of one algorithm.
    func checksum(_ algorithm: ChecksumAlgorithm) -> ObjectChecksum? {
        checksums.first { $0.algorithm == algorithm }
    }
}
