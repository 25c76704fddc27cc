import ArrayModel
import CKernels

/// One visit of every element of a selection, chunk by chunk, in runs of adjacent items.
struct ElementPass: Sendable {
    let elements: Int
    let kind: nave_item_kind
    private let pass: ChunkPass
    private let gathering: PieceGathering

    /// Prepares a visit.
    ///
    /// - Throws: ``ArrayReadError/statisticUnsupported(_:dataType:)`` for elements without an order.
    init(
        _ array: StoredArray,
        _ selection: Selection,
        engine: ReadEngine,
        for statistic: String
    ) throws(ArrayReadError) {
        kind = try Self.orderedKind(of: array.metadata.dataType, for: statistic)
        elements = selection.elementCount
        pass = ChunkPass(array, selection, engine: engine)
        gathering = PieceGathering(itemBytes: array.itemBytes)
    }

    /// The kind of elements that have an order.
    ///
    /// - Throws: ``ArrayReadError/statisticUnsupported(_:dataType:)`` for others.
    static func orderedKind(
        of dataType: DataType,
        for statistic: String
    ) throws(ArrayReadError) -> nave_item_kind {
        guard
            dataType != .complex64, dataType != .complex128, let kind = nave_item_kind(dataType)
        else { throw .statisticUnsupported(statistic, dataType: dataType.name) }
        return kind
    }

    /// What holds in one part of the elements.
    private struct Part<Found: Sendable>: Sendable {
        var found: Found
        var count = 0
    }

    /// Visits the elements.
    ///
    /// - Parameters:
    ///   - empty: What a part begins with.
    ///   - merge: Takes in the parts; and that of one fill value, with how many there are, 0 included.
    ///   - visit: Takes items into a part.
    /// - Throws: ``ArrayReadError``, any case.
    func run<Found: Sendable>(
        empty: Found,
        merge: (Found, _ times: Int) -> Void,
        visit: @escaping @Sendable (UnsafeRawPointer, Int, inout Found) -> Void
    ) async throws(ArrayReadError) {
        var seen = 0
        let (pass, gathering) = (pass, gathering)
        try await pass.run(
            empty: Part(found: empty),
            merge: { part in
                seen += part.count
                merge(part.found, 1)
            },
            visit: { chunk, entry, part throws(ArrayReadError) in
                try pass.withBytes(of: chunk, entry) { bytes, _ in
                    for piece in chunk.pieces {
                        gathering.with(piece, of: bytes) { items, count in
                            visit(items, count, &part.found)
                            part.count += count
                        }
                    }
                }
            }
        )
        var fill = empty
        pass.array.metadata.fillValue.bytes.withUnsafeBytes { bytes in
            if let item = bytes.baseAddress { visit(item, 1, &fill) }
        }
        merge(fill, elements - seen)
    }
}
