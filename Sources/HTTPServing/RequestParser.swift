import NIOCore

/// Cuts the bytes of a connection into request heads and body pieces.
///
/// A pure value: `next` takes what it understands off the front of the input and says what it
/// was. After a refusal or a malformed body there is nothing more to read from the connection.
///
/// Source: RFC 9112 sections 6 and 7.1.
struct RequestParser {
    /// What stood at the front of the input.
    enum Item {
        /// Nothing complete; more bytes are needed.
        case incomplete
        case head(RequestHead)
        /// The next bytes of the body, not empty.
        case body(ByteBuffer)
        /// The body is complete. Follows a head whose framing is not `none`.
        case end
        case refused(HTTPProtocolError)
        /// The body cannot be read on.
        case bodyFailed(HTTPBodyError)
    }

    private enum Phase {
        case head
        case sized(remaining: Int64)
        case chunkHeader
        case chunk(remaining: Int64)
        case chunkEnd
        case trailers
        case failed(HTTPBodyError)
    }

    /// The most bytes of a line with a chunk's size and extensions.
    private static let chunkLineBytesMax = 1024

    private let limits: HTTPServerLimits
    private var phase = Phase.head
    /// How many bytes of an incomplete head were looked at; only a new line can complete it.
    private var seenBytes = 0
    private var trailerBytes = 0
    /// The bytes of the body so far.
    private var bodyBytes: Int64 = 0

    init(limits: HTTPServerLimits) {
        self.limits = limits
    }

    /// The bytes of a sized body that are still to come; nil for other bodies.
    var remainingBytes: Int64? {
        switch phase {
        case .sized(let remaining): remaining
        case .head, .chunkHeader, .chunk, .chunkEnd, .trailers, .failed: nil
        }
    }

    /// Takes the next item off the front of `input`.
    mutating func next(_ input: inout ByteBuffer) -> Item {
        switch phase {
        case .head: return head(&input)
        case .sized(let remaining):
            guard remaining > 0 else { return end() }
            guard let piece = piece(&input, most: remaining) else { return .incomplete }
            phase = .sized(remaining: remaining - Int64(piece.readableBytes))
            return .body(piece)
        case .chunkHeader, .chunk, .chunkEnd, .trailers:
            do throws(HTTPBodyError) {
                return try chunked(&input)
            } catch {
                phase = .failed(error)
                return .bodyFailed(error)
            }
        case .failed(let error): return .bodyFailed(error)
        }
    }

    private mutating func end() -> Item {
        phase = .head
        bodyBytes = 0
        return .end
    }

    private func piece(_ input: inout ByteBuffer, most: Int64) -> ByteBuffer? {
        let count = Int(min(most, Int64(input.readableBytes)))
        return count > 0 ? input.readSlice(length: count) : nil
    }

    private mutating func head(_ input: inout ByteBuffer) -> Item {
        let limits = limits
        let seen = seenBytes
        let result: Result<(RequestHead?, Int), HTTPProtocolError> =
            input.withUnsafeReadableBytes { bytes in
                let isFull = bytes.count >= limits.headBytesMax
                if seen > 0, !isFull, !bytes[seen...].contains(ASCII.lineFeed) {
                    return .success((nil, 0))
                }
                var parser = HeadParser(bytes, limits: limits)
                do throws(HTTPProtocolError) {
                    return .success((try parser.parse(), parser.position))
                } catch {
                    return .failure(error)
                }
            }
        switch result {
        case .failure(let error): return .refused(error)
        case .success((nil, _)):
            seenBytes = input.readableBytes
            return .incomplete
        case .success((let head?, let count)):
            seenBytes = 0
            input.moveReaderIndex(forwardBy: count)
            switch head.framing {
            case .none: break
            case .sized(let bytes): phase = .sized(remaining: bytes)
            case .chunked: phase = .chunkHeader
            }
            return .head(head)
        }
    }

    // MARK: Chunked bodies

