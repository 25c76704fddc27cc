import HTTPServing
import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import PayloadServing
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
    private func answer(
        _ answer: ReadAnswer,
        _ entry: ObjectEntry,
        _ exchange: Exchange
    ) throws(StoreError) -> HTTPAnswer {
        switch try PayloadOpening.begin(entry, range: answer.range, of: store) {
        case .whole(let bytes):
            return .now(answer.response(bytes.readableBytes == 0 ? .none : .bytes(bytes)))
        case .begun(let reader, let first):
            return .now(answer.response(pulled(reader, first, exchange)))
        case .waiting(let reader, let firstBytes):
            return later(exchange) { _ throws(S3Error) in
                let piece = try await exchange.storing { () async throws(StoreError) in
                    try await reader.read(max: firstBytes, allocator: ByteBufferAllocator())
                }
                guard case .ready(let first) = piece else { throw .internalError }
                return answer.response(pulled(reader, first, exchange))
            }
        }
    }

    private func pulled(
        _ reader: PayloadReader,
        _ first: ByteBuffer,
        _ exchange: Exchange
    ) -> HTTPResponseBody {
        .pulled(
            PayloadBody(reader, first: first) { cause in
                exchange.logger.error(
                    "an object could not be read to its end",
                    metadata: ["request-id": "\(exchange.requestID)", "cause": "\(cause)"]
                )
            }
        )
    }
}
