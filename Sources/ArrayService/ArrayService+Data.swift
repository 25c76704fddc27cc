import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage
import Synchronization

extension ArrayService {
    /// A small region that is in memory, without leaving the event loop; nil if it is not so.
    func dataNow(
        _ wanted: DataRequest,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse? {
        guard wanted.format != .json, caller.request.method == .GET else { return nil }
        let namespace = try namespace(wanted.reference.namespace, for: caller, .read)
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
        do {
            guard var elements = try reader.regionNow(array, region.selection) else { return nil }
            var body = region.header
            body.writeBuffer(&elements)
            return HTTPResponse(status: .ok, headers: region.headers, body: .bytes(body))
        } catch {
            throw .read(error)
        }
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
        switch wanted.format {
        case .json: return try await nestedLists(region, caller)
        case .npy, .raw: return try await elements(region, caller)
        }
    }

    private func elements(
        _ region: Region,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        var slabs: RegionReader
        var first: ByteBuffer?
        do {
            slabs = try reader.region(region.array, region.selection)
            first = caller.request.method == .HEAD ? nil : try await slabs.next()
        } catch {
            throw .read(error)
        }
        var head = region.header
        let (byteCount, overflow) = slabs.byteCount.addingReportingOverflow(head.readableBytes)
        guard !overflow else { throw .resultTooLarge(elements: region.selection.elementCount) }
        if var first, first.readableBytes == slabs.byteCount,
            byteCount <= ArrayServiceLimits.gatheredBytesMax
        {
            head.writeBuffer(&first)
            return HTTPResponse(status: .ok, headers: region.headers, body: .bytes(head))
        }
        let (beginning, rest) = (head, slabs)
        let firstSlab = FirstSlab(first)
        first = nil
        return HTTPResponse(
            status: .ok,
            headers: region.headers,
            body: .streamed(byteCount: Int64(byteCount)) { writer in
                if beginning.readableBytes > 0 { try await writer.write(beginning) }
                // Memory is set aside as long as there is a copy of the reader.
                var slabs = rest
                var remaining = rest.byteCount
                do {
                    while let slab = try await firstSlab.take(orNextOf: &slabs) {
                        remaining -= slab.readableBytes
                        try await send(slab, isLast: remaining == 0, writer)
                    }
                } catch let error as ArrayReadError {
                    note(.read(error), caller.request)
                    throw error
                }
            }
        )
    }

    /// Sends a slab, and of the last one the end as copies.
    ///
    /// A write returns when the next piece would be taken up; the last two pieces may wait for the
    /// client after the memory that is set aside for slabs is given back, so they hold no slab.
    private func send(_ slab: ByteBuffer, isLast: Bool, _ writer: HTTPBodyWriter) async throws {
        guard isLast else { return try await writer.write(slab) }
        let pieceBytes = ArrayServiceLimits.gatheredBytesMax
        var slab = slab
        if let front = slab.readSlice(length: max(slab.readableBytes - 2 * pieceBytes, 0)) {
            try await writer.write(front)
        }
        while slab.readableBytes > 0,
            let piece = slab.readBytes(length: min(pieceBytes, slab.readableBytes))
        {
            try await writer.write(ByteBuffer(bytes: piece))
        }
    }

    private func nestedLists(
        _ region: Region,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let shape = region.selection.shape
        let entries = NestedListWriter.entryCount(shape: shape) ?? Int.max
        let itemBytes = region.array.metadata.dataType.itemBytes
        guard entries <= ArrayServiceLimits.jsonElementsMax,
            region.selection.elementCount * itemBytes <= ArrayServiceLimits.jsonElementBytesMax
        else {
            throw .resultTooLarge(elements: max(entries, region.selection.elementCount))
        }
        var slabs: RegionReader
        do {
            slabs = try reader.region(region.array, region.selection)
        } catch {
            throw .read(error)
        }
        guard region.selection.elementCount > 0 else {
            let text = NestedListWriter.empty(shape: shape).serialized() + [UInt8(ascii: "\n")]
            return HTTPResponse(
                status: .ok,
                headers: region.headers,
                body: .bytes(ByteBuffer(bytes: text))
            )
        }
        let lists = NestedListWriter(dataType: region.array.metadata.dataType, shape: shape)
        let isSmall = region.selection.elementCount <= lists.pieceElements
        let firstSlab: FirstSlab
        do {
            let isHead = caller.request.method == .HEAD
            firstSlab = FirstSlab(isHead && !isSmall ? nil : try await slabs.next())
        } catch {
            throw .read(error)
        }
        if isSmall { return try await gathered(region, firstSlab, slabs, lists) }
        let rest = slabs
        return HTTPResponse(
            status: .ok,
            headers: region.headers,
            body: .streamed(byteCount: nil) { writer in
                var (slabs, lists) = (rest, lists)
                do {
                    while let slab = try await firstSlab.take(orNextOf: &slabs) {
                        try await spell(slab, &lists, writer)
                    }
                } catch let error as ArrayReadError {
                    note(.read(error), caller.request)
                    throw error
                }
                try await writer.write(ByteBuffer(string: "\n"))
            }
        )
    }

    /// A small region as one piece of text.
    private func gathered(
        _ region: Region,
        _ firstSlab: FirstSlab,
        _ rest: RegionReader,
        _ lists: NestedListWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        var (slabs, lists) = (rest, lists)
        var text: [UInt8] = []
        do {
            while let slab = try await firstSlab.take(orNextOf: &slabs) {
                slab.withUnsafeReadableBytes { lists.append($0, to: &text) }
            }
        } catch {
            throw .read(error)
        }
        text.append(UInt8(ascii: "\n"))
        return HTTPResponse(
            status: .ok,
            headers: region.headers,
            body: .bytes(ByteBuffer(bytes: text))
        )
    }

    /// Writes the elements of a slab as text, which is several times longer, a piece at a time.
    private func spell(
        _ slab: ByteBuffer,
        _ lists: inout NestedListWriter,
        _ writer: HTTPBodyWriter
    ) async throws {
        let pieceBytes = lists.pieceElements * lists.itemBytes
        var slab = slab
        while slab.readableBytes > 0,
            let run = slab.readSlice(length: min(pieceBytes, slab.readableBytes))
        {
            try Task.checkCancellation()
            var text: [UInt8] = []
            run.withUnsafeReadableBytes { lists.append($0, to: &text) }
            try await writer.write(ByteBuffer(bytes: text))
        }
    }
}

/// A slab that was read before the answer began; whoever takes it alone holds its memory, so that
/// it is given back once the slab is sent.
///
/// State: guarded by `slab`.
private final class FirstSlab: Sendable {
    private let slab: Mutex<ByteBuffer?>

