import AccessControl
import HTTPServing
import Logging
import ObjectStorage
import S3Protocol
import StorageModel

/// One request under way: what every step of answering it needs to know.
struct Exchange: Sendable {
    /// Its name, for the client and the log.
    let requestID: String
    /// The name of the server process.
    let hostID: String
    /// The head as it arrived.
    let request: HTTPRequest
    /// The header fields, with those that a presigner moved into the query.
    let headers: HeaderList
    /// Who signed it; nil for nobody.
    let caller: Principal?
    /// Who is said to have done what it does.
    var actor: PrincipalName? { caller?.name }
    /// How its body is signed and framed.
    let signing: PayloadSigning
    /// Where causes of failures are written.
    let logger: Logger

    /// The path as the client sent it; for errors and the log.
    var path: String { String(RequestTarget(request.target).path) }

    /// Makes the client's error of a store's, and logs what the client is not told.
    func failure(_ error: StoreError) -> S3Error {
        let answer = S3Error(
            error,
            preconditionHeader: headers["if-none-match"] == nil ? "If-Match" : "If-None-Match"
        )
        if answer.isServerFault { log(error, answer) }
        return answer
    }

    /// Logs the cause of an answer that blames the server.
    private func log(_ cause: StoreError, _ answer: S3Error) {
        logger.error(
            "request failed",
            metadata: [
                "request-id": "\(requestID)",
                "method": "\(request.method.rawValue)",
                "path": "\(path)",
                "code": "\(answer.code)",
                "cause": "\(cause)",
            ]
        )
    }

    /// Does a piece of the store's work, with its failure told as the client's.
    ///
    /// - Throws: ``S3Error``.
    func storing<Value>(
        _ work: () throws(StoreError) -> Value
    ) throws(S3Error) -> Value {
        do {
            return try work()
        } catch {
            throw failure(error)
        }
    }

    /// Does a piece of the store's work that waits, with its failure told as the client's.
    ///
    /// - Throws: ``S3Error``.
    func storing<Value>(
        _ work: () async throws(StoreError) -> Value
    ) async throws(S3Error) -> Value {
        do {
            return try await work()
        } catch {
            throw failure(error)
        }
    }
}
