import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage
import PayloadServing
import StorageModel

extension ArrayService {
    /// How often an object that is replaced while it is opened is looked up again.
    private static let openingAttemptsMax = 4

    /// A key of the Zarr view: what is in memory at once, the rest later.
    ///
    /// What was committed never changes, so that caches need not ask again; those that serve many users
    /// may keep what everybody may read.
    ///
    /// Source: RFC 9111, section 3.5: an answer to a request whose signature is in its URL may be kept by
    /// shared caches unless it says otherwise.
    func zarr(_ path: ZarrPath, _ caller: Caller) throws(ArrayServiceError) -> HTTPAnswer {
        let action: AccessAction = VersionName.isDraftTag(path.tag.utf8) ? .write : .read
        let namespace = try namespace(path.namespace, for: caller, action)
        let answer = try presentZarr(path, namespace, caller)
        guard path.digest != nil else { return answer }
        let caches = namespace.access == .publicRead ? "" : "private, "
        return answer.map { response in
            var response = response
            guard response.status.code < 400 else { return response }
            response.headers.replaceOrAdd(
                name: "Cache-Control",
                value: "\(caches)max-age=31536000, immutable"
            )
            return response
        }
    }

    private func presentZarr(
        _ path: ZarrPath,
        _ namespace: Namespace,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPAnswer {
        let found: ZarrView.Found?
        do {
            found = try view.findNow(path, in: namespace)
        } catch {
            throw .catalog(error)
        }
        if let found { return try zarr(found, path, namespace, caller) }
        return later(caller) { () async throws(ArrayServiceError) in
            let found: ZarrView.Found?
            do throws(ArrayCatalogError) {
                found = try await view.findImplied(path, in: namespace)
            } catch {
                throw .catalog(error)
            }
            guard let found else { throw .view(.nodeMissing(path: path.text)) }
            return await made(try zarr(found, path, namespace, caller))
        }
    }

    private func zarr(
        _ found: ZarrView.Found,
        _ path: ZarrPath,
        _ namespace: Namespace,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPAnswer {
        switch path.key {
        case .document where view.isStored(found.node):
            return try stored(
                StoredKey(found.node, found.node.metadataKey, .document, path),
                caller
            )
        case .document:
            return later(caller) { () async throws(ArrayServiceError) in
                try await document(of: found.node, path, namespace, caller)
            }
        case .chunk:
            let source: ZarrView.ChunkSource?
            do {
                source = try view.chunkSourceNow(found, in: namespace)
            } catch {
                throw .catalog(error)
            }
            if let source { return try chunk(source, found, path, caller) }
            return later(caller) { () async throws(ArrayServiceError) in
                let source: ZarrView.ChunkSource
                do throws(ArrayCatalogError) {
                    source = try await view.chunkSource(found, in: namespace)
                } catch {
                    throw .catalog(error)
                }
                return await made(try chunk(source, found, path, caller))
            }
        }
    }

    // MARK: - Documents

    private func document(
        of node: CatalogNode,
        _ path: ZarrPath,
        _ namespace: Namespace,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let document: ZarrView.Document?
        do {
            document = try await view.document(of: node, in: namespace)
        } catch {
            throw .catalog(error)
        }
        guard let document else { throw .view(.untranslatable(path: path.text)) }
        let answer = try ConditionalAnswer(
            caller.request,
            TaggedBytes(
                entityTag: document.entityTag,
                modified: nil,
                byteCount: Int64(document.bytes.byteCount),
                kind: .document
            )
        )
        guard answer.hasBody else { return answer.bodiless }
        let bytes = document.bytes
        if bytes.byteCount <= ArrayServiceLimits.gatheredBytesMax,
            let whole = bytes.copyNow(0..<bytes.byteCount)
        {
            return answer.response(.bytes(whole))
        }
        return answer.response(.pulled(HeldBody(bytes, range: answer.range)))
    }

    // MARK: - Chunks

    private func chunk(
        _ source: ZarrView.ChunkSource,
        _ found: ZarrView.Found,
        _ path: ZarrPath,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPAnswer {
        switch source {
        case .missing: throw .view(.chunkMissing(path: path.text))
        case .stored(let key):
            return try stored(StoredKey(found.node, key, .chunk, path), caller)
        case .decoded(let key, let array):
            // Whoever asks for a chunk that is not stored, or that it has, is answered at once.
            let entry = try entry(key, found.node, path)
            let answer = try ConditionalAnswer(caller.request, try decoded(entry, array))
            guard answer.hasBody else { return .now(answer.bodiless) }
            return later(caller) { () async throws(ArrayServiceError) in
                try await decodedChunk(key, array, path, caller)
            }
        }
    }

    private func decodedChunk(
        _ key: String,
        _ array: ResolvedArray,
        _ path: ZarrPath,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let chunk: DecodedChunk?
        do {
            chunk = try await reader.decodedChunk(key, of: array)
        } catch {
            throw .read(error)
        }
        guard let chunk else { throw .view(.chunkMissing(path: path.text)) }
        let answer = try ConditionalAnswer(caller.request, try decoded(chunk.entry, array))
        guard answer.hasBody else { return answer.bodiless }
        return answer.response(.pulled(HeldBody(chunk.bytes, range: answer.range)))
    }

    /// A decoded chunk depends on the stored bytes and on the metadata that says how to decode them.
    private func decoded(
        _ entry: ObjectEntry,
        _ array: ResolvedArray
    ) throws(ArrayServiceError) -> TaggedBytes {
        do {
            return TaggedBytes(
                entityTag: "\(entry.entityTag)-\(array.node.sequence)",
                modified: max(entry.modified, array.node.modified),
                byteCount: Int64(try reader.decodedChunkBytes(array)),
                kind: .chunk
            )
        } catch {
            throw .read(error)
        }
    }

    // MARK: - Stored bytes

    /// An object of a node's line that is given as it is.
    private struct StoredKey {
        let node: CatalogNode
        let key: String
        let kind: TaggedBytes.Kind
        let path: ZarrPath

        init(_ node: CatalogNode, _ key: String, _ kind: TaggedBytes.Kind, _ path: ZarrPath) {
            self.node = node
            self.key = key
            self.kind = kind
            self.path = path
        }
    }

    private func stored(
        _ stored: StoredKey,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPAnswer {
        for _ in 0..<Self.openingAttemptsMax {
            let entry = try entry(stored.key, stored.node, stored.path)
            let encoding = entry.attributes.systemHeaders.first { $0.name == "content-encoding" }
            let answer = try ConditionalAnswer(
                caller.request,
                TaggedBytes(
                    entityTag: entry.entityTag,
                    modified: entry.modified,
                    byteCount: entry.sizeBytes,
                    kind: stored.kind,
                    contentEncoding: encoding?.value
                )
            )
            guard answer.hasBody else { return .now(answer.bodiless) }
            do throws(StoreError) {
                return opened(
                    try PayloadOpening.begin(entry, range: answer.range, of: store),
                    answer,
                    caller
                )
            } catch {
                // The object was replaced since it was looked up; the new one is looked up again.
                guard error == .objectReplaced else { throw .read(.store(error)) }
            }
        }
        throw .read(.chunkUnstable(key: stored.key))
    }

    private func opened(
        _ opening: PayloadOpening,
        _ answer: ConditionalAnswer,
        _ caller: Caller
    ) -> HTTPAnswer {
        switch opening {
        case .whole(let bytes): return .now(answer.response(.bytes(bytes)))
        case .begun(let reader, let first):
            return .now(answer.response(pulled(reader, first, caller)))
        case .waiting(let reader, let firstBytes):
            return later(caller) { () async throws(ArrayServiceError) in
                do throws(StoreError) {
                    let allocator = ByteBufferAllocator()
                    let piece = try await reader.read(max: firstBytes, allocator: allocator)
                    guard case .ready(let first) = piece else { throw StoreError.rangeInvalid }
                    return answer.response(pulled(reader, first, caller))
                } catch {
                    throw .read(.store(error))
                }
            }
        }
    }

    private func pulled(
        _ reader: PayloadReader,
        _ first: ByteBuffer,
        _ caller: Caller
    ) -> HTTPResponseBody {
        .pulled(
            PayloadBody(reader, first: first) { cause in
                note(.read(.store(cause)), caller.request)
            }
        )
    }

    private func entry(
        _ key: String,
        _ node: CatalogNode,
        _ path: ZarrPath
    ) throws(ArrayServiceError) -> ObjectEntry {
        let entry: ObjectEntry?
        do {
            entry = try store.lookUp(key, line: node.line)
        } catch {
            throw .read(.store(error))
        }
        guard let entry else {
            switch path.key {
            case .chunk: throw .view(.chunkMissing(path: path.text))
            case .document: throw .view(.nodeMissing(path: path.text))
            }
        }
        return entry
    }
}
