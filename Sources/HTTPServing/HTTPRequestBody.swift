import NIOCore

/// The body of a request, read in the order of arrival, once.
///
/// At most ``HTTPServerLimits/bufferedBodyBytesMax`` bytes wait for the reader; beyond that the
/// server stops reading from the connection. One task reads at a time. Iterating again goes on
/// where the last iteration stopped.
///
/// Errors thrown by `next()`: ``HTTPBodyError`` or, when the reading task is cancelled,
/// `CancellationError`. A body that ends without an error is complete.
public struct HTTPRequestBody: AsyncSequence, Sendable {
    /// A piece of the body, never empty.
    public typealias Element = ByteBuffer

    private let exchange: RequestBodyExchange?

    init(_ exchange: RequestBodyExchange?) {
        self.exchange = exchange
    }

    /// A body that is in memory already, as services use in their own tests.
    public init(pieces: [ByteBuffer]) {
        let exchange = RequestBodyExchange(
            RequestBodyState(bufferedBytesMax: Int.max, continuation: .notAwaited)
        )
        for piece in pieces {
            exchange.arrive(piece)
        }
        exchange.finish(.complete)
        self.init(exchange)
    }

    /// Reads the pieces of one body.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        fileprivate let exchange: RequestBodyExchange?

        /// The next piece, never empty, or nil after the last.
        ///
        /// - Throws: ``HTTPBodyError`` or `CancellationError`.
        public mutating func next() async throws -> ByteBuffer? {
            try await exchange?.next()
        }
    }

    /// Starts, or goes on, reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(exchange: exchange)
    }

    /// Ends the body for who reads it, as if the client had sent nothing for too long: what came already is
    /// still read, then ``HTTPBodyError/timedOut`` is thrown.
    public func giveUp() {
        exchange?.finish(.failed(.timedOut))
    }

    /// Reads the rest of the body into one buffer.
    ///
    /// - Throws: ``HTTPBodyError/tooLarge(limitBytes:)`` when there are more than `bytesMax` bytes,
    ///   and what `next()` throws.
    public func collect(upTo bytesMax: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        for try await var piece in self {
            guard piece.readableBytes <= bytesMax - whole.readableBytes else {
                throw HTTPBodyError.tooLarge(limitBytes: Int64(bytesMax))
            }
            if whole.readableBytes == 0 {
                whole = piece
            } else {
                whole.writeBuffer(&piece)
            }
        }
        return whole
    }
}
