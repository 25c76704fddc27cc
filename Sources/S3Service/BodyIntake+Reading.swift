import HTTPServing
import NIOCore
import ObjectStorage
import S3Protocol

extension BodyIntake {
    /// Reads a body into a stage, and checks it before the stage is finished.
    ///
    /// Whatever goes wrong, the stage is given up and nothing is kept.
    ///
    /// - Throws: ``S3Error``.
    mutating func readPayload(
        _ body: HTTPRequestBody,
        into stage: PayloadStage,
        _ exchange: Exchange
    ) async throws(S3Error) -> (payload: StagedPayload, summary: BodySummary) {
        do throws(S3Error) {
            var pieces = body.makeAsyncIterator()
            while let piece = try await Self.next(&pieces) {
                for run in try take(piece) {
                    try await exchange.storing { () async throws(StoreError) in
                        try await stage.append(run)
                    }
                }
            }
            let summary = try finish()
            let payload = try await exchange.storing { () async throws(StoreError) in
                try await stage.finish()
            }
            return (payload, summary)
        } catch {
            await stage.discard()
            throw error
        }
    }

    /// Reads a document.
    ///
    /// - Throws: ``S3Error``.
    mutating func readDocument(_ body: HTTPRequestBody) async throws(S3Error) -> [UInt8] {
        var document: [UInt8] = []
        var pieces = body.makeAsyncIterator()
        while let piece = try await Self.next(&pieces) {
            for run in try take(piece) { document.append(contentsOf: run.readableBytesView) }
        }
        _ = try finish()
        return document
    }

    private static func next(
        _ pieces: inout HTTPRequestBody.AsyncIterator
    ) async throws(S3Error) -> ByteBuffer? {
        do {
            return try await pieces.next()
        } catch let error as HTTPBodyError {
            throw S3Error(error)
        } catch {
            // The task was cancelled: the server stops, or the client is gone.
            throw .serviceUnavailable
        }
    }
}
