import ArrayModel
import ArrayStorage
import NIOCore

/// Takes in the elements of a write: the header, if there is one, and then exactly as many bytes as it
/// says, into memory that was set aside for them.
struct ElementIntake {
    private let writer: ArrayWriter
    private var body: SignedBody
    /// What was read beyond the header.
    private var rest = ByteBuffer()

    init(_ body: SignedBody, _ writer: ArrayWriter) {
        self.body = body
        self.writer = writer
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
        let expected = layout.byteCount ?? .max
        let reservation: RegionReservation
        do throws(ArrayWriteError) {
            reservation = try await writer.reserve(bytes: expected)
        } catch {
            throw .write(error)
        }
        var bytes = ByteBufferAllocator().buffer(capacity: expected)
        let begun = ContinuousClock.now
        var received = rest.readableBytes
        bytes.writeBuffer(&rest)
        rest = ByteBuffer()
        while received <= expected, var piece = try await body.next() {
            received += piece.readableBytes
            try Self.requirePace(received, since: begun)
            if received <= expected { bytes.writeBuffer(&piece) }
        }
        guard received == expected else {
            throw .body(.length(expectedBytes: expected, foundBytes: received))
        }
        try body.finish()
        return TakenElements(
            block: ElementBlock(layout, bytes: bytes),
            reservation: reservation
        )
    }

    /// Refuses a body that comes so slowly that it keeps memory from others.
    private static func requirePace(
        _ received: Int,
        since begun: ContinuousClock.Instant
    ) throws(ArrayServiceError) {
        let seconds = (ContinuousClock.now - begun).components.seconds
        let least = (seconds - ArrayServiceLimits.slowBodySeconds)
            .multipliedReportingOverflow(by: ArrayServiceLimits.bodyBytesPerSecondMin)
        guard least.overflow || least.partialValue <= Int64(received) else {
            throw .body(.tooSlow)
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
