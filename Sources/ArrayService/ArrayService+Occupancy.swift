import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import Pictures

extension ArrayService {
    /// Which chunks of an array are stored.
    func occupancy(
        _ wanted: OccupancyRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array = try await resolve(wanted.reference, for: caller)
        switch wanted.format {
        case .json: return try await storedChunks(wanted, array)
        case .png, .npy: return try await occupancyMap(wanted, array)
        }
    }

    private func storedChunks(
        _ wanted: OccupancyRequest,
        _ array: ResolvedArray
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let grid = array.metadata.grid
        if let cursor = wanted.cursor, !grid.contains(cursor) {
            throw .parameterInvalid("cursor", expected: "the \"next\" of the page before")
        }
        let page: OccupancyPage
        do {
            page = try await reader.storedChunks(
                array,
                after: wanted.cursor,
                limit: wanted.limit
            )
        } catch {
            throw .read(error)
        }
        let next = page.isLast ? nil : page.chunks.last
        let stored = array.node.tally.map { JSONValue.integer($0.chunks) }
        return .document(
            .members([
                "reference": .string(wanted.reference.text),
                "grid_shape": .integers(grid.chunkCounts),
                "chunk_shape": .integers(grid.chunkShape),
                "chunks_total": .integer(grid.chunkCount),
                "chunks_stored": stored ?? .null,
                "chunks": .array(page.chunks.map { .integers($0) }),
                "next": next.map { .string($0.map(String.init).joined(separator: ",")) } ?? .null,
            ])
        )
    }

    private func occupancyMap(
        _ wanted: OccupancyRequest,
        _ array: ResolvedArray
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let axes = try Self.axes(wanted, rank: array.metadata.rank)
        let reservation = try reserveMap(array.metadata.grid, axes, extentMax: wanted.extentMax)
        defer { withExtendedLifetime(reservation) {} }
        let map: OccupancyMap
        do {
            map = try await reader.occupancy(
                array,
                axes: axes,
                extentMax: wanted.extentMax,
                keysMax: ArrayServiceLimits.occupancyKeysMax
            )
        } catch {
            throw .read(error)
        }
        var headers: HTTPHeaders = ["Cache-Control": "no-store"]
        if map.isTruncated {
            let counted = "chunks=\(ArrayServiceLimits.occupancyKeysMax)"
            headers.add(name: "X-Nave-Sampled", value: counted)
        }
        let bytes: [UInt8]
        if wanted.format == .npy {
            headers.add(name: "Content-Type", value: DataFormat.npy.contentType)
            bytes = Self.file(map)
        } else {
            headers.add(name: "Content-Type", value: "image/png")
            bytes = try Self.picture(map)
        }
        return HTTPResponse(
            status: .ok,
            headers: headers,
            body: .bytes(ByteBuffer(bytes: bytes))
        )
    }

    /// Memory for a map while it is made, of that which all pictures share.
    private func reserveMap(
        _ grid: ChunkGrid,
        _ axes: [Int],
        extentMax: Int
    ) throws(ArrayServiceError) -> BodyBudget.Reservation {
        let cells = axes.reduce(1) { $0 * min(max(grid.chunkCount(axis: $1), 1), extentMax) }
        let bytes = cells * ArrayServiceLimits.pictureSampleBytes
        guard let reservation = pictures.reserve(min(bytes, ArrayServiceLimits.picturesBytesMax))
        else { throw .read(.store(.overloaded)) }
        return reservation
    }

    private static func file(_ map: OccupancyMap) -> [UInt8] {
        var bytes = NPYHeader(dataType: .int64, shape: [map.height, map.width]).bytes()
        bytes.reserveCapacity(bytes.count + map.counts.count * MemoryLayout<Int64>.size)
        for count in map.counts {
            withUnsafeBytes(of: Int64(count).littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Black where nothing is stored, white where everything is.
    private static func picture(_ map: OccupancyMap) throws(ArrayServiceError) -> [UInt8] {
        let pixels = zip(map.counts, map.capacities).map { count, capacity in
            // One chunk of a million is still seen.
            count == 0 ? 0 : UInt8(max(1, min(255, (Double(count) / capacity * 255).rounded())))
        }
        guard
            let layout = PictureLayout(
                height: map.height,
                width: map.width,
                channels: 1,
                sample: .byte
            )
        else { throw .pictureFailed }
        do {
            return try PNGEncoder.file(layout, pixels)
        } catch {
            throw .compression(error)
        }
    }

    /// The axes that are shown: those named, or the first two.
    private static func axes(
        _ wanted: OccupancyRequest,
        rank: Int
    ) throws(ArrayServiceError) -> [Int] {
        guard let named = wanted.axes else { return Array((0..<rank).prefix(2)) }
        let axes = named.map { $0 < 0 ? $0 + rank : $0 }
        guard axes[0] != axes[1], axes.allSatisfy({ (0..<rank).contains($0) }) else {
            throw .planeInvalid(.axesInvalid(rank: rank))
        }
        return axes
    }
}
