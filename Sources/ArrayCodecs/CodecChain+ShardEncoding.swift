import CKernels

/// How a chain encodes a shard.
extension CodecChain {
    /// Encodes a chunk as a shard; inner chunks of nothing but the fill value are left out, as other
    /// writers leave them out.
    ///
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    func encodeShard(
        _ chunk: UnsafeRawBufferPointer,
        layout: ShardLayout,
        fillValue: [UInt8],
        tools: inout EncodingTools
    ) throws(ArrayCodecError) -> [UInt8] {
        let innerBytes = layout.inner.chunkBytes
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, 2 * innerBytes),
            alignment: 64
        )
        defer { room.deallocate() }
        let inner = UnsafeMutableRawBufferPointer(rebasing: room[..<innerBytes])
        let empty = UnsafeMutableRawBufferPointer(rebasing: room[innerBytes..<(2 * innerBytes)])
        Self.fill(empty, with: fillValue)

        let strides = storedStrides()
        let start = layout.indexLocation == .start ? layout.indexBytes : 0
        var shard = [UInt8](repeating: 0, count: start)
        var index: [UInt64] = []
        index.reserveCapacity(2 * layout.chunkCount)
        var coordinates = layout.counts.map { _ in 0 }
        for _ in 0..<layout.chunkCount {
            let place = Self.place(coordinates, layout: layout, strides: strides)
            take(inner, from: chunk, at: place, strides: strides, layout: layout)
            if inner.elementsAreEqual(empty) {
                index += [Self.absent, Self.absent]
            } else {
                let encoded = try layout.inner.encode(
                    UnsafeRawBufferPointer(inner),
                    fillValue: fillValue,
                    tools: &tools
                )
                index += [UInt64(shard.count), UInt64(encoded.count)]
                shard += encoded
            }
            Self.advance(&coordinates, within: layout.counts)
        }
        return try finished(shard, index, layout: layout, tools: &tools)
    }

    /// The inner chunks with their index in its place.
    private func finished(
        _ content: [UInt8],
        _ index: [UInt64],
        layout: ShardLayout,
        tools: inout EncodingTools
    ) throws(ArrayCodecError) -> [UInt8] {
        let numbers = index.map(\.littleEndian)
        let encoded = try numbers.span.withUnsafeBytes {
            (bytes) throws(ArrayCodecError) -> [UInt8] in
            try layout.index.encode(bytes, fillValue: [], tools: &tools)
        }
        guard encoded.count == layout.indexBytes else {
            throw .encodingFailed(codec: "sharding_indexed")
        }
        var shard = content
        switch layout.indexLocation {
        case .start: shard.replaceSubrange(0..<encoded.count, with: encoded)
        case .end: shard += encoded
        }
        return shard
    }

    /// Copies an inner chunk out of the chunk that the shard is.
    private func take(
        _ inner: UnsafeMutableRawBufferPointer,
        from chunk: UnsafeRawBufferPointer,
        at place: Int,
        strides: [Int],
        layout: ShardLayout
    ) {
        guard let source = chunk.baseAddress, let target = inner.baseAddress else { return }
        let shape = layout.inner.chunkShape
        nave_copy_box(
            target,
            Self.strides(of: shape, itemBytes: itemBytes),
            source + place,
            strides,
            shape,
            shape.count,
            itemBytes
        )
    }

    private static func fill(_ target: UnsafeMutableRawBufferPointer, with element: [UInt8]) {
        guard let start = target.baseAddress, !element.isEmpty else { return }
        let count = target.count / element.count
        nave_copy_box(start, [element.count], element, [0], [count], 1, element.count)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Whether two buffers of one length hold the same bytes.
    fileprivate func elementsAreEqual(_ other: UnsafeMutableRawBufferPointer) -> Bool {
        guard let mine = baseAddress, let theirs = other.baseAddress else { return true }
        return nave_is_equal(mine, theirs, count) != 0
    }
}