    private mutating func chunked(_ input: inout ByteBuffer) throws(HTTPBodyError) -> Item {
        while true {
            switch phase {
            case .chunkHeader:
                guard try chunkHeader(&input) else { return .incomplete }
            case .chunk(let remaining) where remaining > 0:
                guard let piece = piece(&input, most: remaining) else { return .incomplete }
                phase = .chunk(remaining: remaining - Int64(piece.readableBytes))
                return .body(piece)
            case .chunk: phase = .chunkEnd
            case .chunkEnd:
                guard try chunkEnd(&input) else { return .incomplete }
            case .trailers:
                switch try trailerLine(&input) {
                case .incomplete: return .incomplete
                case .field: continue
                case .last: return end()
                }
            case .head, .sized, .failed:
                preconditionFailure("a chunked body is read in its own phases")
            }
        }
    }

    /// Reads `size [; extensions]` CR LF; returns whether it was complete.
    private mutating func chunkHeader(_ input: inout ByteBuffer) throws(HTTPBodyError) -> Bool {
        let most = Self.chunkLineBytesMax
        let line: Result<(size: Int64, bytes: Int)?, HTTPBodyError> =
            input.withUnsafeReadableBytes { bytes in
                var position = 0
                var size: Int64 = 0
                while position < bytes.count, let digit = ASCII.hexadecimalValue(bytes[position]) {
                    // 15 digits stay below 2^60; leading zeros count as digits.
                    guard position < 15 else { return .failure(.malformed) }
                    size = size << 4 | digit
                    position += 1
                }
                let digits = position
                guard position < bytes.count else { return .success(nil) }
                guard digits > 0 else { return .failure(.malformed) }
                switch bytes[position] {
                case ASCII.carriageReturn, ASCII.semicolon, ASCII.space, ASCII.tab: break
                default: return .failure(.malformed)
                }
                while position < bytes.count, ASCII.isText(bytes[position]) {
                    position += 1
                }
                guard position < most else { return .failure(.malformed) }
                guard position + 1 < bytes.count else { return .success(nil) }
                guard bytes[position] == ASCII.carriageReturn,
                    bytes[position + 1] == ASCII.lineFeed
                else { return .failure(.malformed) }
                return .success((size, position + 2))
            }
        guard let (size, bytes) = try line.get() else { return false }
        guard size <= limits.bodyBytesMax - bodyBytes else {
            throw .tooLarge(limitBytes: limits.bodyBytesMax)
        }
        input.moveReaderIndex(forwardBy: bytes)
        bodyBytes += size
        trailerBytes = 0
        phase = size == 0 ? .trailers : .chunk(remaining: size)
        return true
    }

    private mutating func chunkEnd(_ input: inout ByteBuffer) throws(HTTPBodyError) -> Bool {
        guard let first: UInt8 = input.getInteger(at: input.readerIndex) else { return false }
        guard first == ASCII.carriageReturn else { throw .malformed }
        guard input.readableBytes >= 2 else { return false }
        guard input.getInteger(at: input.readerIndex + 1) == ASCII.lineFeed else {
            throw .malformed
        }
        input.moveReaderIndex(forwardBy: 2)
        phase = .chunkHeader
        return true
    }

    private enum TrailerLine {
        case incomplete
        case field
        case last
    }

    /// Reads a trailer field, which is checked and dropped, or the empty line after the last.
    private mutating func trailerLine(
        _ input: inout ByteBuffer
    ) throws(HTTPBodyError) -> TrailerLine {
        let length: Result<Int?, HTTPBodyError> = input.withUnsafeReadableBytes { bytes in
            var position = 0
            while position < bytes.count, ASCII.isToken(bytes[position]) {
                position += 1
            }
            guard position < bytes.count else { return .success(nil) }
            if position > 0 {
                guard bytes[position] == ASCII.colon else { return .failure(.malformed) }
                while position < bytes.count, ASCII.isText(bytes[position]) {
                    position += 1
                }
            }
            guard position < bytes.count else { return .success(nil) }
            guard bytes[position] == ASCII.carriageReturn else { return .failure(.malformed) }
            guard position + 1 < bytes.count else { return .success(nil) }
            guard bytes[position + 1] == ASCII.lineFeed else { return .failure(.malformed) }
            return .success(position + 2)
        }
        let bytes = try length.get() ?? input.readableBytes
        guard trailerBytes + bytes <= limits.headBytesMax else { throw .malformed }
        guard try length.get() != nil else { return .incomplete }
        trailerBytes += bytes
        input.moveReaderIndex(forwardBy: bytes)
        return bytes == 2 ? .last : .field
    }
}
