import ArrayCodecs
import ArrayModel
import StorageModel

/// An array as the reader of its chunks sees it: where its keys are, how a chunk decodes, and what
/// one that is not stored holds.
struct StoredArray: Sendable {
    let line: LineID
    /// What the keys of its chunks begin with.
    let keyPrefix: String
    let metadata: ArrayMetadata
    let grid: ChunkGrid
    let decoder: ChunkDecoder
    let decoding: DecodingIdentity
    let itemBytes: Int
    /// The most bytes that a chunk has in any form while it is decoded; codecs may add to it.
    let decodingBytes: Int
    /// How many chunks are stored, as the catalog last counted them.
    let storedChunkCount: Int?

    /// Prepares to read an array.
    ///
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)`` or ``ArrayReadError/notDecodable(_:)``.
    init(_ array: ResolvedArray, limits: ArrayReaderLimits) throws(ArrayReadError) {
        metadata = array.metadata
        guard
            metadata.dataType.isSliceable,
            metadata.dataType.itemBytes <= limits.itemBytesMax
        else {
            throw .dataTypeNotSliceable(metadata.dataType.name)
        }
        do throws(ArrayCodecError) {
            decoder = try ChunkDecoder(metadata)
        } catch {
            throw .notDecodable(error)
        }
        guard decoder.chunkBytes <= limits.chunkBytesMax else {
            throw .notDecodable(.chunkTooLarge(bytes: decoder.chunkBytes))
        }
        decodingBytes = max(decoder.chunkBytes, decoder.storedBytesMax)
        guard decodingBytes <= limits.encodedChunkBytesMax else {
            throw .notDecodable(.chunkTooLarge(bytes: decodingBytes))
        }
        line = array.line
        keyPrefix = array.node.path.isEmpty ? "" : array.node.path + "/"
        grid = metadata.grid
        itemBytes = metadata.dataType.itemBytes
        decoding = DecodingIdentity(metadata)
        storedChunkCount = array.node.tally.map { Int(clamping: $0.chunks) }
    }

    /// The key, in the line, of a chunk.
    func key(_ coordinates: [Int]) -> String {
        keyPrefix + metadata.chunkKeys.key(coordinates, grid: grid)
    }

    /// The chunk that a key in the line names, if it is one of this array.
    func coordinates(_ key: String) -> [Int]? {
        guard key.utf8.starts(with: keyPrefix.utf8) else { return nil }
        let relative = String(decoding: key.utf8.dropFirst(keyPrefix.utf8.count), as: UTF8.self)
        return metadata.chunkKeys.coordinates(relative, grid: grid)
    }

    /// The strides of a box in C order, in bytes.
    static func strides(of shape: [Int], itemBytes: Int) -> [Int] {
        var strides = shape
        var stride = itemBytes
        for axis in shape.indices.reversed() {
            strides[axis] = stride
            stride = stride.multipliedReportingOverflow(by: shape[axis]).partialValue
        }
        return strides
    }
}

/// What decides how stored bytes decode; a decoded chunk is good for exactly one of these.
struct DecodingIdentity: Hashable, Sendable {
    private let codecs: [CodecDescription]
    private let chunkShape: [Int]
    private let dataType: DataType
    private let fillValue: [UInt8]

    init(_ metadata: ArrayMetadata) {
        codecs = metadata.codecs
        chunkShape = metadata.chunkShape
        dataType = metadata.dataType
        fillValue = metadata.fillValue.bytes
    }
}
