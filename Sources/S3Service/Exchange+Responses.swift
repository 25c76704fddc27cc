import HTTPServing
import NIOCore
import NIOHTTP1
import S3Protocol
import StorageModel

extension Exchange {
    /// The header fields that every answer has, with room for more.
    func baseHeaders(reserving count: Int = 4) -> HTTPHeaders {
        Self.baseHeaders(requestID: requestID, hostID: hostID, reserving: count)
    }

    static func baseHeaders(
        requestID: String,
        hostID: String,
        reserving count: Int = 4
    ) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(3 + count)
        headers.add(name: "Server", value: "Nave")
        headers.add(name: "x-amz-request-id", value: requestID)
        headers.add(name: "x-amz-id-2", value: hostID)
        return headers
    }

    /// An answer without a body.
    func empty(
        _ status: HTTPResponseStatus,
        _ fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var headers = baseHeaders(reserving: fields.count)
        for field in fields { headers.add(name: field.name, value: field.value) }
        return HTTPResponse(status: status, headers: headers, body: .none)
    }

    /// An answer with a document.
    func document(
        _ xml: [UInt8],
        _ fields: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        var headers = baseHeaders(reserving: fields.count + 1)
        headers.add(name: "Content-Type", value: "application/xml")
        for field in fields { headers.add(name: field.name, value: field.value) }
        return HTTPResponse(status: .ok, headers: headers, body: .bytes(ByteBuffer(bytes: xml)))
    }

    /// The answer that tells an error.
    func refusal(_ error: S3Error) -> HTTPResponse {
        Self.refusal(
            error,
            resource: String(target.path),
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
        var headers = baseHeaders(requestID: requestID, hostID: hostID)
        headers.add(name: "Content-Type", value: "application/xml")
        if case .invalidRange(_, let sizeBytes) = error {
            headers.add(name: "Content-Range", value: "bytes */\(sizeBytes)")
        } else if error.status == 503 {
            headers.add(name: "Retry-After", value: "1")
        } else if error.status == 405 {
            headers.add(name: "Allow", value: "GET, HEAD, PUT, POST, DELETE")
        }
        return HTTPResponse(
            status: HTTPResponseStatus(statusCode: error.status),
            headers: headers,
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
    static func quoted(_ entityTag: String) -> String { "\"" + entityTag + "\"" }
}
