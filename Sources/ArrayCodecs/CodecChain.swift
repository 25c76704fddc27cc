import ArrayModel

/// The codecs of an array, compiled: what is done to stored bytes, in the order of decoding.
///
/// Invariants:
/// - `steps` are in the order of decoding; the last one yields exactly `serializedBytes`.
/// - `axes` is a permutation: axis `i` of the stored elements is axis `axes[i]` of the chunk.
struct CodecChain: Sendable {
    /// How elements stand in the bytes that the last step yields.
    enum Serialization: Sendable {
        /// One after the other; `swapUnitBytes` is above 1 where bytes are reversed.
        case elements(swapUnitBytes: Int)
        /// In inner chunks with an index.
        case shards(ShardLayout)
    }

    /// One step with the bound on what it may yield.
    struct BoundedStep: Sendable {
        let step: ByteStep
        /// The most bytes that the step may yield.
        let limitBytes: Int
    }

    /// The extents of the decoded chunk.
    let chunkShape: [Int]
    /// The length of one element.
    let itemBytes: Int
    /// The bytes-to-bytes steps in the order of decoding.
    let steps: [BoundedStep]
    /// Where the axes of the stored elements belong.
    let axes: [Int]
    /// How the elements are serialized.
    let serialization: Serialization
    /// The most stored bytes that can decode to this chunk.
    let storedBytesMax: Int

    /// The bytes of the decoded chunk.
    let chunkBytes: Int
    /// The most bytes that the filters on numbers make of it.
    let filteredBytes: Int

    /// Compiles a chain.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)``,
    ///   ``ArrayCodecError/codecConfigurationInvalid(_:)``,
    ///   ``ArrayCodecError/chunkTooLarge(bytes:)`` or
    ///   ``ArrayCodecError/dataTypeUnsupported(_:)``.
    init(
        _ codecs: [CodecDescription],
        chunkShape: [Int],
        dataType: DataType
    ) throws(ArrayCodecError) {
        guard dataType.itemBytes > 0 else { throw .dataTypeUnsupported(dataType.name) }
        self.chunkShape = chunkShape
        itemBytes = dataType.itemBytes
        chunkBytes = try Self.checkedBytes(chunkShape, itemBytes: dataType.itemBytes)

        var axes = Array(chunkShape.indices)
        var shards: ShardLayout?
        var isSerialized = false
        var encoding: [ByteStep] = []
        var elements = FilteredElements(
            dataType,
            bytes: chunkBytes,
            byteOrder: Self.statedOrder(codecs)
        )
        for codec in codecs {
            switch codec {
            case .transpose(let order):
                guard !isSerialized else { throw .codecConfigurationInvalid(codec.name) }
                axes = try Self.composed(axes, order)
            case .bytes:
                guard !isSerialized else { throw .codecConfigurationInvalid(codec.name) }
                isSerialized = true
            case .sharding(let description):
                // What stands before it would have to be done to the inner chunks.
                guard !isSerialized, encoding.isEmpty else {
                    throw .codecConfigurationInvalid(codec.name)
                }
                isSerialized = true
                let stored = axes.map { chunkShape[$0] }
                shards = try ShardLayout(description, shardShape: stored, dataType: dataType)
            case .gzip, .zlib, .zstandard, .blosc, .crc32c:
                if let step = ByteStep(codec) { encoding.append(step) }
            case .unknown(let name, let configuration):
                encoding.append(try Self.step(name, configuration, &elements))
            }
        }
        guard isSerialized else { throw .codecConfigurationInvalid("bytes") }
        self.axes = axes
        filteredBytes = elements.bytes
        if let shards {
            serialization = .shards(shards)
            let bytes = shards.shardBytesMax
            (steps, storedBytesMax) = Self.bounded(encoding, serializedBytes: bytes)
        } else {
            serialization = .elements(swapUnitBytes: try elements.swapUnitBytes())
            (steps, storedBytesMax) = Self.bounded(encoding, serializedBytes: chunkBytes)
        }
    }

    /// The order of bytes that the codec `bytes` names.
    private static func statedOrder(_ codecs: [CodecDescription]) -> ByteOrder? {
        for case .bytes(let order) in codecs { return order }
        return nil
    }

    /// The step of a codec outside of the Zarr core; `elements` goes on to what it makes of them.
    private static func step(
        _ name: String,
        _ configuration: JSONValue,
        _ elements: inout FilteredElements
    ) throws(ArrayCodecError) -> ByteStep {
        let filter = try ItemFilter(name: name, configuration: configuration, elements: elements)
        guard let filter else { return try ByteStep(name: name, configuration: configuration) }
        try elements.apply(filter)
        return .filter(filter)
    }

    /// The most bytes that the codecs add to few bytes.
    var overheadBytes: Int {
        steps.reduce(CodecLimits.innerChunkOverheadBytes) { bytes, bounded in
            if case .bzip2 = bounded.step { return bytes + CodecLimits.bzip2OverheadBytes }
            return bytes
        }
    }

    /// Whether the decoded chunk has its axes where the stored elements have them.
    var isInOrder: Bool { axes.elementsEqual(axes.indices) }

    private static func checkedBytes(
        _ shape: [Int],
        itemBytes: Int
    ) throws(ArrayCodecError) -> Int {
        var bytes = itemBytes
        for extent in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .chunkTooLarge(bytes: .max) }
            bytes = product
        }
        guard bytes <= CodecLimits.chunkBytesMax else { throw .chunkTooLarge(bytes: bytes) }
        return bytes
    }

    /// The permutation `axes` followed by another.
    private static func composed(_ axes: [Int], _ order: [Int]) throws(ArrayCodecError) -> [Int] {
        guard order.sorted().elementsEqual(axes.indices) else {
            throw .codecConfigurationInvalid("transpose")
        }
        return order.map { axes[$0] }
    }

    /// Turns the order of encoding into that of decoding and bounds every step's yield.
    private static func bounded(
        _ encoding: [ByteStep],
        serializedBytes: Int
    ) -> ([BoundedStep], Int) {
        var steps: [BoundedStep] = []
        var limitBytes = min(serializedBytes, CodecLimits.encodedChunkBytesMax)
        for step in encoding {
            steps.append(BoundedStep(step: step, limitBytes: limitBytes))
            let encodedBytes = step.encodedBytesMax(limitBytes)
            limitBytes = min(encodedBytes, CodecLimits.encodedChunkBytesMax)
        }
        return (steps.reversed(), limitBytes)
    }
}
