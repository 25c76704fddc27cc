import ArrayModel
import ArrayStorage
import Compression
import HTTPServing
import NIOCore
import NIOHTTP1

extension ArrayService {
    /// Many samples or boxes of an array in the order of the request, as one stream.
    func gather(
        _ wanted: GatherRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array = try await resolve(wanted.reference, for: caller)
        let bytesMax = ArrayServiceLimits.gatherBodyBytesMax
        let declared = caller.request.declaredBodyBytes ?? Int64(bytesMax)
        guard declared <= Int64(bytesMax) else { throw .body(.tooLarge(limitBytes: bytesMax)) }
        guard let reservation = bodies.reserve(Int(declared)) else {
            throw .read(.store(.overloaded))
        }
        var signed = try SignedBody(body, caller.signing)
        let document = try GatherDocument(try await signed.collect(upTo: bytesMax))
        defer { withExtendedLifetime(reservation) {} }
        switch document {
        case .samples(let samples): return try await self.samples(samples, array, wanted, caller)
        case .boxes(let boxes): return try await self.boxes(boxes, array, wanted, caller)
        }
    }

    private func samples(
        _ samples: [Int],
        _ array: ResolvedArray,
        _ wanted: GatherRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let selection: Selection
        do {
            selection = try Selection(samples: samples, shape: array.metadata.shape)
        } catch {
            throw .selection(error)
        }
        let region = Region(array: array, selection: selection, format: wanted.format)
        let (elements, overflow) = selection.elementCount.multipliedReportingOverflow(
            by: region.dataType.itemBytes
        )
        guard !overflow, elements < Int.max - (1 << 20) else {
            throw .resultTooLarge(elements: selection.elementCount)
        }
        return try await send(caller) {
            let body = BegunBody(try RegionBytes(region, reader))
            return try await sent(body, region.headers(nil), nil, wanted.format, caller)
        }
    }

    private func boxes(
        _ texts: [String],
        _ array: ResolvedArray,
        _ wanted: GatherRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        var boxes: [Selection] = []
        for text in texts { boxes.append(try selection(text, of: array)) }
        let shape = boxes.first?.shape ?? array.metadata.shape
        let areEqual = boxes.allSatisfy { $0.shape == shape }
        let dataType = array.metadata.dataType
        var headers = Region(array: array, selection: .whole(shape: []), format: wanted.format)
            .headers(nil)
        let source: (any ByteSource)?
        if areEqual || wanted.format == .raw {
            let result = [boxes.count] + shape
            let npy = NPYHeader(dataType: dataType, shape: result).bytes()
            do {
                source = BoxBytes(
                    try reader.boxes(array, boxes),
                    header: wanted.format == .npy ? npy : []
                )
            } catch {
                throw .read(error)
            }
            let text = String(decoding: JSONValue.integers(result).serialized(), as: UTF8.self)
            headers.replaceOrAdd(name: "X-Nave-Shape", value: text)
        } else {
            source = BoxSequenceBytes(array, boxes: boxes, reader: reader)
            headers.replaceOrAdd(name: "Content-Type", value: "application/x-npy-sequence")
        }
        if !areEqual { headers.remove(name: "X-Nave-Shape") }
        guard let source else { throw .resultTooLarge(elements: .max) }
        let sent = headers
        return try await send(caller) {
            try await self.sent(BegunBody(source), sent, nil, wanted.format, caller)
        }
    }

    /// Makes an answer, with what goes wrong before it begins as a problem.
    private func send(
        _ caller: Caller,
        _ answer: () async throws -> HTTPResponse
    ) async throws(ArrayServiceError) -> HTTPResponse {
        do {
            return try await answer()
        } catch let error as ArrayReadError {
            throw .read(error)
        } catch let error as CompressionError {
            throw .compression(error)
        } catch {
            throw .read(.cancelled)
        }
    }
}
