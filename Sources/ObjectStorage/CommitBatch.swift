/// Proposals that are decided together, and made durable by one flush.
///
/// Filled while the batch before it is flushed, and topped up when its turn comes.
struct CommitBatch {
    /// The proposals, in the order in which they are decided.
    private(set) var items: [CommitQueue.Waiting] = []
    /// The MD5 of the payloads of the first proposals; nil for those that leave no entity tag to the
    /// store.
    private(set) var digests: [[UInt8]?] = []

    private var lightCount = 0
    private var lightBytes = 0
    private var heavyBytes = 0
    private var heavyKeys = 0

    private var heavyCount: Int { items.count - lightCount }

    /// Whether there is room for one more light proposal.
    func takesLight(_ item: CommitQueue.Waiting, _ limits: StoreLimits) -> Bool {
        guard items.count < limits.batchChangesMax else { return false }
        return lightCount == 0 || lightBytes + item.payloadBytes <= limits.batchBytesMax
    }

    /// Whether there is room for one more heavy proposal; for one there always is.
    func takesHeavy(_ item: CommitQueue.Waiting, _ limits: StoreLimits) -> Bool {
        heavyCount == 0
            || heavyBytes + item.payloadBytes <= limits.batchHeavyBytesMax
                && heavyKeys + item.keyCount <= limits.batchHeavyKeysMax
    }

    mutating func addLight(_ item: CommitQueue.Waiting) {
        lightCount += 1
        lightBytes += item.payloadBytes
        items.append(item)
    }

    mutating func addHeavy(_ item: CommitQueue.Waiting) {
        heavyBytes += item.payloadBytes
        heavyKeys += item.keyCount
        items.append(item)
    }

    /// Computes the digests that are wanting, side by side.
    mutating func digest() {
        digests += EntityTags.digests(Array(items[digests.count...]))
    }
}
