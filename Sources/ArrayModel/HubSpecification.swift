/// Makes `info.txt` of a request to create an array.
///
/// Source: PyPI `hub` 0.2.0.4, `hub/marray/meta.py` and `hub/marray/array.py`.
enum HubSpecification {
    static func documents(
        _ reader: SpecificationReader
    ) throws(ArraySpecificationError) -> [ArraySpecification.Document] {
        try reader.refuseAll(but: ["kind", "dialect", "shape", "dtype", "chunks"])
        let shape = try reader.shape()
        let type = try reader.dataType()
        switch type.dataType {
        case .bfloat16, .rawBits:
            throw .memberInvalid("dtype", expected: "a number that NumPy has, in the dialect hub0")
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .float32, .float64, .complex64, .complex128, .datetime64, .timedelta64, .opaque:
            break
        }
        guard type.byteOrder != .big else {
            throw .memberInvalid("dtype", expected: "little-endian in the dialect hub0")
        }
        let chunks = try reader.chunkShape(shape, itemBytes: type.dataType.itemBytes)
        return [
            ArraySpecification.Document(
                MetadataFile.hubInfo.fileName,
                .members([
                    "shape": .integers(shape),
                    "chunk_shape": .integers(chunks),
                    "dtype": .string(type.dataType.name),
                    "protocol": .string("factory_object"),
                    "order": .string("F"),
                    "dclass": .string("array"),
                ])
            )
        ]
    }
}
