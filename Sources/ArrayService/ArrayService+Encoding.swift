import ArrayModel
import ArrayStorage
import Compression
import HTTPServing
import NIOCore
import NIOHTTP1

// Answers that are computed on their way: spelled, drawn, compressed.

extension ArrayService {
    /// Whether compressing elements makes them shorter by a tenth at least, judged by their first
    /// kilobytes.
    func isWorthEncoding(
        _ body: BegunBody,
        _ encoding: ContentEncoding
    ) async throws -> Bool {
        guard let sample = body.sample else { return false }
        let length = min(sample.readableBytes, 64 << 10)
        return try await reader.compute {
            let compressor = StreamCompressor(encoding.format)
            var compressed = try sample.withUnsafeReadableBytes { bytes in
                try compressor.append(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
            }
            compressed += try compressor.finish()
            return compressed.count <= length - length / 10
        }
    }

    /// Elements, compressed.
    func encoded(
        _ body: BegunBody,
        _ headers: HTTPHeaders,
        _ encoding: ContentEncoding,
        _ caller: Caller
    ) -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            headers: headers,
            body: streamed(byteCount: nil, caller) { writer in
                let compressor = StreamCompressor(encoding.format)
                while let piece = try await body.next() {
                    try await compress(piece, compressor, writer)
                }
                try await finish(compressor, writer)
            }
        )
    }

    /// Elements in a form that a writer makes of them, compressed if the client takes it.
    func written(
        _ region: Region,
        _ tag: EntityTag?,
        _ elements: any ElementWriter,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let isSmall = region.selection.elementCount <= elements.pieceElements
        let accepted = caller.request.headers[canonicalForm: "accept-encoding"]
        var encoding: ContentEncoding?
        if !isSmall, !accepted.isEmpty, let content = region.format.content {
            encoding = ContentEncoding(
                acceptEncoding: accepted.joined(separator: ","),
                content: content
            )
        }
        var headers = region.headers(tag?.encoded(encoding))
        if let encoding { headers.add(name: "Content-Encoding", value: encoding.rawValue) }
        do {
            let raw = Region(array: region.array, selection: region.selection, format: .raw)
            let body = BegunBody(try RegionBytes(raw, reader))
            if isSmall { return try await gathered(body, headers, elements) }
            if caller.request.method != .HEAD { try await body.begin() }
            let compressor = encoding.map { StreamCompressor($0.format) }
            return HTTPResponse(
                status: .ok,
                headers: headers,
                body: streamed(byteCount: nil, caller) { writer in
                    try await write(body, elements, compressor, writer)
                }
            )
        } catch let error as ArrayReadError {
            throw .read(error)
        } catch let error as CompressionError {
            throw .compression(error)
        } catch {
            throw .read(.cancelled)
        }
    }

    /// A small region as one piece.
    private func gathered(
        _ body: BegunBody,
        _ headers: HTTPHeaders,
        _ elements: any ElementWriter
    ) async throws -> HTTPResponse {
        var pieces: [ByteBuffer] = []
        while let piece = try await body.next() { pieces.append(piece) }
        let slabs = pieces
        let text = try await reader.compute {
            var (elements, text) = (elements, [UInt8]())
            elements.begin(to: &text)
            for slab in slabs {
                try slab.withUnsafeReadableBytes { try elements.append($0, to: &text) }
            }
            elements.end(to: &text)
            return text
        }
        return HTTPResponse(
            status: .ok,
            headers: headers,
            body: .bytes(ByteBuffer(bytes: text))
        )
    }

    /// Writes elements in another form, which may be several times longer, a piece at a time.
    private func write(
        _ body: BegunBody,
        _ elements: any ElementWriter,
        _ compressor: StreamCompressor?,
        _ writer: HTTPBodyWriter
    ) async throws {
        var elements = elements
        var text: [UInt8] = []
        elements.begin(to: &text)
        let pieceBytes = elements.pieceElements * elements.itemBytes
        while var slab = try await body.next() {
            while slab.readableBytes > 0,
                let run = slab.readSlice(length: min(pieceBytes, slab.readableBytes))
            {
                try Task.checkCancellation()
                let (before, beginning) = (elements, text)
                let made = try await reader.compute {
                    var (elements, text) = (before, beginning)
                    try run.withUnsafeReadableBytes { try elements.append($0, to: &text) }
                    return (elements, text)
                }
                elements = made.0
                text = []
                try await write(ByteBuffer(bytes: made.1), compressor, writer)
            }
        }
        elements.end(to: &text)
        try await write(ByteBuffer(bytes: text), compressor, writer)
        if let compressor { try await finish(compressor, writer) }
    }

    private func write(
        _ piece: ByteBuffer,
        _ compressor: StreamCompressor?,
        _ writer: HTTPBodyWriter
    ) async throws {
        guard piece.readableBytes > 0 else { return }
        guard let compressor else { return try await writer.write(piece) }
        try await compress(piece, compressor, writer)
    }

    private func compress(
        _ piece: ByteBuffer,
        _ compressor: StreamCompressor,
        _ writer: HTTPBodyWriter
    ) async throws {
        var piece = piece
        while piece.readableBytes > 0,
            let run = piece.readSlice(
                length: min(ArrayServiceLimits.encodedPieceBytes, piece.readableBytes)
            )
        {
            let bytes = try await reader.compute {
                try run.withUnsafeReadableBytes { try compressor.append($0) }
            }
            if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
        }
    }

    private func finish(
        _ compressor: StreamCompressor,
        _ writer: HTTPBodyWriter
    ) async throws {
        let bytes = try await reader.compute { try compressor.finish() }
        if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
    }
}
