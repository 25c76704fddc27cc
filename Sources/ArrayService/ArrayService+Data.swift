import ArrayModel
import ArrayStorage
import Compression
import HTTPServing
import NIOCore
import NIOHTTP1

extension ArrayService {
    /// A small region that is in memory, without leaving the event loop; nil if it is not so.
    func dataNow(
        _ wanted: DataRequest,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse? {
        guard
            wanted.format == .npy || wanted.format == .raw, caller.request.method == .GET,
            !caller.request.headers.contains(name: "range")
        else { return nil }
        let namespace = try namespace(of: wanted.reference, for: caller)
        let array: ResolvedArray?
        do {
            array = try catalog.resolveNow(wanted.reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
        guard let array else { return nil }
        let region = Region(
            array: array,
            selection: try selection(wanted.slice, of: array),
            format: wanted.format
        )
        let now: RegionNow?
        do {
            now = try reader.regionNow(array, region.selection)
        } catch {
            throw .read(error)
        }
        guard let now else { return nil }
        let tag = EntityTag(now.tag, region.format.rawValue)
        if tag.isKnown(to: caller.request) { return Self.notModified(region, tag) }
        var (elements, body) = (now.elements, region.header)
        body.writeBuffer(&elements)
        guard encoding(of: region.format, byteCount: body.readableBytes, caller) == nil else {
            return nil
        }
        return HTTPResponse(status: .ok, headers: region.headers(tag), body: .bytes(body))
    }

    /// A region in the form that was asked for.
    ///
    /// The first slab is read before the answer begins, so that what is wrong with the array or its
    /// first chunks is told; a failure after that cuts the connection.
    func data(
        _ wanted: DataRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array = try await resolve(wanted.reference, for: caller)
        let region = Region(
            array: array,
            selection: try selection(wanted.slice, of: array),
            format: wanted.format
        )
        let writer = try region.writer()
        let tag: EntityTag?
        do {
            tag = try await reader.contentTag(array, region.selection)
                .map { EntityTag($0, region.format.rawValue) }
        } catch {
            throw .read(error)
        }
        if let tag, tag.isKnown(to: caller.request) { return Self.notModified(region, tag) }
        if let writer { return try await written(region, tag, writer, caller) }
        guard region.format == .json else { return try await elements(region, tag, caller) }
        let lists = NestedListWriter.empty(shape: region.selection.shape)
        let text = ByteBuffer(bytes: lists.serialized() + [UInt8(ascii: "\n")])
        return HTTPResponse(status: .ok, headers: region.headers(tag), body: .bytes(text))
    }

    /// The answer to a client that has the content already.
    private static func notModified(_ region: Region, _ tag: EntityTag) -> HTTPResponse {
        var headers = region.headers(tag)
        headers.remove(name: "Content-Type")
        return HTTPResponse(status: .notModified, headers: headers)
    }

    /// How an answer is compressed for its client, before anything is known of its content.
    private func encoding(
        of format: DataFormat,
        byteCount: Int,
        _ caller: Caller
    ) -> ContentEncoding? {
        guard byteCount >= ArrayServiceLimits.encodedBytesMin, let content = format.content
        else { return nil }
        let field = caller.request.headers[canonicalForm: "accept-encoding"]
        guard !field.isEmpty else { return nil }
        return ContentEncoding(acceptEncoding: field.joined(separator: ","), content: content)
    }

    /// A region as its elements, or a range of that.
    private func elements(
        _ region: Region,
        _ tag: EntityTag?,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let elementBytes = region.selection.elementCount * region.dataType.itemBytes
        let (total, overflow) = elementBytes.addingReportingOverflow(region.header.readableBytes)
        guard !overflow else { throw .resultTooLarge(elements: region.selection.elementCount) }
        var headers = region.headers(tag)
        headers.add(name: "Accept-Ranges", value: "bytes")
        let range: Range<Int>?
        switch ByteRange(caller.request, byteCount: total, tag: tag?.field) {
        case .whole: range = nil
        case .part(let part):
            range = part
            let bounds = "\(part.lowerBound)-\(part.upperBound - 1)"
            headers.add(name: "Content-Range", value: "bytes \(bounds)/\(total)")
        case .unsatisfiable: throw .rangeUnsatisfiable(byteCount: total)
        }
        do {
            let bytes = try RegionBytes(region, reader, range: range)
            guard caller.request.method != .HEAD else {
                headers.add(name: "Content-Length", value: String(total))
                return HTTPResponse(status: .ok, headers: headers)
            }
            let body = BegunBody(bytes)
            guard range == nil else {
                try await body.begin()
                return try await plain(body, headers, status: .partialContent, caller)
            }
            return try await sent(body, headers, tag, region.format, caller)
        } catch let error as ArrayReadError {
            throw .read(error)
        } catch let error as CompressionError {
            throw .compression(error)
        } catch {
            throw .read(.cancelled)
        }
    }

    /// Elements, compressed if the client takes it and that makes them shorter.
    func sent(
        _ body: BegunBody,
        _ headers: HTTPHeaders,
        _ tag: EntityTag?,
        _ format: DataFormat,
        _ caller: Caller
    ) async throws -> HTTPResponse {
        try await body.begin()
        guard
            let encoding = encoding(of: format, byteCount: body.byteCount, caller),
            try await isWorthEncoding(body, encoding)
        else { return try await plain(body, headers, status: .ok, caller) }
        var headers = headers
        if let tag { headers.replaceOrAdd(name: "ETag", value: tag.encoded(encoding).field) }
        headers.remove(name: "Accept-Ranges")
        headers.add(name: "Content-Encoding", value: encoding.rawValue)
        return encoded(body, headers, encoding, caller)
    }

    private func plain(
        _ body: BegunBody,
        _ headers: HTTPHeaders,
        status: HTTPResponseStatus,
        _ caller: Caller
    ) async throws -> HTTPResponse {
        if body.byteCount <= ArrayServiceLimits.gatheredBytesMax {
            var whole = ByteBuffer()
            while var piece = try await body.next() { whole.writeBuffer(&piece) }
            return HTTPResponse(status: status, headers: headers, body: .bytes(whole))
        }
        return HTTPResponse(
            status: status,
            headers: headers,
            body: streamed(byteCount: Int64(body.byteCount), caller) { writer in
                var remaining = body.byteCount
                while let piece = try await body.next() {
                    remaining -= piece.readableBytes
                    try await send(piece, isLast: remaining == 0, writer)
                }
            }
        )
    }

    /// Runs what sends a body, and notes a failure of the server in it.
    func noting(_ caller: Caller, _ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error as ArrayReadError {
            note(.read(error), caller.request)
            throw error
        }
    }

    /// Sends a slab, and of the last one the end as copies.
    ///
    /// A write returns when the next piece would be taken up; the last two pieces may wait for the
    /// client after this returns, and the memory that is set aside for slabs is given back, so they hold no
    /// slab.
    func send(_ slab: ByteBuffer, isLast: Bool, _ writer: HTTPBodyWriter) async throws {
        guard isLast else { return try await writer.write(slab) }
        let pieceBytes = ArrayServiceLimits.gatheredBytesMax
        var slab = slab
        if let front = slab.readSlice(length: max(slab.readableBytes - 2 * pieceBytes, 0)) {
            if front.readableBytes > 0 { try await writer.write(front) }
        }
        while slab.readableBytes > 0,
            let piece = slab.readBytes(length: min(pieceBytes, slab.readableBytes))
        {
            try await writer.write(ByteBuffer(bytes: piece))
        }
    }
}
