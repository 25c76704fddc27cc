import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage
import S3Protocol
import StorageModel

extension S3Service {
    /// Looks an object up.
    ///
    /// - Throws: ``S3Error/noSuchKey(_:)`` and what the store's failures become.
    func entry(
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> ObjectEntry {
        let found = try exchange.storing { () throws(StoreError) in
            try store.lookUp(key, in: bucket)
        }
        guard let found else { throw .noSuchKey(key) }
        return found
    }

    /// GetObject.
    ///
    /// - Throws: ``S3Error``.
    func get(
        _ request: ReadRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPAnswer {
        for _ in 0..<S3Limits.replacedRetriesMax {
            let entry = try entry(key, bucket, exchange)
            let answer = try ReadAnswer(request, entry, exchange)
            guard answer.hasBody else { return .now(answer.response(.none)) }
            do {
                return try self.answer(answer, entry, exchange)
            } catch {
                // The object was replaced since it was looked up; the new one is looked up again.
                guard error == .objectReplaced else { throw exchange.failure(error) }
            }
        }
        throw .slowDown
    }

    /// HeadObject.
    ///
    /// - Throws: ``S3Error``.
    func head(
        _ request: ReadRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPResponse {
        var answer = try ReadAnswer(request, try entry(key, bucket, exchange), exchange)
        answer.stateLength()
        return answer.response(.none)
    }

    /// GetObjectAttributes.
    ///
    /// - Throws: ``S3Error``.
    func attributes(
        _ request: AttributesRequest,
        _ key: ObjectKey,
        _ bucket: Namespace,
        _ exchange: Exchange
    ) throws(S3Error) -> HTTPResponse {
        let entry = try entry(key, bucket, exchange)
        let modified = [("Last-Modified", HTTPDate.imfFixdate(entry.modified))]
        switch request.conditions.evaluate(entityTag: entry.entityTag, modified: entry.modified) {
        case .proceed: break
        case .notModified: return exchange.empty(.notModified, modified)
        case .failed(let header): throw .preconditionFailed(header: header)
        }
        return exchange.document(ObjectDocument.attributes(entry, request: request), modified)
    }

    /// The answer with the bytes of its range: all at once when they are few and in memory, else pulled.
    ///
    /// The first of them are read and verified before the answer begins, so that an object that cannot
    /// be read is an error and not a body that ends too early.
    private func answer(
        _ answer: ReadAnswer,
        _ entry: ObjectEntry,
        _ exchange: Exchange
    ) throws(StoreError) -> HTTPAnswer {
        let range = answer.range
        guard !range.isEmpty else { return .now(answer.response(.none)) }
        let allocator = ByteBufferAllocator()
        let isShort = range.upperBound - range.lowerBound <= S3Limits.immediateBytesMax
        if isShort,
            let bytes = try store.readInlineNow(entry, range: range, allocator: allocator)
        {
            return .now(answer.response(.bytes(bytes)))
        }
        let reader = try store.reader(entry, range: range)
        let wanted = Int(min(reader.byteCount, S3Limits.immediateBytesMax))
        var first = ByteBuffer()
        while first.readableBytes < wanted {
            let missing = wanted - first.readableBytes
            guard case .ready(let piece) = try reader.readNow(max: missing, allocator: allocator)
            else { break }
            if first.readableBytes == 0 {
                first = piece
            } else {
                first.writeImmutableBuffer(piece)
            }
            if !isShort { break }
        }
        if isShort, first.readableBytes == wanted { return .now(answer.response(.bytes(first))) }
        if first.readableBytes > 0 {
            return .now(answer.response(pulled(reader, first, exchange)))
        }
        return later(exchange) { _ throws(S3Error) in
            let piece = try await exchange.storing { () async throws(StoreError) in
                try await reader.read(max: wanted, allocator: allocator)
            }
            guard case .ready(let first) = piece else { throw .internalError }
            return answer.response(pulled(reader, first, exchange))
        }
    }

    private func pulled(
        _ reader: PayloadReader,
        _ first: ByteBuffer,
        _ exchange: Exchange
    ) -> HTTPResponseBody {
        .pulled(
            PayloadBody(
                reader,
                first: first,
                requestID: exchange.requestID,
                logger: exchange.logger
            )
        )
    }
}
