import HTTPServing
import NIOCore
import NIOHTTP1
import S3Protocol
import StorageModel

extension Exchange {
    /// The header fields that every answer has, with room for more.
    func baseFields(reserving count: Int = 4) -> [(String, String)] {
        Self.baseFields(requestID: requestID, hostID: hostID, reserving: count)
    }

    static func baseFields(
        requestID: String,
        hostID: String,
        reserving count: Int = 4
    ) -> [(String, String)] {
        var fields: [(String, String)] = []
        fields.reserveCapacity(3 + count)
        fields.append(("Server", "Nave"))
        fields.append(("x-amz-request-id", requestID))
        fields.append(("x-amz-id-2", hostID))
        return fields
    }

    /// An answer without a body.
    func empty(
        _ status: HTTPResponseStatus,
        _ fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        let all = baseFields(reserving: fields.count) + fields.map { ($0.name, $0.value) }
        return HTTPResponse(status: status, headers: HTTPHeaders(all), body: .none)
    }

    /// An answer with a document.
    func document(
        _ xml: [UInt8],
        _ fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var all = baseFields(reserving: fields.count + 1)
        all.append(("Content-Type", "application/xml"))
        all += fields.map { ($0.name, $0.value) }
        return HTTPResponse(
            status: .ok,
            headers: HTTPHeaders(all),
            body: .bytes(ByteBuffer(bytes: xml))
        )
    }

    /// The answer that tells an error.
    func refusal(_ error: S3Error) -> HTTPResponse {
        Self.refusal(
            error,
            resource: path,
            requestID: requestID,
            hostID: hostID
        )
    }

    static func refusal(
        _ error: S3Error,
        resource: String,
        requestID: String,
        hostID: String
    ) -> HTTPResponse {
        let xml = ErrorDocument.write(
            error,
            resource: resource,
            requestID: requestID,
            hostID: hostID
        )
        var fields = baseFields(requestID: requestID, hostID: hostID)
        fields.append(("Content-Type", "application/xml"))
        if case .invalidRange(_, let sizeBytes) = error {
            fields.append(("Content-Range", "bytes */\(sizeBytes)"))
        } else if error.status == 503 {
            fields.append(("Retry-After", "1"))
        } else if error.status == 405 {
            fields.append(("Allow", "GET, HEAD, PUT, POST, DELETE"))
        }
        return HTTPResponse(
            status: HTTPResponseStatus(statusCode: error.status),
            headers: HTTPHeaders(fields),
            body: .bytes(ByteBuffer(bytes: xml))
        )
    }

    /// The header fields that tell a checksum.
    static func checksumFields(_ checksum: ObjectChecksum) -> [(name: String, value: String)] {
        [
            (checksum.algorithm.headerName, checksum.text),
            ("x-amz-checksum-type", checksum.scope.name),
        ]
    }

    /// An entity tag in its quotes.
    ///
    /// Written in one go: two strings joined twice take three times the time.
    static func quoted(_ entityTag: String) -> String {
        var entityTag = entityTag
        return entityTag.withUTF8 { tag in
            String(unsafeUninitializedCapacity: tag.count + 2) { quoted in
                quoted[0] = UInt8(ascii: "\"")
                for index in tag.indices {
                    quoted[index + 1] = tag[index]
                }
                quoted[tag.count + 1] = UInt8(ascii: "\"")
                return tag.count + 2
            }
        }
    }
}
