/// Makes `.zarray` and `.zattrs` of a request to create an array.
///
/// Source: Zarr specification v2, section "Metadata".
enum ZarrV2Specification {
    static func documents(
        _ reader: SpecificationReader
    ) throws(ArraySpecificationError) -> [ArraySpecification.Document] {
        try reader.refuseAll(
            but: [
                "kind", "dialect", "shape", "dtype", "chunks", "compressor", "order", "fill_value",
                "attributes",
            ]
        )
        let shape = try reader.shape()
        let type = try reader.dataType()
        let chunks = try reader.chunkShape(shape, itemBytes: type.dataType.itemBytes)
        guard type.dataType != .bfloat16 else {
            throw .memberInvalid("dtype", expected: "a type that NumPy has, in the dialect zarr2")
        }
        let compressor =
            reader.isNull("compressor")
            ? .null
            : reader["compressor"] ?? defaultCompressor(type.dataType)
        let array = ArraySpecification.Document(
            MetadataFile.zarr2Array.fileName,
            .members([
                "zarr_format": .integer(2),
                "shape": .integers(shape),
                "chunks": .integers(chunks),
                "dtype": .string(description(type)),
                "compressor": compressor,
                "fill_value": reader["fill_value"] == nil
                    ? zero(reader, type.dataType) : reader.fillValue(type.dataType),
                "order": .string(try reader.choice("order", ["C", "F"]) ?? "C"),
                "filters": .null,
                "dimension_separator": .string("."),
            ])
        )
        return [array] + attributes(try reader.attributes())
    }

    /// What is used where none is named, as for Zarr v3.
    private static func defaultCompressor(_ type: DataType) -> JSONValue {
        guard type.isShuffled else {
            return .members(["id": .string("zstd"), "level": .integer(1)])
        }
        return .members([
            "id": .string("blosc"), "cname": .string("lz4"), "clevel": .integer(5),
            "shuffle": .integer(BloscDescription.Shuffle.byte.rawValue), "blocksize": .integer(0),
        ])
    }

    /// The file of attributes, which is left out where there are none.
    static func attributes(_ value: JSONValue) -> [ArraySpecification.Document] {
        value.members?.isEmpty == false ? [ArraySpecification.Document(".zattrs", value)] : []
    }

    /// The type string with the order of bytes.
    private static func description(_ type: NumPyType) -> String {
        let little = type.dataType.numPyDescription
        guard type.byteOrder == .big else { return little }
        return ">" + little.dropFirst()
    }

    /// Zero as zarr-python spells it: raw bytes and complex numbers have a spelling of their own, so
    /// `null` stands for theirs.
    private static func zero(_ reader: SpecificationReader, _ type: DataType) -> JSONValue {
        switch type {
        case .rawBits, .complex64, .complex128: .null
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .bfloat16, .float32, .float64, .datetime64, .timedelta64, .opaque:
            reader.fillValue(type)
        }
    }
}
