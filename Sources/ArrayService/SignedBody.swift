import AccessControl
import Checksums
import HTTPServing
import NIOCore

/// The body of a request, held against its signature when it ends.
///
/// Nothing of a body may be kept before ``finish()`` has returned.
struct SignedBody: Sendable {
    private let whole: HTTPRequestBody
    private var pieces: HTTPRequestBody.AsyncIterator
    private var sha256: SHA256?
    private let claimed: [UInt8]?
    private var isAtEnd = false

    /// Begins to read.
    ///
    /// - Throws: ``RequestBodyFault/chunked``.
    init(_ body: HTTPRequestBody, _ signing: PayloadSigning) throws(ArrayServiceError) {
        whole = body
        pieces = body.makeAsyncIterator()
        switch signing {
        case .unsigned: claimed = nil
        case .sha256(let digest):
            claimed = digest
            sha256 = SHA256()
        case .chunksSigned, .chunksSignedWithTrailer, .chunksUnsignedWithTrailer:
            throw .body(.chunked)
        }
    }

    /// The next bytes, or nil after the last.
    ///
    /// - Throws: ``RequestBodyFault/incomplete``, or that the task was cancelled.
    mutating func next() async throws(ArrayServiceError) -> ByteBuffer? {
        guard !isAtEnd else { return nil }
        do {
            guard let piece = try await pieces.next() else {
                isAtEnd = true
                return nil
            }
            piece.withUnsafeReadableBytes { sha256?.update($0) }
            return piece
        } catch is CancellationError {
            throw .read(.cancelled)
        } catch {
            throw .body(.incomplete)
        }
    }

    /// Has whoever reads the body find it broken off, at once.
    func giveUp() {
        whole.giveUp()
    }

    /// Ends the body, of which nothing may be left, and checks it.
    ///
    /// - Throws: ``RequestBodyFault/digestMismatch``.
    mutating func finish() throws(ArrayServiceError) {
        guard let claimed, let computed = sha256?.finalize() else { return }
        guard claimed == computed else { throw .body(.digestMismatch) }
    }

    /// The whole of a short body, checked.
    ///
    /// - Throws: ``RequestBodyFault``.
    mutating func collect(upTo limitBytes: Int) async throws(ArrayServiceError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next() {
            guard piece.readableBytes <= limitBytes - bytes.count else {
                throw .body(.tooLarge(limitBytes: limitBytes))
            }
            bytes.append(contentsOf: piece.readableBytesView)
        }
        try finish()
        return bytes
    }
}
