import ArrayModel
import ArrayStorage
import NIOCore

/// Takes in the elements of a write: the header, if there is one, and then exactly as many bytes as it
/// says, for which memory is set aside as they come.
struct ElementIntake {
    private let writer: ArrayWriter
    private let rule: BodyPace.Rule
    private var body: SignedBody
    /// What was read beyond the header.
    private var rest = ByteBuffer()

    init(_ body: SignedBody, _ writer: ArrayWriter, _ rule: BodyPace.Rule = .elements) {
        self.body = body
        self.writer = writer
        self.rule = rule
    }

    /// Reads a `.npy` file.
    ///
    /// - Returns: The elements, and the memory they are in.
    /// - Throws: ``RequestBodyFault``, ``ArrayWriteError/regionTooLarge(bytes:limitBytes:)`` and what setting
    ///   memory aside throws.
    mutating func file() async throws(ArrayServiceError) -> TakenElements {
        try await gather(NPYLayout.preambleBytes)
        let length: Int
        let layout: NPYLayout
        do throws(NPYError) {
            length = try NPYLayout.headerBytes(Array(rest.readableBytesView))
        } catch {
            throw .body(.npy(error))
        }
        try await gather(length)
        do throws(NPYError) {
            layout = try NPYLayout(rest.readBytes(length: length) ?? [])
        } catch {
            throw .body(.npy(error))
        }
        return try await elements(layout)
    }

    /// Reads as many elements as a layout says.
    ///
    /// - Throws: As ``file()``.
    mutating func elements(_ layout: NPYLayout) async throws(ArrayServiceError) -> TakenElements {
        let reservation: RegionReservation
        do throws(ArrayWriteError) {
            reservation = try writer.reserve(bytes: layout.byteCount ?? .max)
        } catch {
            throw .write(error)
        }
        if rest.readableBytes == 0, let piece = try await body.next() { rest = piece }
        // Of what came in one piece no more than that is held, and before it nothing.
        let bytes =
            rest.readableBytes < reservation.bytes
            ? try await paced(reservation) : try await receive(reservation, BodyPace(rule))
        try body.finish()
        return TakenElements(
            block: ElementBlock(layout, bytes: bytes),
            reservation: reservation
        )
    }

    /// Receives the elements while their pace is watched.
    private mutating func paced(
        _ reservation: RegionReservation
    ) async throws(ArrayServiceError) -> ByteBuffer {
        let pace = BodyPace(rule)
        let watched = body
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { await pace.watch(watched) }
            let result: Result<ByteBuffer, ArrayServiceError>
            do throws(ArrayServiceError) {
                result = .success(try await receive(reservation, pace))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            return result
        }
        return try result.get()
    }

    private mutating func receive(
        _ reservation: RegionReservation,
        _ pace: BodyPace
    ) async throws(ArrayServiceError) -> ByteBuffer {
        let expected = reservation.bytes
        var bytes = ByteBuffer()
        var heldBytes = 0
        var received = rest.readableBytes
        var piece: ByteBuffer? = rest
        rest = ByteBuffer()
        while var current = piece, received <= expected {
            if received > heldBytes {
                heldBytes = try await grow(reservation, to: received, pace)
                bytes.reserveCapacity(heldBytes)
            }
            bytes.writeBuffer(&current)
            piece = try await next(pace)
            received += piece?.readableBytes ?? 0
        }
        guard received == expected else {
            throw .body(.length(expectedBytes: expected, foundBytes: received))
        }
        return bytes
    }

    private func grow(
        _ reservation: RegionReservation,
        to count: Int,
        _ pace: BodyPace
    ) async throws(ArrayServiceError) -> Int {
        pace.beginWaiting()
        defer { pace.endWaiting() }
        do throws(ArrayWriteError) {
            return try await reservation.grow(to: count)
        } catch {
            throw .write(error)
        }
    }

    private mutating func next(_ pace: BodyPace) async throws(ArrayServiceError) -> ByteBuffer? {
        do throws(ArrayServiceError) {
            let piece = try await body.next()
            pace.receive(piece?.readableBytes ?? 0)
            return piece
        } catch {
            throw pace.isBroken ? .body(.tooSlow) : error
        }
    }

    /// Reads until so many bytes are there, or the body ends.
    private mutating func gather(_ count: Int) async throws(ArrayServiceError) {
        while rest.readableBytes < count, var piece = try await body.next() {
            rest.writeBuffer(&piece)
        }
    }
}

/// Elements of a request, with the memory that is set aside for them.
struct TakenElements: Sendable {
    let block: ElementBlock
    let reservation: RegionReservation
}

extension NPYLayout {
    /// The bytes of all elements; nil if they cannot be counted.
    fileprivate var byteCount: Int? {
        if shape.contains(0) { return 0 }
        var bytes = dataType.itemBytes
        for extent in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            bytes = product
        }
        return bytes
    }
}
