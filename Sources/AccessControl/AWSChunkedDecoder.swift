import Checksums
import StorageModel

/// Takes the `aws-chunked` framing off a body and verifies its signatures.
///
/// A state machine without input or output: feed it the body in pieces of any size, then call
/// ``finish()``.
///
/// Decoded bytes are given out as they arrive, before the signature of their chunk can be checked.
/// The caller may stage them, but must discard all of them if any call throws; they are accepted
/// only when ``finish()`` returns. After an error every call throws the same error again.
///
/// Invariants:
/// - never more bytes are given out than were declared;
/// - a chunk after the first is looked at only if all chunks before it were signed rightly.
///
/// Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
/// Transferring Payload in Multiple Chunks" and "… Including trailing headers".
public struct AWSChunkedDecoder: Sendable {
    /// The longest chunk header, in bytes, without its line end.
    public static let headerBytesMax = 1024
    /// The longest trailer, in bytes, all lines together.
    public static let trailerBytesMax = 16_384

    /// The trailer's headers in order, names in lower case, without the trailer's signature;
    /// complete when ``finish()`` has returned.
    public private(set) var trailers: [HeaderField] = []
    /// How many decoded bytes were given out.
    public private(set) var decodedBytes: Int64 = 0

    private enum State {
        case chunkHeader
        case chunkData(remaining: Int64)
        case chunkEnd(isCarriageReturnSeen: Bool)
        case trailer
        case ended
        case failed(ChunkedBodyError)
    }

    private enum TrailerRule {
        case forbidden
        case allowed
        case signed
    }

    private let context: ChunkSigningContext?
    private let trailerRule: TrailerRule
    private let declaredBytes: Int64
    private var state = State.chunkHeader
    private var line: [UInt8] = []
    private var offset: Int64 = 0
    private var previousSignature: [UInt8]
    private var chunkSignature: [UInt8] = []
    private var chunkDigest = SHA256()
    private var trailerBytes = 0
    private var canonicalTrailer: [UInt8] = []
    private var isTrailerVerified = false

    /// Makes a decoder; `nil` if a body signed so is not framed.
    ///
    /// - Parameters:
    ///   - payload: What verification of the request found out.
    ///   - declaredBytes: The value of `x-amz-decoded-content-length`.
    public init?(_ payload: PayloadSigning, declaredBytes: Int64) {
        switch payload {
        case .unsigned, .sha256: return nil
        case .chunksSigned(let context):
            self.context = context
            trailerRule = .forbidden
        case .chunksSignedWithTrailer(let context):
            self.context = context
            trailerRule = .signed
        case .chunksUnsignedWithTrailer:
            context = nil
            trailerRule = .allowed
        }
        self.declaredBytes = declaredBytes
        previousSignature = context?.seed ?? []
    }

