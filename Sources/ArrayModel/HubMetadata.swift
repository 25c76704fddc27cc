/// Reads `info.txt` of the original Hub client.
///
/// The client always stores the elements in Fortran order, whatever `order` says, always
/// little-endian and without compression, and reads a chunk that is not there as zeros.
///
/// Source: PyPI `hub` 0.2.0.4, `hub/marray/meta.py` (`MetaObject.initialize`),
/// `hub/marray/array.py` (`HubArray.__init__`, `encode`, `decode`) and `hub/marray/dataset.py`.
enum HubMetadata {
    static func recognise(_ bytes: [UInt8]) throws(MetadataError) -> NodeRecognition {
        guard let reader = try? MetadataReader(bytes), isHub(reader.document) else {
            // Many an `info.txt` is a text for people.
            return .foreign
        }
        switch reader.document["dclass"]?.string {
        case "dataset": return .group
        case "array", nil: return .array(try array(reader))
        default: return .foreign
        }
    }

    private static func isHub(_ document: JSONValue) -> Bool {
        if document["dclass"]?.string == "dataset" { return document["keys"] != nil }
        return document["shape"] != nil && document["chunk_shape"] != nil
            && document["dtype"] != nil
    }

    private static func array(_ reader: MetadataReader) throws(MetadataError) -> ArrayMetadata {
        let shape = try reader.shape()
        // The client takes a shape of no axes for a request to load.
        guard !shape.isEmpty else { throw .memberInvalid("shape") }
        let dataType = DataType(numPyName: try reader.requiredString("dtype"))
        let chunkShape = try MetadataReader.chunkShape(
            try reader.required("chunk_shape"),
            member: "chunk_shape",
            shape: shape
        )
        try MetadataReader.checkSize(
            shape: shape,
            chunkShape: chunkShape,
            itemBytes: dataType.itemBytes
        )
        var codecs: [CodecDescription] = []
        if shape.count > 1 {
            codecs.append(.transpose(order: Array((0..<shape.count).reversed())))
        }
        codecs.append(.bytes(dataType.swapUnitBytes > 1 ? .little : nil))
        return ArrayMetadata(
            dialect: .hub0,
            shape: shape,
            dataType: dataType,
            chunkShape: chunkShape,
            chunkKeys: .hub0,
            codecs: codecs,
            fillValue: .zero(itemBytes: dataType.itemBytes),
            dimensionNames: nil,
            attributes: .object([])
        )
    }
}
