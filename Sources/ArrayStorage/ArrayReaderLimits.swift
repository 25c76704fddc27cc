/// The bounds on what reading arrays keeps in memory and does at once.
public struct ArrayReaderLimits: Sendable {
    /// The decoded chunks that are kept for later requests, in bytes; 0 keeps none.
    public var cacheBytesMax = 64 << 20
    /// The slab that a request gets when its chunks allow it, in bytes.
    public var slabBytesPreferred = 8 << 20
    /// The largest slab, for arrays whose chunks are so thick, and lists that so often come back to chunks,
    /// that a smaller one would decode every chunk several times, in bytes.
    public var slabBytesMax = 64 << 20
    /// The smallest slab, which a request gets when others hold the memory, in bytes.
    public var slabBytesMin = 1 << 20
    /// All slabs together, beyond which every request gets the smallest, in bytes; at half as much
    /// again, it gets a sixteenth of that.
    public var slabsBytesMax = 256 << 20
    /// What the Zarr view has made and clients have not taken yet: decoded chunks and documents, in bytes.
    ///
    /// Who comes when it is as much waits. One chunk is sent whatever its length.
    public var viewBytesMax = 256 << 20
    /// The longest element; a slab has at least one, so it is not longer than the smallest slab.
    public var itemBytesMax = 1 << 20
    /// The largest chunk that is decoded, in bytes.
    public var chunkBytesMax = 256 << 20
    /// The most bytes that such a chunk may have in an encoded form, stored or between two codecs.
    public var encodedChunkBytesMax = 512 << 20
    /// The chunk from which on chunks are decoded and used one at a time, in bytes.
    public var largeChunkBytes = 32 << 20
    /// The pieces of work of one request that are under way at once.
    public var parallelism = 2
    /// The chunks in one piece of work.
    public var batchChunksMax = 64
    /// The decoded bytes in one piece of work, beyond its first chunk.
    public var batchBytesMax = 4 << 20
    /// The chunks of a selection up to which they are looked up one by one; beyond, the stored chunks
    /// are listed if they are fewer.
    public var lookUpsMax = 4096
    /// From how many bytes a piece on, on the average, pieces of a chunk that is stored as it is decoded are
    /// read by themselves, if they are a quarter of it at most; of shorter ones the chunk is read whole and
    /// kept.
    ///
    /// 64 KiB are what a checksum is of, so of a shorter piece mostly other bytes would be read.
    public var pieceBytesMin = 64 << 10

    /// The touched chunks up to which a region's tag is made of theirs; beyond, of the array's totals.
    public var taggedChunksMax = 1024

    /// The chunks whose statistics are kept; about 200 bytes of memory each.
    public var summariesMax = 131_072

    /// The cells of one request that are reduced, put in order or counted at a time, in bytes.
    public var cellBlockBytesMax = 128 << 20
    /// Such cells of all requests together, in bytes; who comes when it is as much waits.
    public var cellsBytesMax = 256 << 20
    /// The most elements of a cell that are put in order; those of larger ones are counted.
    public var sortedCellElementsMax = 1 << 20

    /// The tiles of smaller planes that are kept, in bytes.
    public var tilesBytesMax = 32 << 20

    /// Makes the default limits.
    public init() {}
}
