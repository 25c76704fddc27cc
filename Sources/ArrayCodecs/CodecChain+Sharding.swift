import CKernels

/// How a chain decodes a shard.
extension CodecChain {
    /// What the index says of an inner chunk that is not stored.
    static let absent = UInt64.max

    /// Decodes all inner chunks of a shard into the chunk that the shard is.
    func decodeShard(
        _ shard: UnsafeRawBufferPointer,
        layout: ShardLayout,
        into target: UnsafeMutableRawBufferPointer,
        fillValue: [UInt8],
        tools: inout DecodingTools
    ) throws(ArrayCodecError) {
        // Inner chunks reuse the scratch buffers, so a shard in one of them is copied first.
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: steps.isEmpty ? 0 : shard.count,
            alignment: 16
        )
        defer { copy.deallocate() }
        var bytes = shard
        if !steps.isEmpty {
            copy.copyMemory(from: shard)
            bytes = UnsafeRawBufferPointer(copy)
        }
        let index = try decodeIndex(of: bytes, layout: layout, tools: &tools)
        let inner = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, layout.inner.chunkBytes),
            alignment: 64
        )
        defer { inner.deallocate() }
        let room = UnsafeMutableRawBufferPointer(rebasing: inner[..<layout.inner.chunkBytes])
        let strides = storedStrides()
        var coordinates = layout.counts.map { _ in 0 }
        for number in 0..<layout.chunkCount {
            let offset = index[2 * number]
            let length = index[2 * number + 1]
            let place = Self.place(coordinates, layout: layout, strides: strides)
            if offset == Self.absent, length == Self.absent {
                fill(target, at: place, strides: strides, layout: layout, with: fillValue)
            } else {
                let stored = try Self.extent(offset, length, of: bytes)
                try layout.inner.decode(stored, into: room, fillValue: fillValue, tools: &tools)
                put(room, into: target, at: place, strides: strides, layout: layout)
            }
            Self.advance(&coordinates, within: layout.counts)
        }
    }

    private func decodeIndex(
        of shard: UnsafeRawBufferPointer,
        layout: ShardLayout,
        tools: inout DecodingTools
    ) throws(ArrayCodecError) -> [UInt64] {
        guard shard.count >= layout.indexBytes else {
            throw .chunkCorrupt(.truncated(codec: "sharding_indexed"))
        }
        let range: Range<Int>
        switch layout.indexLocation {
        case .start: range = 0..<layout.indexBytes
        case .end: range = (shard.count - layout.indexBytes)..<shard.count
        }
        let stored = UnsafeRawBufferPointer(rebasing: shard[range])
        let count = layout.chunkCount * 2
        return try [UInt64](unsafeUninitializedCapacity: count) {
            (buffer, initialized) throws(ArrayCodecError) -> Void in
            let target = UnsafeMutableRawBufferPointer(
                UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            )
            try layout.index.decode(stored, into: target, fillValue: [], tools: &tools)
            initialized = count
        }
    }

    /// The strides in the decoded chunk of the axes of the stored shard, in bytes.
    func storedStrides() -> [Int] {
        let strides = Self.strides(of: chunkShape, itemBytes: itemBytes)
        return axes.map { strides[$0] }
    }

    /// The offset of an inner chunk's first element in the decoded chunk, in bytes.
    static func place(_ coordinates: [Int], layout: ShardLayout, strides: [Int]) -> Int {
        var offset = 0
        for axis in coordinates.indices {
            offset += coordinates[axis] * layout.inner.chunkShape[axis] * strides[axis]
        }
        return offset
    }

    /// The bytes of one inner chunk, which the index may lie about.
    private static func extent(
        _ offset: UInt64,
        _ length: UInt64,
        of shard: UnsafeRawBufferPointer
    ) throws(ArrayCodecError) -> UnsafeRawBufferPointer {
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard !overflow, end <= UInt64(shard.count) else {
            throw .chunkCorrupt(.malformed(codec: "sharding_indexed"))
        }
        return UnsafeRawBufferPointer(rebasing: shard[Int(offset)..<Int(end)])
    }

    private func put(
        _ chunk: UnsafeMutableRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        at place: Int,
        strides: [Int],
        layout: ShardLayout
    ) {
        guard let source = chunk.baseAddress, let start = target.baseAddress else { return }
        let shape = layout.inner.chunkShape
        nave_copy_box(
            start + place,
            strides,
            source,
            Self.strides(of: shape, itemBytes: itemBytes),
            shape,
            shape.count,
            itemBytes
        )
    }

    private func fill(
        _ target: UnsafeMutableRawBufferPointer,
        at place: Int,
        strides: [Int],
        layout: ShardLayout,
        with fillValue: [UInt8]
    ) {
        guard let start = target.baseAddress else { return }
        let shape = layout.inner.chunkShape
        nave_copy_box(
            start + place,
            strides,
            fillValue,
            shape.map { _ in 0 },
            shape,
            shape.count,
            itemBytes
        )
    }

    static func advance(_ coordinates: inout [Int], within counts: [Int]) {
        for axis in coordinates.indices.reversed() {
            coordinates[axis] += 1
            if coordinates[axis] < counts[axis] { return }
            coordinates[axis] = 0
        }
    }
}
