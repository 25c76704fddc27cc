import CKernels
import Checksums

/// How a chain decodes.
extension CodecChain {
    /// Decodes stored bytes into exactly ``chunkBytes`` bytes in C order, little-endian.
    ///
    /// `fillValue` is one element, for inner chunks that a shard does not hold.
    /// - Throws: ``ArrayCodecError``, any case that tells of stored bytes.
    func decode(
        _ stored: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        fillValue: [UInt8],
        tools: inout DecodingTools
    ) throws(ArrayCodecError) {
        guard stored.count <= storedBytesMax else {
            throw .chunkLength(expectedBytes: storedBytesMax, foundBytes: stored.count)
        }
        let canEndInTarget = isInOrder && !isSharded
        var current = stored
        for (number, bounded) in steps.enumerated() {
            let isLast = number == steps.count - 1
            let step = bounded.step
            if case .crc32c = step {
                current = try Self.checked(current)
                continue
            }
            let room =
                isLast && canEndInTarget ? target : tools.scratch.next(bounded.limitBytes)
            let written = try step.decode(current, into: room, tools: &tools)
            current = UnsafeRawBufferPointer(rebasing: room[..<written])
        }
        switch serialization {
        case .elements(let swapUnitBytes):
            guard current.count == chunkBytes else {
                throw .chunkLength(expectedBytes: chunkBytes, foundBytes: current.count)
            }
            arrange(current, into: target)
            if swapUnitBytes > 1 {
                nave_swap_bytes(target.baseAddress, target.count / swapUnitBytes, swapUnitBytes)
            }
        case .shards(let layout):
            try decodeShard(
                current,
                layout: layout,
                into: target,
                fillValue: fillValue,
                tools: &tools
            )
        }
    }

    private var isSharded: Bool {
        switch serialization {
        case .elements: false
        case .shards: true
        }
    }

    /// The bytes before a CRC-32C that they must have.
    private static func checked(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ArrayCodecError) -> UnsafeRawBufferPointer {
        let name = ByteStep.crc32c.name
        guard bytes.count >= 4 else { throw .chunkCorrupt(.truncated(codec: name)) }
        let split = bytes.count - 4
        let content = UnsafeRawBufferPointer(rebasing: bytes[..<split])
        let expected = bytes.loadUnaligned(fromByteOffset: split, as: UInt32.self).littleEndian
        guard CRC32C.checksum(content) == expected else { throw .checksumMismatch(codec: name) }
        return content
    }

    /// Brings elements into C order; does nothing if they are in place already.
    private func arrange(
        _ elements: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        guard let source = elements.baseAddress, let start = target.baseAddress else { return }
        if isInOrder {
            guard source != UnsafeRawPointer(start) else { return }
            target.copyMemory(from: elements)
            return
        }
        let storedStrides = Self.strides(of: axes.map { chunkShape[$0] }, itemBytes: itemBytes)
        var sourceStrides = storedStrides
        for (stored, axis) in axes.enumerated() { sourceStrides[axis] = storedStrides[stored] }
        nave_copy_box(
            start,
            Self.strides(of: chunkShape, itemBytes: itemBytes),
            source,
            sourceStrides,
            chunkShape,
            chunkShape.count,
            itemBytes
        )
    }

    /// The strides of a box in C order, in bytes.
    static func strides(of shape: [Int], itemBytes: Int) -> [Int] {
        var strides = shape
        var stride = itemBytes
        for axis in shape.indices.reversed() {
            strides[axis] = stride
            stride *= shape[axis]
        }
        return strides
    }
}

extension ByteStep {
    /// Decodes bytes into a buffer whose length is the bound.
    ///
    /// - Returns: How many bytes were written.
    fileprivate func decode(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        tools: inout DecodingTools
    ) throws(ArrayCodecError) -> Int {
        switch self {
        case .gzip: return try tools.deflate.decode(source, into: target, wrapping: .gzip)
        case .zlib: return try tools.deflate.decode(source, into: target, wrapping: .zlib)
        case .zstandard: return try tools.zstandard.decode(source, into: target)
        case .blosc: return try BloscDecoder.decode(source, into: target)
        case .bzip2: return try Bzip2Decoder.decode(source, into: target)
        case .lzma(let description):
            return try LZMADecoder.decode(source, into: target, description)
        case .lz4: return try decodeLZ4(source, into: target)
        case .crc32c: preconditionFailure("a checksum is taken off without a copy")
        case .filter(let filter): return try filter.decode(source, into: target)
        case .shuffle(let unitBytes):
            try copy(source, into: target)
            let count = source.count / unitBytes
            nave_unshuffle(target.baseAddress, source.baseAddress, count, unitBytes)
            return source.count
        case .delta(let unitBytes):
            try copy(source, into: target)
            nave_accumulate(target.baseAddress, source.count / unitBytes, unitBytes)
            return source.count
        }
    }

    /// Copies bytes that keep their number.
    private func copy(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) {
        guard source.count <= target.count else {
            throw .chunkCorrupt(.tooLong(codec: name, limitBytes: target.count))
        }
        target.copyMemory(from: source)
    }

    /// Decodes four bytes of length and one block.
    ///
    /// Source: numcodecs 0.16, `lz4.pyx`, `compress`: the length is a little-endian `uint32`.
    private func decodeLZ4(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) throws(ArrayCodecError) -> Int {
        guard source.count > 4 else { throw .chunkCorrupt(.truncated(codec: name)) }
        let claimed = Int(source.loadUnaligned(as: UInt32.self).littleEndian)
        guard claimed <= target.count else {
            throw .chunkCorrupt(.tooLong(codec: name, limitBytes: target.count))
        }
        let block = UnsafeRawBufferPointer(rebasing: source[4...])
        let written = nave_lz4_decode(target.baseAddress, claimed, block.baseAddress, block.count)
        guard written == claimed else { throw .chunkCorrupt(.malformed(codec: name)) }
        return written
    }
}
