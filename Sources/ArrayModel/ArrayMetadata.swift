/// What the metadata of an array says: its shape, its type and how its chunks are stored.
///
/// Invariants:
/// - `shape` and `chunkShape` have the same count, at most ``ArrayLimits/rankMax``; extents are ≥
///   0, chunk extents ≥ 1.
/// - The bytes of the whole array and of one chunk, at the type's item length, fit in `Int`.
/// - `fillValue.bytes.count == dataType.itemBytes`.
/// - `codecs` holds exactly one step to bytes, unless a step is unknown.
public struct ArrayMetadata: Hashable, Sendable {
    /// How an array is laid out in keys.
    public enum Dialect: String, Hashable, Sendable, CaseIterable {
        /// Zarr version 3: `zarr.json`.
        case zarr3
        /// Zarr version 2: `.zarray`.
        case zarr2
        /// The layout of the original Hub client: `info.txt`.
        case hub0
    }

    /// The layout.
    public let dialect: Dialect
    /// The extent per axis, in elements; empty for a scalar.
    public let shape: [Int]
    /// The type of the elements.
    public let dataType: DataType
    /// The shape of a stored chunk; of a shard if the array is sharded.
    public let chunkShape: [Int]
    /// How a chunk's coordinates become its key.
    public let chunkKeys: ChunkKeyEncoding
    /// The steps from a chunk to its stored bytes, in the order of encoding.
    public let codecs: [CodecDescription]
    /// What a chunk that is not stored is filled with.
    public let fillValue: FillValue
    /// A name per axis, if the metadata names any.
    public let dimensionNames: [String?]?
    /// What users wrote beside the array.
    ///
    /// An object; empty for Zarr v2, whose attributes are in a file of their own.
    public let attributes: JSONValue

    /// Makes metadata of parts that hold the invariants.
    public init(
        dialect: Dialect,
        shape: [Int],
        dataType: DataType,
        chunkShape: [Int],
        chunkKeys: ChunkKeyEncoding,
        codecs: [CodecDescription],
        fillValue: FillValue,
        dimensionNames: [String?]?,
        attributes: JSONValue
    ) {
        self.dialect = dialect
        self.shape = shape
        self.dataType = dataType
        self.chunkShape = chunkShape
        self.chunkKeys = chunkKeys
        self.codecs = codecs
        self.fillValue = fillValue
        self.dimensionNames = dimensionNames
        self.attributes = attributes
    }

    /// The number of axes.
    public var rank: Int { shape.count }

    /// The partition of the array into chunks.
    public var grid: ChunkGrid { ChunkGrid(shape: shape, chunkShape: chunkShape) }

    /// The elements of one full chunk.
    public var chunkElements: Int { chunkShape.reduce(1, *) }

    /// The bytes of one full chunk once decoded.
    public var chunkBytes: Int { chunkElements * dataType.itemBytes }

    /// The order of the elements in a stored chunk, as NumPy and Zarr v2 name it: column-major when
    /// the chain reverses the axes, row-major otherwise.
    public var order: MemoryOrder {
        for codec in codecs {
            if case .transpose(let axes) = codec, rank > 1,
                axes.elementsEqual((0..<rank).reversed())
            {
                return .columnMajor
            }
        }
        return .rowMajor
    }

    /// The byte order of the stored numbers, or `nil` where it has no meaning.
    public var byteOrder: ByteOrder? {
        for codec in codecs {
            switch codec {
            case .bytes(let order): return order
            case .sharding(let shards):
                for case .bytes(let order) in shards.codecs { return order }
            case .transpose, .gzip, .zlib, .zstandard, .blosc, .crc32c, .unknown: continue
            }
        }
        return nil
    }
}
