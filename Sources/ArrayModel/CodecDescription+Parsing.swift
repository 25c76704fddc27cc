/// Reads chains of codecs out of Zarr v3 metadata.
///
/// Source: Zarr core specification v3, section "Codecs"; codec specifications `bytes`, `transpose`,
/// `gzip`, `zstd`, `blosc`, `crc32c`, `sharding_indexed`; the `numcodecs.*` names that zarr-python
/// writes for codecs of numcodecs.
enum CodecChain {
    /// Reads the chain of an array, or of the chunks inside a shard.
    ///
    /// - Parameters:
    ///   - value: The `codecs` member.
    ///   - dataType: The type of the elements.
    ///   - chunkShape: The shape that the first codec is given.
    ///   - depth: How many shards contain this chain.
    /// - Returns: The chain, in the order of encoding.
    /// - Throws: ``MetadataError``, among others ``MetadataError/codecChainInvalid``.
    static func parse(
        _ value: JSONValue,
        dataType: DataType,
        chunkShape: [Int],
        depth: Int = 0
    ) throws(MetadataError) -> [CodecDescription] {
        guard let elements = value.elements, elements.count <= ArrayLimits.codecCountMax else {
            throw .memberInvalid("codecs")
        }
        var chain: [CodecDescription] = []
        // A permutation before a shard permutes the shape that the shard is given.
        var shape = chunkShape
        // A codec that is not of the core may make elements of another type.
        var type: DataType? = dataType
        for element in elements {
            let codec = try codec(
                element,
                dataType: dataType,
                orderedType: type,
                shape: shape,
                depth: depth
            )
            if case .unknown = codec { type = nil }
            if case .transpose(let order) = codec { shape = order.map { shape[$0] } }
            chain.append(codec)
        }
        try checkOrder(chain)
        return chain
    }

    private static func codec(
        _ value: JSONValue,
        dataType: DataType,
        orderedType: DataType?,
        shape: [Int],
        depth: Int
    ) throws(MetadataError) -> CodecDescription {
        guard let name = value.string ?? value["name"]?.string else {
            throw .memberInvalid("codecs")
        }
        let configuration = value["configuration"] ?? .object([])
        switch name {
        case "bytes", "endian":
            return .bytes(try byteOrder(configuration, orderedType))
        case "transpose":
            return .transpose(order: try permutation(configuration, rank: shape.count))
        case "crc32c": return .crc32c
        case "sharding_indexed":
            return .sharding(
                try sharding(configuration, dataType: dataType, shape: shape, depth: depth)
            )
        default:
            let prefix = "numcodecs."
            let short = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
            return .compressor(
                short,
                configuration: configuration,
                itemBytes: dataType.itemBytes
            ) ?? .unknown(name: name, configuration: configuration)
        }
    }

    private static func byteOrder(
        _ configuration: JSONValue,
        _ dataType: DataType?
    ) throws(MetadataError) -> ByteOrder? {
        switch configuration["endian"]?.string {
        case "little": return .little
        case "big": return .big
        case nil:
            // Without an order only items whose bytes have none can be read.
            guard dataType.map({ $0.swapUnitBytes == 1 }) ?? true else {
                throw .memberInvalid("endian")
            }
            return nil
        default: throw .memberInvalid("endian")
        }
    }

    private static func permutation(
        _ configuration: JSONValue,
        rank: Int
    ) throws(MetadataError) -> [Int] {
        let value = configuration["order"]
        // Documents of the provisional specification spell whole orders with a letter.
        if value?.string == "C" { return Array(0..<rank) }
        if value?.string == "F" { return Array((0..<rank).reversed()) }
        guard let elements = value?.elements else { throw .memberInvalid("order") }
        let order = elements.compactMap(\.integer)
        guard order.count == elements.count else { throw .memberInvalid("order") }
        guard order.count == rank else {
            throw .rankMismatch(member: "order", expected: rank, found: order.count)
        }
        guard order.sorted() == Array(0..<rank) else { throw .memberInvalid("order") }
        return order
    }

    private static func sharding(
        _ configuration: JSONValue,
        dataType: DataType,
        shape: [Int],
        depth: Int
    ) throws(MetadataError) -> ShardingDescription {
        // Shards within shards are allowed; four levels are more than anybody writes.
        guard depth < 4 else { throw .codecChainInvalid }
        guard let chunkValue = configuration["chunk_shape"] else {
            throw .memberMissing("chunk_shape")
        }
        let chunkShape = try MetadataReader.extents(chunkValue, member: "chunk_shape")
        guard chunkShape.count == shape.count else {
            throw .rankMismatch(
                member: "chunk_shape",
                expected: shape.count,
                found: chunkShape.count
            )
        }
        for axis in shape.indices {
            guard chunkShape[axis] > 0, shape[axis] % chunkShape[axis] == 0 else {
                throw .extentInvalid(member: "chunk_shape", axis: axis)
            }
        }
        guard let codecsValue = configuration["codecs"] else { throw .memberMissing("codecs") }
        let indexShape = zip(shape, chunkShape).map { $0 / $1 } + [2]
        let indexValue =
            configuration["index_codecs"]
            ?? .array([
                .members([
                    "name": .string("bytes"),
                    "configuration": .members(["endian": .string("little")]),
                ]),
                .string("crc32c"),
            ])
        let location: ShardingDescription.IndexLocation
        switch configuration["index_location"]?.string {
        case nil, "end": location = .end
        case "start": location = .start
        default: throw .memberInvalid("index_location")
        }
        return ShardingDescription(
            chunkShape: chunkShape,
            codecs: try parse(
                codecsValue,
                dataType: dataType,
                chunkShape: chunkShape,
                depth: depth + 1
            ),
            indexCodecs: try parse(
                indexValue,
                dataType: .uint64,
                chunkShape: indexShape,
                depth: depth + 1
            ),
            indexLocation: location
        )
    }

    /// Checks that array steps come first, then one step to bytes, then byte steps; a chain with an
    /// unknown step cannot be checked, nor decoded.
    private static func checkOrder(_ chain: [CodecDescription]) throws(MetadataError) {
        var isBytes = false
        for codec in chain {
            switch codec {
            case .unknown: return
            case .transpose:
                guard !isBytes else { throw .codecChainInvalid }
            case .bytes, .sharding:
                guard !isBytes else { throw .codecChainInvalid }
                isBytes = true
            case .gzip, .zlib, .zstandard, .blosc, .crc32c:
                guard isBytes else { throw .codecChainInvalid }
            }
        }
        guard isBytes else { throw .codecChainInvalid }
    }
}
