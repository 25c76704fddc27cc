import ArrayModel

/// How a shard holds its inner chunks.
///
/// The index is an array of two 64-bit numbers per inner chunk, offset and length, in C order of the
/// inner chunks; both are all ones where the inner chunk is not stored.
///
/// Source: Zarr v3 codec specification "Sharding codec", version 1.0, section "Binary shard format".
final class ShardLayout: Sendable {
    /// The chain of one inner chunk.
    let inner: CodecChain
    /// The chain of the index.
    let index: CodecChain
    /// The inner chunks per axis.
    let counts: [Int]
    /// The extents of the shard.
    let shardShape: [Int]
    /// Where the index is.
    let indexLocation: ShardingDescription.IndexLocation
    /// The stored bytes of the index; the index has no codec of variable length.
    let indexBytes: Int
    /// The most bytes that a shard of this layout can have.
    let shardBytesMax: Int

    /// The inner chunks of a shard.
    var chunkCount: Int { counts.reduce(1, *) }

    /// Compiles a layout.
    ///
    /// - Throws: As ``CodecChain/init(_:chunkShape:dataType:)``.
    init(
        _ description: ShardingDescription,
        shardShape: [Int],
        dataType: DataType
    ) throws(ArrayCodecError) {
        let chunkShape = description.chunkShape
        guard
            chunkShape.count == shardShape.count,
            zip(shardShape, chunkShape).allSatisfy({ $1 >= 1 && $0 % $1 == 0 })
        else { throw .codecConfigurationInvalid("sharding_indexed") }
        counts = zip(shardShape, chunkShape).map { $0 / $1 }
        self.shardShape = shardShape
        inner = try CodecChain(description.codecs, chunkShape: chunkShape, dataType: dataType)
        index = try CodecChain(
            description.indexCodecs,
            chunkShape: counts + [2],
            dataType: .uint64
        )
        guard
            index.steps.allSatisfy({ $0.step.addedBytes != nil }),
            case .elements = index.serialization
        else { throw .codecConfigurationInvalid("sharding_indexed") }
        indexLocation = description.indexLocation
        indexBytes = index.storedBytesMax
        // The index is bounded like a chunk, so neither product nor sum can overflow.
        let count = counts.reduce(1, *)
        let elementBytes = count * max(inner.chunkBytes, inner.filteredBytes)
        shardBytesMax =
            CodecLimits.encodedBytesMax(elementBytes) + count * inner.overheadBytes + indexBytes
    }
}
