import Checksums
import Volumes

/// Computes the entity tags that the writes of a batch leave to the store.
///
/// The MD5 of one payload is a chain of dependent steps; that of sixteen takes little longer, see
/// ``MD5/digests(of:)``. A batch is where payloads of many clients meet.
enum EntityTags {
    /// The digests of fewer payloads cost as much as those of so many: one set of lanes.
    static let togetherMin = 8

    /// The MD5 of the payload of each proposal of a batch that leaves its entity tag to the store; nil
    /// for the others.
    static func digests(_ batch: [CommitQueue.Waiting]) -> [[UInt8]?] {
        let places = batch.indices.filter { batch[$0].proposal.leavesEntityTag }
        let digests = MD5.digests(of: places.map { batch[$0].proposal.payload.bytes })
        var result = [[UInt8]?](repeating: nil, count: batch.count)
        for (place, digest) in zip(places, digests) { result[place] = digest }
        return result
    }
}

extension Proposal {
    /// Whether its entity tag is still to be computed.
    fileprivate var leavesEntityTag: Bool {
        switch self {
        case .put(let put): put.tagging.isLeft
        case .putPart(let part): part.tagging.isLeft
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .delete, .createUpload, .completeUpload, .abortUpload, .relocate, .write, .version,
            .forgetDeletions, .sweep:
            false
        }
    }

    /// The same with the entity tag that follows from the MD5 of its payload, if it was left to the
    /// store.
    ///
    /// - Throws: ``StoreError/digestMismatch``.
    func tagged(_ digest: [UInt8]) throws(StoreError) -> Proposal {
        switch self {
        case .put(var put):
            put.entry.entityTag = try put.tagging.text(of: digest)
            return .put(put)
        case .putPart(var part):
            part.part.entityTag = try part.tagging.text(of: digest)
            return .putPart(part)
        case .createNamespace, .deleteNamespace, .setAccess, .addPrincipal, .removePrincipal,
            .delete, .createUpload, .completeUpload, .abortUpload, .relocate, .write, .version,
            .forgetDeletions, .sweep:
            return self
        }
    }
}

extension EntityTagging {
    /// Makes sure that what is to be computed can be: of bytes that travel in the record.
    ///
    /// - Throws: ``StoreError/payloadTooLarge``.
    func check(_ source: PayloadSource) throws(StoreError) {
        guard isLeft else { return }
        guard source.runs.allSatisfy({ $0 == .recorded }) else { throw .payloadTooLarge }
    }

    fileprivate var isLeft: Bool {
        switch self {
        case .given: false
        case .md5: true
        }
    }

    fileprivate func text(of digest: [UInt8]) throws(StoreError) -> String {
        switch self {
        case .given(let text): return text
        case .md5(let claimed):
            guard claimed == nil || claimed == digest else { throw .digestMismatch }
            return Hexadecimal.encode(digest)
        }
    }
}
