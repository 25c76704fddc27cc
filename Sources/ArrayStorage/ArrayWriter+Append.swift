import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayWriter {
    /// Grows an array along an axis by a block, and writes the block there, in one change.
    ///
    /// Writers that append at the same time each get a range of their own.
    ///
    /// - Parameters:
    ///   - reference: What names the array.
    ///   - namespace: The namespace of the reference.
    ///   - axis: The axis; negative ones count from the last.
    ///   - block: The elements: as many axes as the array, with its extents on the other axes.
    /// - Returns: What was done, and where the elements are along the axis.
    /// - Throws: ``ArrayWriteError``.
    public func append(
        _ reference: ArrayReference,
        in namespace: Namespace,
        axis: Int,
        _ block: ElementBlock
    ) async throws(ArrayWriteError) -> AppendReceipt {
        // First the metadata, then chunks: who writes a region waits for chunks alone, so nobody waits
        // in a circle.
        try await changing(reference, in: namespace) { array throws(ArrayWriteError) in
            try await append(array, axis: axis, block)
        }
    }

    /// Appends to an array as it is now; nil if it was changed meanwhile.
    private func append(
        _ array: ResolvedArray,
        axis: Int,
        _ block: ElementBlock
    ) async throws(ArrayWriteError) -> AppendReceipt? {
        let growth = try Growth(array.metadata, axis: axis, block)
        guard growth.count > 0 else {
            return AppendReceipt(
                receipt: WriteReceipt(chunks: 0, sequence: array.node.sequence),
                axis: growth.axis,
                range: growth.start..<growth.start,
                shape: array.metadata.shape
            )
        }
        guard var document = try await document(of: array) else { return nil }
        document.set("shape", .integers(growth.shape))
        let changed = document
        let write = try await blocking { () throws(ArrayWriteError) in
            let grown = ResolvedArray(
                namespace: array.namespace,
                node: array.node,
                metadata: try changed.metadata()
            )
            return try RegionWrite(self, grown, growth.selection, block)
        }
        return try await locks.withLocks(write.claims) {
            () async throws(ArrayWriteError) -> AppendReceipt? in
            var chunks = try await chunks(of: write)
            try await chunks.stage()
            var batch = try await batch(changed)
            batch.puts += try chunks.puts()
            guard let sequence = try await commit(batch, in: array.namespace) else { return nil }
            return AppendReceipt(
                receipt: WriteReceipt(chunks: chunks.changes.count, sequence: sequence),
                axis: growth.axis,
                range: growth.start..<(growth.start + growth.count),
                shape: growth.shape
            )
        }
    }
}

/// What appending did.
public struct AppendReceipt: Hashable, Sendable {
    /// The chunks and the change.
    public let receipt: WriteReceipt
    /// The axis, counted from the first.
    public let axis: Int
    /// Where along the axis the elements are.
    public let range: Range<Int>
    /// The array's extents afterwards.
    public let shape: [Int]
}

/// Where a block goes that is appended to an array.
private struct Growth: Sendable {
    let axis: Int
    let start: Int
    let count: Int
    /// The extents afterwards.
    let shape: [Int]
    /// The block's place in an array of that shape.
    let selection: Selection

    init(
        _ metadata: ArrayMetadata,
        axis: Int,
        _ block: ElementBlock
    ) throws(ArrayWriteError) {
        guard metadata.dialect != .hub0 else { throw .dialectUnsupported(.hub0, .resize) }
        guard block.matches(metadata.dataType) else {
            throw .dataTypeMismatch(
                array: metadata.dataType.name,
                given: block.dataType.name
            )
        }
        let rank = metadata.rank
        guard (-rank..<rank).contains(axis) else { throw .axisInvalid(axis: axis, axes: rank) }
        guard block.shape.count == rank else {
            throw .axesMismatch(array: metadata.shape, given: block.shape)
        }
        let along = axis < 0 ? axis + rank : axis
        for other in 0..<rank where other != along {
            guard block.shape[other] == metadata.shape[other] else {
                throw .extentMismatch(
                    axis: other,
                    array: metadata.shape[other],
                    given: block.shape[other]
                )
            }
        }
        let (extent, overflow) = metadata.shape[along].addingReportingOverflow(block.shape[along])
        guard !overflow else { throw .specificationInvalid(.metadata(.sizeOverflow)) }
        self.axis = along
        start = metadata.shape[along]
        count = block.shape[along]
        var shape = metadata.shape
        shape[along] = extent
        self.shape = shape
        let text = (0..<rank).map { $0 == along ? "\(metadata.shape[along]):" : ":" }
        do throws(SelectionError) {
            selection = try Selection(text.joined(separator: ","), shape: shape)
        } catch {
            throw .shapeMismatch(region: metadata.shape, given: block.shape)
        }
    }
}
