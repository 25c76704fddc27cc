import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import ObjectStorage
import PayloadServing
import StorageModel

extension ArrayService {
    /// Many chunks of an array, each as the Zarr view gives it, in one answer.
    ///
    /// All of them are those of one state of the array.
    func chunks(
        _ wanted: ChunksRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(of: wanted.reference, for: caller)
        let list = try ChunkKeyList(
            try await JSONBody.read(
                body,
                caller.signing,
                allowed: ChunkKeyList.members,
                bytesMax: ArrayServiceLimits.chunkKeysBodyBytesMax
            )
        )
        let parts = try await parts(list, wanted, in: namespace)
        guard
            let bundle = ChunkBundle(
                parts,
                store: store,
                reader: reader,
                budget: chunksAhead,
                onFailure: { note(.read($0), caller.request) }
            )
        else { throw .resultTooLarge(elements: .max) }
        do {
            let bytesMax = Int(PayloadOpening.firstBytesMax)
            try await bundle.begin(max: bytesMax, allocator: ByteBufferAllocator())
        } catch {
            throw .read(error)
        }
        return HTTPResponse(
            status: .ok,
            headers: [
                "Content-Type": wanted.format.rawValue, "Cache-Control": "no-store",
                "Vary": "Accept",
            ],
            body: .pulled(bundle)
        )
    }

    /// The chunks with their frames, opened.
    private func parts(
        _ list: ChunkKeyList,
        _ wanted: ChunksRequest,
        in namespace: Namespace
    ) async throws(ArrayServiceError) -> [ChunkBundle.Part] {
        let opened: OpenedChunks
        do throws(ArrayCatalogError) {
            guard let found = try await view.find(wanted.reference, in: namespace) else {
                throw ArrayCatalogError.arrayMissing(wanted.reference, tags: [])
            }
            let store = store
            opened = try await view.withChunks(
                list.keys,
                of: found,
                in: namespace
            ) { chunks throws(StoreError) in
                try OpenedChunks(chunks, entityTags: list.entityTags, store)
            }
        } catch {
            throw .catalog(error)
        }
        var decodedBytes: Int64 = 0
        if let array = opened.decoded {
            do {
                decodedBytes = Int64(try reader.decodedChunkBytes(array))
            } catch {
                throw .read(error)
            }
        }
        return zip(list.keys, opened.chunks).map { key, chunk in
            let path = ChunkPath(reference: wanted.referenceText, key: key)
            return chunk.part(
                wanted.format == .checked ? path : nil,
                of: opened.decoded,
                decodedBytes: decodedBytes
            )
        }
    }
}

/// Chunks that were looked up, with what keeps the bytes of those that are sent as they are stored.
private struct OpenedChunks: Sendable {
    /// What is known of one chunk.
    enum Chunk: Sendable {
        case missing
        case unchanged(entityTag: String)
        case stored(ObjectEntry, entityTag: String, PayloadReader)
        case decoded(ObjectEntry, entityTag: String, key: String)
    }

    let chunks: [Chunk]
    /// The array, if its chunks are decoded.
    let decoded: ResolvedArray?

    /// Opens chunks.
    ///
    /// - Throws: ``StoreError/objectReplaced`` if one was replaced since it was looked up.
    init(
        _ list: ZarrView.ChunkList,
        entityTags: [String?],
        _ store: ObjectStore
    ) throws(StoreError) {
        decoded = list.decoded
        var chunks: [Chunk] = []
        for (index, chunk) in list.chunks.enumerated() {
            guard let chunk else {
                chunks.append(.missing)
                continue
            }
            let entry = chunk.entry
            // As of a single chunk: what is decoded depends on the metadata as well.
            let suffix = list.decoded.map { "-\($0.node.sequence)" } ?? ""
            let tag = "\"\(entry.entityTag)\(suffix)\""
            if index < entityTags.count, entityTags[index] == tag {
                chunks.append(.unchanged(entityTag: tag))
            } else if list.decoded != nil {
                chunks.append(.decoded(entry, entityTag: tag, key: chunk.key))
            } else {
                let reader = try store.reader(entry, range: 0..<entry.sizeBytes)
                chunks.append(.stored(entry, entityTag: tag, reader))
            }
        }
        self.chunks = chunks
    }
}

extension OpenedChunks.Chunk {
    /// The chunk in its frame; `path` is what the frame's checksum is to say, nil for a frame without one.
    func part(
        _ path: ChunkPath?,
        of array: ResolvedArray?,
        decodedBytes: Int64
    ) -> ChunkBundle.Part {
        switch self {
        case .missing: return Self.missing(path)
        case .unchanged(let tag):
            return ChunkBundle.Part(
                frame: ChunkFrame(status: .unchanged, entityTag: tag, path: path),
                payload: .none
            )
        case .stored(let entry, let tag, let reader):
            let header = entry.attributes.systemHeaders.first { $0.name == "content-encoding" }
            return ChunkBundle.Part(
                frame: ChunkFrame(
                    status: .present,
                    entityTag: tag,
                    coding: header?.value ?? "",
                    payloadBytes: entry.sizeBytes,
                    path: path
                ),
                payload: .stored(reader)
            )
        case .decoded(let entry, let tag, let key):
            guard let array else { return Self.missing(path) }
            return ChunkBundle.Part(
                frame: ChunkFrame(
                    status: .present,
                    entityTag: tag,
                    payloadBytes: decodedBytes,
                    path: path
                ),
                payload: .decoded(key: key, entry, of: array)
            )
        }
    }

    private static func missing(_ path: ChunkPath?) -> ChunkBundle.Part {
        ChunkBundle.Part(frame: ChunkFrame(status: .missing, path: path), payload: .none)
    }
}
