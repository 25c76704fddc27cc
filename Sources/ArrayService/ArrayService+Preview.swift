import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import Pictures

extension ArrayService {
    /// Part of the tags of pictures; a greater one whenever equal elements give another picture, so that
    /// clients do not keep the one that they have.
    private static let pictureEdition = 2

    /// A picture of a plane.
    func preview(
        _ wanted: PreviewRequest,
        _ caller: Caller
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array = try await resolve(wanted.reference, for: caller)
        let plane: Plane
        do {
            plane = try Plane(array.metadata, axes: wanted.axes, indices: wanted.indices)
        } catch {
            throw .planeInvalid(error)
        }
        let tag: EntityTag?
        do {
            tag = try await reader.contentTag(array, plane.selection)
                .map { EntityTag($0, "preview\(Self.pictureEdition)-\(wanted.format.rawValue)") }
        } catch {
            throw .read(error)
        }
        var headers: HTTPHeaders = ["Cache-Control": "no-cache"]
        if let tag { headers.add(name: "ETag", value: tag.field) }
        if let tag, tag.isKnown(to: caller.request) {
            return HTTPResponse(status: .notModified, headers: headers)
        }
        let (samples, reservation) = try await samples(
            array,
            plane,
            extentMax: wanted.extentMax
        )
        defer { withExtendedLifetime(reservation) {} }
        if let sampling = samples.sampling {
            headers.add(name: "X-Nave-Sampled", value: sampling.field)
        }
        let rendering = PictureRendering(
            window: wanted.window ?? Self.window(for: array.metadata.dataType),
            map: wanted.map
        )
        let file: [UInt8]
        do {
            file = try await reader.compute {
                try Self.file(samples, rendering, wanted)
            }
        } catch let error as ArrayReadError {
            throw .read(error)
        } catch {
            throw .pictureFailed
        }
        headers.add(name: "Content-Type", value: "image/\(wanted.format.rawValue)")
        return HTTPResponse(
            status: .ok,
            headers: headers,
            body: .bytes(ByteBuffer(bytes: file))
        )
    }

    private func samples(
        _ array: ResolvedArray,
        _ plane: Plane,
        extentMax: Int
    ) async throws(ArrayServiceError) -> (PlaneSamples, BodyBudget.Reservation) {
        let pixels = min(plane.height, extentMax) * min(plane.width, extentMax)
        let bytes = pixels * plane.channels * ArrayServiceLimits.pictureSampleBytes
        guard let reservation = pictures.reserve(min(bytes, ArrayServiceLimits.picturesBytesMax))
        else { throw .read(.store(.overloaded)) }
        do {
            return (try await reader.samples(array, plane, extentMax: extentMax), reservation)
        } catch {
            throw .read(error)
        }
    }

    /// What a type's values are shown between if nothing is said.
    private static func window(for dataType: DataType) -> PictureRendering.Window {
        switch dataType {
        case .uint8: .fixed(0, 255)
        case .bool: .fixed(0, 1)
        default: .percentiles(1, 99)
        }
    }

    private static func file(
        _ samples: PlaneSamples,
        _ rendering: PictureRendering,
        _ wanted: PreviewRequest
    ) throws -> [UInt8] {
        var picture = rendering.picture(
            samples.values,
            height: samples.height,
            width: samples.width,
            channels: samples.channels
        )
        if samples.sampling != nil {
            picture = picture?.enlarged(wanted.extentMax / max(samples.height, samples.width))
        }
        guard let picture else { throw ArrayServiceError.pictureFailed }
        switch wanted.format {
        case .png: return try PNGEncoder.file(picture.layout, picture.pixels)
        case .jpeg:
            guard
                let flat = picture.opaque,
                let file = JPEGEncoder.file(flat.layout, flat.pixels)
            else { throw ArrayServiceError.pictureFailed }
            return file
        }
    }
}

extension PlaneSamples.Sampling {
    /// The value of the header field that tells of it.
    fileprivate var field: String { "chunks=\(chunks); of=\(of)" }
}
