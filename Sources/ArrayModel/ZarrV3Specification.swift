/// Makes `zarr.json` of a request to create an array.
///
/// Source: Zarr core specification v3.1, section "Metadata".
enum ZarrV3Specification {
    static func documents(
        _ reader: SpecificationReader
    ) throws(ArraySpecificationError) -> [ArraySpecification.Document] {
        try reader.refuseAll(
            but: [
                "kind", "dialect", "shape", "dtype", "chunks", "shards", "codecs", "fill_value",
                "dimension_names", "attributes",
            ]
        )
        let shape = try reader.shape()
        let type = try reader.dataType()
        let chunks = try reader.chunkShape(shape, itemBytes: type.dataType.itemBytes)
        var codecs = try codecs(reader, type, rank: shape.count)
        var stored = chunks
        if let shards = try reader.extents("shards") {
            guard reader["chunks"] != nil else { throw .memberMissing("chunks") }
            codecs = [sharding(chunks, codecs)]
            stored = shards
        }
        var members: [JSONMember] = [
            JSONMember(name: "zarr_format", value: .integer(3)),
            JSONMember(name: "node_type", value: .string("array")),
            JSONMember(name: "shape", value: .integers(shape)),
            JSONMember(name: "data_type", value: .string(type.dataType.name)),
            JSONMember(
                name: "chunk_grid",
                value: named("regular", ["chunk_shape": .integers(stored)])
            ),
            JSONMember(
                name: "chunk_key_encoding",
                value: named("default", ["separator": .string("/")])
            ),
            JSONMember(name: "fill_value", value: reader.fillValue(type.dataType)),
            JSONMember(name: "codecs", value: .array(codecs)),
            JSONMember(name: "attributes", value: try reader.attributes()),
        ]
        if let names = reader["dimension_names"] {
            members.append(JSONMember(name: "dimension_names", value: names))
        }
        members.append(JSONMember(name: "storage_transformers", value: .array([])))
        return [
            ArraySpecification.Document(MetadataFile.zarr3.fileName, .object(members))
        ]
    }

    /// The chain of a chunk: as it is named, with a step to bytes if none is; else the default.
    private static func codecs(
        _ reader: SpecificationReader,
        _ type: NumPyType,
        rank: Int
    ) throws(ArraySpecificationError) -> [JSONValue] {
        let bytes = bytesCodec(type)
        guard let value = reader["codecs"] else { return [bytes, compressor(type.dataType)] }
        guard var codecs = value.elements else {
            throw .memberInvalid("codecs", expected: "a list of codecs")
        }
        let form = CodecNormalForm(
            itemBytes: type.dataType.itemBytes,
            rank: rank,
            byteOrder: type.byteOrder
        )
        codecs = codecs.map(form.codec)
        for codec in codecs { try check(codec) }
        let names = codecs.map { $0["name"]?.string ?? "" }
        if !names.contains(where: { ["bytes", "sharding_indexed"].contains($0) }) {
            codecs.insert(bytes, at: names.prefix(while: TranslatedCodecs.isArrayCodec).count)
        }
        return codecs
    }

    /// What is used where no codecs are named; see docs/decisions/0011-default-compression.md.
    private static func compressor(_ type: DataType) -> JSONValue {
        guard type.isShuffled else {
            return named("zstd", ["level": .integer(1), "checksum": .bool(false)])
        }
        return named(
            "blosc",
            [
                "cname": .string("lz4"), "clevel": .integer(5), "shuffle": .string("shuffle"),
                "typesize": .integer(type.itemBytes), "blocksize": .integer(0),
            ]
        )
    }

    private static func bytesCodec(_ type: NumPyType) -> JSONValue {
        switch type.byteOrder {
        case nil: named("bytes", [:])
        case .little: named("bytes", ["endian": .string("little")])
        case .big: named("bytes", ["endian": .string("big")])
        }
    }

    private static func sharding(_ chunks: [Int], _ codecs: [JSONValue]) -> JSONValue {
        let order: KeyValuePairs<String, JSONValue> = ["endian": .string("little")]
        return named(
            "sharding_indexed",
            [
                "chunk_shape": .integers(chunks),
                "codecs": .array(codecs),
                "index_codecs": .array([named("bytes", order), named("crc32c", [:])]),
                "index_location": .string("end"),
            ]
        )
    }

    private static func named(
        _ name: String,
        _ configuration: KeyValuePairs<String, JSONValue>
    ) -> JSONValue {
        guard !configuration.isEmpty else { return .members(["name": .string(name)]) }
        return .members(["name": .string(name), "configuration": .members(configuration)])
    }

    /// Refuses levels that other readers would refuse.
    ///
    /// Source: zarr-python 3.1, `codecs/gzip.py`, `codecs/blosc.py`; `zstd.h`, `ZSTD_maxCLevel`.
    private static func check(_ codec: JSONValue) throws(ArraySpecificationError) {
        let configuration = codec["configuration"]
        let range: ClosedRange<Int>
        let value: JSONValue?
        switch codec["name"]?.string {
        case "gzip": (range, value) = (0...9, configuration?["level"])
        case "zstd": (range, value) = (-131_072...22, configuration?["level"])
        case "blosc": (range, value) = (0...9, configuration?["clevel"])
        default: return
        }
        guard let value else { return }
        guard let level = value.integer, range.contains(level) else {
            throw .memberInvalid(
                "codecs",
                expected:
                    "codecs whose levels exist: \(range.lowerBound) to \(range.upperBound) here"
            )
        }
    }
}

extension DataType {
    /// Whether it pays to sort the bytes of elements by their significance before they are compressed:
    /// numbers of several bytes, most of which differ in the lower ones alone.
    var isShuffled: Bool { swapUnitBytes > 1 }
}
