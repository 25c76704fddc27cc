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
    ) throws(S3Error) -> HTTPResponse {
        for _ in 0..<S3Limits.replacedRetriesMax {
            let entry = try entry(key, bucket, exchange)
            let answer = try ReadAnswer(request, entry, exchange)
            guard answer.hasBody else { return answer.response(.none) }
            do {
                return answer.response(try body(entry, answer.range, exchange))
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

    /// The bytes of a range: at once when it is short and in memory, else pulled.
    private func body(
        _ entry: ObjectEntry,
        _ range: Range<Int64>,
        _ exchange: Exchange
    ) throws(StoreError) -> HTTPResponseBody {
        guard !range.isEmpty else { return .none }
        let allocator = ByteBufferAllocator()
        let isShort = range.upperBound - range.lowerBound <= S3Limits.immediateBytesMax
        if isShort,
            let bytes = try store.readInlineNow(entry, range: range, allocator: allocator)
        {
            return .bytes(bytes)
        }
        let reader = try store.reader(entry, range: range)
        var first: ByteBuffer?
        if isShort {
            let length = Int(reader.byteCount)
            reading: while true {
                let missing = length - (first?.readableBytes ?? 0)
                guard missing > 0 else { break }
                switch try reader.readNow(max: missing, allocator: allocator) {
                case .ready(var piece):
                    if first == nil {
                        first = piece
                    } else {
                        first?.writeBuffer(&piece)
                    }
                case .wouldBlock, .end: break reading
                }
            }
            if let first, first.readableBytes == length { return .bytes(first) }
        }
        return .pulled(
            PayloadBody(
                reader,
                first: first,
                requestID: exchange.requestID,
                logger: exchange.logger
            )
        )
    }
}
