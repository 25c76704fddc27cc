/// Reads `zarr.json`.
///
/// Source: Zarr core specification v3.1, section "Metadata".
enum ZarrV3Metadata {
    private static let knownMembers: Set<String> = [
        "zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding",
        "fill_value", "codecs", "attributes", "dimension_names", "storage_transformers",
        // zarr-python keeps a copy of the members of a group in this one.
        "consolidated_metadata",
    ]

    static func recognise(_ bytes: [UInt8]) throws(MetadataError) -> NodeRecognition {
        let reader = try MetadataReader(bytes)
        let format = try reader.required("zarr_format")
        guard format.integer == 3 else {
            throw .formatUnsupported("zarr_format \(shortText(format))")
        }
        let nodeType = try reader.requiredString("node_type")
        try checkExtensions(reader)
        switch nodeType {
        case "array": return .array(try array(reader))
        case "group":
            _ = try reader.attributes()
            return .group
        default: throw .formatUnsupported("node_type \(shortText(.string(nodeType)))")
        }
    }

    private static func array(_ reader: MetadataReader) throws(MetadataError) -> ArrayMetadata {
        let shape = try reader.shape()
        let dataType = try DataType(zarrV3: try reader.required("data_type"))
        let chunkShape = try chunkShape(try reader.required("chunk_grid"), shape: shape)
        try MetadataReader.checkSize(
            shape: shape,
            chunkShape: chunkShape,
            itemBytes: dataType.itemBytes
        )
        let fillValue = try reader.required("fill_value")
        guard fillValue != .null || !dataType.isSliceable else {
            throw .fillValueInvalid(dataType: dataType.name)
        }
        return ArrayMetadata(
            dialect: .zarr3,
            shape: shape,
            dataType: dataType,
            chunkShape: chunkShape,
            chunkKeys: try chunkKeys(try reader.required("chunk_key_encoding")),
            codecs: try CodecChain.parse(
                try reader.required("codecs"),
                dataType: dataType,
                chunkShape: chunkShape
            ),
            fillValue: try FillValue(fillValue, dataType: dataType),
            dimensionNames: try dimensionNames(reader, rank: shape.count),
            attributes: try reader.attributes()
        )
    }

    private static func chunkShape(
        _ grid: JSONValue,
        shape: [Int]
    ) throws(MetadataError) -> [Int] {
        guard let name = grid.string ?? grid["name"]?.string else {
            throw .memberInvalid("chunk_grid")
        }
        guard name == "regular" else {
            throw .extensionUnsupported(kind: "chunk grid", name: shortText(.string(name)))
        }
        guard let value = grid["configuration"]?["chunk_shape"] else {
            throw .memberMissing("chunk_shape")
        }
        return try MetadataReader.chunkShape(value, member: "chunk_shape", shape: shape)
    }

    private static func chunkKeys(_ value: JSONValue) throws(MetadataError) -> ChunkKeyEncoding {
        guard let name = value.string ?? value["name"]?.string else {
            throw .memberInvalid("chunk_key_encoding")
        }
        let separator: ChunkKeyEncoding.Separator?
        switch value["configuration"]?["separator"]?.string {
        case nil: separator = nil
        case "/": separator = .slash
        case ".": separator = .period
        default: throw .memberInvalid("separator")
        }
        switch name {
        case "default": return .zarr3(separator ?? .slash)
        case "v2": return .zarr2(separator ?? .period)
        default:
            throw .extensionUnsupported(
                kind: "chunk key encoding",
                name: shortText(.string(name))
            )
        }
    }

    private static func dimensionNames(
        _ reader: MetadataReader,
        rank: Int
    ) throws(MetadataError) -> [String?]? {
        guard let value = reader.document["dimension_names"], value != .null else { return nil }
        guard let elements = value.elements else { throw .memberInvalid("dimension_names") }
        guard elements.count == rank else {
            throw .rankMismatch(
                member: "dimension_names",
                expected: rank,
                found: elements.count
            )
        }
        var names: [String?] = []
        for element in elements {
            guard element == .null || element.string != nil else {
                throw .memberInvalid("dimension_names")
            }
            names.append(element.string)
        }
        return names
    }

    /// Refuses what must be understood and is not.
    private static func checkExtensions(_ reader: MetadataReader) throws(MetadataError) {
        if let transformers = reader.document["storage_transformers"], transformers != .null {
            guard let elements = transformers.elements else {
                throw .memberInvalid("storage_transformers")
            }
            if let first = elements.first {
                throw .extensionUnsupported(
                    kind: "storage transformer",
                    name: shortText(first["name"] ?? first)
                )
            }
        }
        for member in reader.document.members ?? [] where !knownMembers.contains(member.name) {
            guard member.value["must_understand"]?.bool == false else {
                throw .extensionUnsupported(
                    kind: "extension",
                    name: shortText(.string(member.name))
                )
            }
        }
    }

    /// A value as text for a message, cut to a length that fits in a listing.
    static func shortText(_ value: JSONValue) -> String {
        let text = value.string ?? String(decoding: value.serialized(), as: UTF8.self)
        return String(text.prefix(64))
    }
}
