/// Reads `.zarray` and `.zgroup`.
///
/// Source: Zarr specification v2, sections "Metadata" and "Groups".
enum ZarrV2Metadata {
    static func group(_ bytes: [UInt8]) throws(MetadataError) -> NodeRecognition {
        try checkFormat(try MetadataReader(bytes))
        return .group
    }

    static func array(_ bytes: [UInt8]) throws(MetadataError) -> ArrayMetadata {
        let reader = try MetadataReader(bytes)
        try checkFormat(reader)
        let shape = try reader.shape()
        let type = try NumPyType(try reader.required("dtype"))
        let chunkShape = try MetadataReader.chunkShape(
            try reader.required("chunks"),
            member: "chunks",
            shape: shape
        )
        try MetadataReader.checkSize(
            shape: shape,
            chunkShape: chunkShape,
            itemBytes: type.dataType.itemBytes
        )
        return ArrayMetadata(
            dialect: .zarr2,
            shape: shape,
            dataType: type.dataType,
            chunkShape: chunkShape,
            chunkKeys: .zarr2(try separator(reader)),
            codecs: try codecs(reader, type: type, rank: shape.count),
            fillValue: try FillValue(
                reader.document["fill_value"] ?? .null,
                dataType: type.dataType
            ),
            dimensionNames: nil,
            attributes: .object([])
        )
    }

    private static func checkFormat(_ reader: MetadataReader) throws(MetadataError) {
        let format = try reader.required("zarr_format")
        guard format.integer == 2 else {
            throw .formatUnsupported("zarr_format \(ZarrV3Metadata.shortText(format))")
        }
    }

    private static func separator(
        _ reader: MetadataReader
    ) throws(MetadataError) -> ChunkKeyEncoding.Separator {
        guard let value = reader.document["dimension_separator"], value != .null else {
            return .period
        }
        switch value.string {
        case ".": return .period
        case "/": return .slash
        default: throw .memberInvalid("dimension_separator")
        }
    }

    /// The equivalent chain: filters, the order of the axes, the order of the bytes, the
    /// compressor.
    private static func codecs(
        _ reader: MetadataReader,
        type: NumPyType,
        rank: Int
    ) throws(MetadataError) -> [CodecDescription] {
        var chain: [CodecDescription] = []
        if let filters = reader.document["filters"], filters != .null {
            guard let elements = filters.elements, elements.count <= ArrayLimits.codecCountMax
            else { throw .memberInvalid("filters") }
            for filter in elements {
                guard let name = filter["id"]?.string else { throw .memberInvalid("filters") }
                chain.append(.unknown(name: name, configuration: filter))
            }
        }
        switch try reader.required("order").string {
        case "C": break
        case "F":
            // With one axis or none both orders are the same bytes.
            if rank > 1 { chain.append(.transpose(order: Array((0..<rank).reversed()))) }
        default: throw .memberInvalid("order")
        }
        chain.append(.bytes(type.byteOrder))
        let compressor = reader.document["compressor"] ?? .null
        if compressor != .null {
            guard let name = compressor["id"]?.string else { throw .memberInvalid("compressor") }
            chain.append(
                .compressor(
                    name,
                    configuration: compressor,
                    itemBytes: type.dataType.itemBytes
                ) ?? .unknown(name: name, configuration: compressor)
            )
        }
        return chain
    }
}