    init(_ slab: ByteBuffer?) {
        self.slab = Mutex(slab)
    }

    /// The slab, the first time.
    func take() -> ByteBuffer? {
        slab.withLock { $0.take() }
    }

    /// The slab, the first time, and then those that follow.
    func take(orNextOf slabs: inout RegionReader) async throws(ArrayReadError) -> ByteBuffer? {
        if let slab = take() { return slab }
        return try await slabs.next()
    }
}

/// What a client asked to read, and how its answer begins.
private struct Region: Sendable {
    let array: ResolvedArray
    let selection: Selection
    let format: DataFormat

    /// The bytes before the first element.
    var header: ByteBuffer {
        switch format {
        case .npy:
            let header = NPYHeader(dataType: array.metadata.dataType, shape: selection.shape)
            return ByteBuffer(bytes: header.bytes())
        case .raw, .json: return ByteBuffer()
        }
    }

    /// The headers of the answer; the shape is a JSON list.
    var headers: HTTPHeaders {
        let shape = JSONValue.integers(selection.shape).serialized()
        return [
            "Content-Type": contentType,
            "X-Nave-Shape": String(decoding: shape, as: UTF8.self),
            "X-Nave-Dtype": array.metadata.dataType.name,
            "Vary": "Accept",
            "Cache-Control": "no-cache",
        ]
    }

    private var contentType: String {
        switch format {
        case .npy: "application/x-npy"
        case .raw: "application/octet-stream"
        case .json: "application/json"
        }
    }
}
