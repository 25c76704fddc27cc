import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage

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
        if var first, first.readableBytes == slabs.byteCount {
            head.writeBuffer(&first)
            return HTTPResponse(status: .ok, headers: region.headers, body: .bytes(head))
        }
        let (beginning, rest) = (head, slabs)
        let firstSlab = first
        return HTTPResponse(
            status: .ok,
            headers: region.headers,
            body: .streamed(byteCount: Int64(byteCount)) { writer in
                if beginning.readableBytes > 0 { try await writer.write(beginning) }
                if let firstSlab { try await writer.write(firstSlab) }
                var slabs = rest
                do {
                    while let slab = try await slabs.next() { try await writer.write(slab) }
                } catch let error as ArrayReadError {
                    note(.read(error), caller.request)
                    throw error
                }
            }
        )
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
        var lists = NestedListWriter(dataType: region.array.metadata.dataType, shape: shape)
        var body = ByteBuffer()
        do {
            while let slab = try await slabs.next() {
                slab.withUnsafeReadableBytes { bytes in
                    var text: [UInt8] = []
                    lists.append(bytes, to: &text)
                    body.writeBytes(text)
                }
            }
        } catch {
            throw .read(error)
        }
        body.writeInteger(UInt8(ascii: "\n"))
        return HTTPResponse(status: .ok, headers: region.headers, body: .bytes(body))
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
