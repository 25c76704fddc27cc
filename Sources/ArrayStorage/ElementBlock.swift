import ArrayModel
import CKernels
import NIOCore

/// Elements as a client sent them: in one of two orders of axes and of bytes.
public struct ElementBlock: Sendable {
    /// The type of the elements.
    public let dataType: DataType
    /// The extents.
    public let shape: [Int]
    /// The order of the elements.
    public let order: MemoryOrder
    fileprivate let byteOrder: ByteOrder?
    fileprivate let bytes: ByteBuffer

    /// Makes a block.
    ///
    /// - Parameters:
    ///   - layout: How the elements lie.
    ///   - bytes: Exactly as many bytes as the layout says.
    public init(_ layout: NPYLayout, bytes: ByteBuffer) {
        dataType = layout.dataType
        shape = layout.shape
        order = layout.order
        byteOrder = layout.byteOrder
        self.bytes = bytes
    }

    /// The distance between neighbours along each axis, in bytes.
    private var strides: [Int] {
        switch order {
        case .rowMajor: return StoredArray.strides(of: shape, itemBytes: dataType.itemBytes)
        case .columnMajor:
            let reversed = Array(shape.reversed())
            return StoredArray.strides(of: reversed, itemBytes: dataType.itemBytes).reversed()
        }
    }

    /// The strides of the block when it is repeated to fill a region, as NumPy's assignment does it.
    ///
    /// - Parameter selection: The region.
    /// - Returns: The distance between neighbours along each axis of the array, in bytes, 0 where
    ///   elements are repeated; nil if the block cannot be broadcast to the region.
    func strides(filling selection: Selection) -> [Int]? {
        var extents = shape[...]
        var own = strides[...]
        let regionRank = selection.axes.count { !$0.isSqueezed }
        while extents.count > regionRank, extents.first == 1 {
            extents.removeFirst()
            own.removeFirst()
        }
        guard extents.count <= regionRank else { return nil }
        var result: [Int] = []
        for axis in selection.axes.reversed() {
            guard !axis.isSqueezed, let extent = extents.popLast(), let stride = own.popLast()
            else {
                result.append(0)
                continue
            }
            guard extent == axis.count || extent == 1 else { return nil }
            result.append(extent == axis.count ? stride : 0)
        }
        return result.reversed()
    }
}

/// A block of elements laid over a region: where in the block each element of the region is.
struct RegionSource: Sendable {
    private let bytes: ByteBuffer
    private let strides: [Int]
    /// The distance between neighbours along each axis in the region in C order, in elements.
    private let regionStrides: [Int]
    private let itemBytes: Int
    /// The runs whose bytes are reversed; 1 where none are.
    private let swapUnitBytes: Int

    /// Lays a block over a region; nil if it does not fit.
    init?(_ block: ElementBlock, selection: Selection) {
        guard let strides = block.strides(filling: selection) else { return nil }
        bytes = block.bytes
        self.strides = strides
        regionStrides = StoredArray.strides(of: selection.counts, itemBytes: 1)
        itemBytes = block.dataType.itemBytes
        swapUnitBytes = block.byteOrder == .big ? block.dataType.swapUnitBytes : 1
    }

    /// Copies what a piece of the region holds to its place in a decoded chunk.
    func copy(_ piece: ChunkPiece, into chunk: UnsafeMutableRawBufferPointer) {
        bytes.withUnsafeReadableBytes { source in
            guard let start = source.baseAddress, let target = chunk.baseAddress else { return }
            // Of the whole region taken as one slab, the offset says the index along every axis.
            var rest = piece.targetOffset
            var offset = 0
            for (axis, stride) in regionStrides.enumerated() {
                offset += rest / stride * strides[axis]
                rest %= stride
            }
            // Neighbours of a piece may be far apart in a list.
            let steps = zip(strides, zip(piece.targetStrides, regionStrides)).map {
                $0 * ($1.0 / $1.1)
            }
            put(piece, steps, from: start + offset, into: target + piece.sourceOffset * itemBytes)
        }
    }

    private func put(
        _ piece: ChunkPiece,
        _ strides: [Int],
        from source: UnsafeRawPointer,
        into target: UnsafeMutableRawPointer
    ) {
        let targetStrides = piece.sourceStrides.map { $0 * itemBytes }
        let rank = piece.counts.count
        guard swapUnitBytes > 1 else {
            return nave_copy_box(
                target,
                targetStrides,
                source,
                strides,
                piece.counts,
                rank,
                itemBytes
            )
        }
        let bytes = piece.elementCount * itemBytes
        let swapped = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 64)
        defer { swapped.deallocate() }
        let packed = StoredArray.strides(of: piece.counts, itemBytes: itemBytes)
        nave_copy_box(swapped, packed, source, strides, piece.counts, rank, itemBytes)
        nave_swap_bytes(swapped, bytes / swapUnitBytes, swapUnitBytes)
        nave_copy_box(target, targetStrides, swapped, packed, piece.counts, rank, itemBytes)
    }
}
