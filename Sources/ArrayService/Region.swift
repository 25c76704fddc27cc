import ArrayModel
import ArrayStorage
import NIOCore
import NIOHTTP1
import Pictures

/// What a client asked to read, and how its answer begins.
struct Region: Sendable {
    let array: ResolvedArray
    let selection: Selection
    let format: DataFormat

    var dataType: DataType { array.metadata.dataType }

    /// The bytes before the first element.
    var header: ByteBuffer {
        switch format {
        case .npy:
            let header = NPYHeader(dataType: dataType, shape: selection.shape)
            return ByteBuffer(bytes: header.bytes())
        case .raw, .json, .csv, .png: return ByteBuffer()
        }
    }

    /// The headers of the answer; the shape is a JSON list.
    func headers(_ tag: EntityTag?) -> HTTPHeaders {
        let shape = JSONValue.integers(selection.shape).serialized()
        var headers: HTTPHeaders = [
            "Content-Type": format.contentType,
            "X-Nave-Shape": String(decoding: shape, as: UTF8.self),
            "X-Nave-Dtype": dataType.name,
            "Vary": "Accept, Accept-Encoding",
            "Cache-Control": "no-cache",
        ]
        if let tag { headers.add(name: "ETag", value: tag.field) }
        return headers
    }

    /// What makes the answer of the formats that are not just the elements; nil for those, and for
    /// nested lists without elements.
    ///
    /// - Throws: ``ArrayServiceError/resultTooLarge(elements:)`` or
    ///   ``ArrayServiceError/formatUnsuitable(_:needed:)``.
    func writer() throws(ArrayServiceError) -> (any ElementWriter)? {
        let shape = selection.shape
        switch format {
        case .npy, .raw: return nil
        case .json:
            let entries = NestedListWriter.entryCount(shape: shape) ?? Int.max
            guard
                entries <= ArrayServiceLimits.jsonElementsMax,
                selection.elementCount * dataType.itemBytes
                    <= ArrayServiceLimits.jsonElementBytesMax
            else { throw .resultTooLarge(elements: max(entries, selection.elementCount)) }
            guard !shape.contains(0) else { return nil }
            return NestedListWriter(dataType: dataType, shape: shape)
        case .csv:
            guard shape.count <= 2 else {
                throw .formatUnsuitable(format, needed: "a region of at most two axes")
            }
            return SeparatedRowWriter(dataType: dataType, shape: shape)
        case .png:
            guard let writer = PictureRowWriter(dataType: dataType, shape: shape) else {
                throw .formatUnsuitable(
                    format,
                    needed: "a region of two axes, or of three of which the last has 1 to 4"
                        + " elements, of type bool, uint8 or uint16, with at least one pixel and"
                        + " rows of at most \(PictureLayout.rowBytesMax) bytes; /v1/preview makes"
                        + " pictures of any plane"
                )
            }
            return writer
        }
    }
}

extension DataFormat {
    /// The media type of the answer.
    var contentType: String {
        switch self {
        case .npy: "application/x-npy"
        case .raw: "application/octet-stream"
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        case .png: "image/png"
        }
    }

    /// What an encoding would find; nil for what is compressed by itself.
    var content: ContentEncoding.Content? {
        switch self {
        case .npy, .raw: .elements
        case .json, .csv: .text
        case .png: nil
        }
    }
}