    /// Decodes a piece of the body.
    ///
    /// - Parameters:
    ///   - input: The next bytes of the encoded body.
    ///   - emit: Called for every run of decoded bytes with its place in `input`, so that the caller
    ///     can share the memory of its buffer.
    /// - Throws: Any ``ChunkedBodyError`` but ``ChunkedBodyError/truncated``.
    public mutating func decode(
        _ input: UnsafeRawBufferPointer,
        emit: (Range<Int>) -> Void
    ) throws(ChunkedBodyError) {
        do {
            try advance(input, emit)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// Checks that the body is whole: call at its end.
    ///
    /// - Throws: Any ``ChunkedBodyError``.
    public mutating func finish() throws(ChunkedBodyError) {
        do {
            try checkEnd()
            state = .ended
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private func checkEnd() throws(ChunkedBodyError) {
        switch state {
        case .failed(let error): throw error
        case .chunkHeader, .chunkData, .chunkEnd: throw .truncated
        case .trailer:
            // Some clients leave out the blank line at the very end.
            guard line.isEmpty || line == [UInt8(ascii: "\r")] else { throw .truncated }
        case .ended: break
        }
        if case .signed = trailerRule, !isTrailerVerified { throw .truncated }
        guard decodedBytes == declaredBytes else {
            throw .lengthMismatch(declared: declaredBytes, received: decodedBytes)
        }
    }

    private mutating func advance(
        _ input: UnsafeRawBufferPointer,
        _ emit: (Range<Int>) -> Void
    ) throws(ChunkedBodyError) {
        var index = 0
        while index < input.count {
            let start = index
            switch state {
            case .failed(let error):
                throw error
            case .ended:
                throw .framingInvalid(offset: offset)
            case .chunkData(let remaining):
                index = try takeData(input, from: index, remaining, emit)
                offset += Int64(index - start)
                continue
            case .chunkHeader:
                if try takeLineByte(input[index], max: Self.headerBytesMax, .chunkHeaderTooLong) {
                    try endChunkHeader()
                }
            case .chunkEnd(let isCarriageReturnSeen):
                try takeChunkEnd(input[index], isCarriageReturnSeen)
            case .trailer:
                trailerBytes += 1
                guard trailerBytes <= Self.trailerBytesMax else { throw .trailerTooLong }
                if try takeLineByte(input[index], max: Self.trailerBytesMax, .trailerTooLong) {
                    try endTrailerLine()
                }
            }
            index += 1
            offset += 1
        }
    }

    /// Adds a byte to the line; `true` if it ends it.
    private mutating func takeLineByte(
        _ byte: UInt8,
        max: Int,
        _ tooLong: ChunkedBodyError
    ) throws(ChunkedBodyError) -> Bool {
        if byte == UInt8(ascii: "\n") { return true }
        guard line.count < max + 1 else { throw tooLong }
        line.append(byte)
        return false
    }

    // MARK: - Chunks

    private mutating func endChunkHeader() throws(ChunkedBodyError) {
        guard line.popLast() == UInt8(ascii: "\r") else { throw .framingInvalid(offset: offset) }
        let sizeEnd = line.firstIndex(of: UInt8(ascii: ";")) ?? line.endIndex
        guard let size = Self.hexadecimal(line[..<sizeEnd]) else {
            throw .framingInvalid(offset: offset)
        }
        if context != nil {
            let name = Array(";chunk-signature=".utf8)
            guard line[sizeEnd...].starts(with: name) else { throw .signatureMismatch }
            chunkSignature = Array(line[(sizeEnd + name.count)...])
        }
        line.removeAll(keepingCapacity: true)
        chunkDigest = SHA256()
        guard size <= declaredBytes - decodedBytes else {
            let (received, isOverflow) = decodedBytes.addingReportingOverflow(size)
            throw .lengthMismatch(
                declared: declaredBytes,
                received: isOverflow ? .max : received
            )
        }
        if size > 0 {
            state = .chunkData(remaining: size)
        } else {
            try verifyChunk()
            state = .trailer
        }
    }

    /// Gives out as much of the chunk as there is; returns the place after it.
    private mutating func takeData(
        _ input: UnsafeRawBufferPointer,
        from start: Int,
        _ remaining: Int64,
        _ emit: (Range<Int>) -> Void
    ) throws(ChunkedBodyError) -> Int {
        let count = Int(min(Int64(input.count - start), remaining))
        let run = start..<(start + count)
        if context != nil { chunkDigest.update(UnsafeRawBufferPointer(rebasing: input[run])) }
        decodedBytes += Int64(count)
        emit(run)
        if Int64(count) == remaining {
            try verifyChunk()
            state = .chunkEnd(isCarriageReturnSeen: false)
        } else {
            state = .chunkData(remaining: remaining - Int64(count))
        }
        return run.upperBound
    }

    private mutating func verifyChunk() throws(ChunkedBodyError) {
        guard let context else { return }
        let expected = context.signature(ofChunk: chunkDigest, after: previousSignature)
        guard ConstantTime.equals(expected, chunkSignature) else { throw .signatureMismatch }
        previousSignature = expected
    }

    private mutating func takeChunkEnd(
        _ byte: UInt8,
        _ isCarriageReturnSeen: Bool
    ) throws(ChunkedBodyError) {
        let expected = UInt8(ascii: isCarriageReturnSeen ? "\n" : "\r")
        guard byte == expected else { throw .framingInvalid(offset: offset) }
        state = isCarriageReturnSeen ? .chunkHeader : .chunkEnd(isCarriageReturnSeen: true)
    }

    /// Reads 1 to 16 hexadecimal digits that fit; `nil` for anything else.
    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard let digit = Hexadecimal.value(digit) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return Int64(exactly: value)
    }

    // MARK: - Trailer

    private mutating func endTrailerLine() throws(ChunkedBodyError) {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            // Some clients end every signed line with an extra line end; the body ends at the
            // first blank line after the signature.
            if case .signed = trailerRule, !isTrailerVerified { return }
            state = .ended
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            let name = String(validating: line[..<colon], as: UTF8.self)?.lowercased(),
            let text = String(validating: line[(colon + 1)...], as: UTF8.self)
        else { throw .trailerInvalid }
        let value = Self.trimmed(text)
        switch trailerRule {
        case .forbidden: throw .trailerInvalid
        case .allowed: break
        case .signed:
            guard !isTrailerVerified else { throw .trailerInvalid }
            if name == "x-amz-trailer-signature" {
                try verifyTrailer(signature: Array(value.utf8))
                return
            }
            canonicalTrailer.append(contentsOf: "\(name):\(value)\n".utf8)
        }
        trailers.append(HeaderField(name, value))
    }

    private mutating func verifyTrailer(signature: [UInt8]) throws(ChunkedBodyError) {
        guard let context else { throw .signatureMismatch }
        let expected = context.signature(ofTrailer: canonicalTrailer, after: previousSignature)
        guard ConstantTime.equals(expected, signature) else { throw .signatureMismatch }
        isTrailerVerified = true
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let start = text.utf8.firstIndex { !isSpace($0) } ?? text.utf8.endIndex
        guard let last = text.utf8.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(text[start...last])
    }
}
