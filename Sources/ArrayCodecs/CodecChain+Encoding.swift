import CKernels
import Checksums

/// How a chain encodes.
extension CodecChain {
    /// Checks that every step can be undone by this server and done by it as well.
    ///
    /// - Throws: ``ArrayCodecError/codecMissing(_:)`` or
    ///   ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    func checkEncodable() throws(ArrayCodecError) {
        for bounded in steps {
            switch bounded.step {
            case .blosc(let description): try BloscEncoder.check(description)
            case .lzma(let description): try LZMAEncoder.check(description)
            case .gzip, .zlib, .zstandard, .bzip2, .crc32c, .lz4, .shuffle, .delta, .filter: break
            }
        }
        switch serialization {
        case .elements: break
        case .shards(let layout):
            try layout.inner.checkEncodable()
            try layout.index.checkEncodable()
        }
    }

    /// Encodes exactly ``chunkBytes`` bytes in C order, little-endian.
    ///
    /// `fillValue` is one element: inner chunks that hold nothing else are not stored.
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    func encode(
        _ chunk: UnsafeRawBufferPointer,
        fillValue: [UInt8],
        tools: inout EncodingTools
    ) throws(ArrayCodecError) -> [UInt8] {
        var current: [UInt8]
        var remaining = steps.reversed()[...]
        switch serialization {
        case .shards(let layout):
            current = try encodeShard(chunk, layout: layout, fillValue: fillValue, tools: &tools)
        case .elements(let swapUnitBytes):
            if isInOrder, swapUnitBytes == 1, let first = remaining.first {
                // The usual chunk: the first step reads it where it is.
                remaining = remaining.dropFirst()
                current = try first.step.encode(chunk, tools: &tools)
            } else {
                current = serialized(chunk, swapUnitBytes: swapUnitBytes)
            }
        }
        for bounded in remaining {
            current = try current.span.withUnsafeBytes {
                (bytes) throws(ArrayCodecError) -> [UInt8] in
                try bounded.step.encode(bytes, tools: &tools)
            }
        }
        return current
    }

    /// The elements in the stored order of axes and bytes.
    private func serialized(_ chunk: UnsafeRawBufferPointer, swapUnitBytes: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: chunkBytes) { room, count in
            let target = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: chunkBytes)
            arrangeForStorage(chunk, into: target)
            if swapUnitBytes > 1 {
                nave_swap_bytes(target.baseAddress, target.count / swapUnitBytes, swapUnitBytes)
            }
            count = chunkBytes
        }
    }

    /// Brings elements from C order into the stored order of axes.
    private func arrangeForStorage(
        _ chunk: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer
    ) {
        guard let source = chunk.baseAddress, let start = target.baseAddress else { return }
        guard !isInOrder else { return target.copyMemory(from: chunk) }
        let storedShape = axes.map { chunkShape[$0] }
        let strides = Self.strides(of: chunkShape, itemBytes: itemBytes)
        nave_copy_box(
            start,
            Self.strides(of: storedShape, itemBytes: itemBytes),
            source,
            axes.map { strides[$0] },
            storedShape,
            storedShape.count,
            itemBytes
        )
    }
}

extension ByteStep {
    /// Encodes bytes.
    ///
    /// - Throws: ``ArrayCodecError/encodingFailed(codec:)``.
    fileprivate func encode(
        _ source: UnsafeRawBufferPointer,
        tools: inout EncodingTools
    ) throws(ArrayCodecError) -> [UInt8] {
        switch self {
        case .gzip(let level):
            return try tools.deflate.encode(source, wrapping: .gzip, level: level)
        case .zlib(let level):
            return try tools.deflate.encode(source, wrapping: .zlib, level: level)
        case .zstandard(let level, let checksum):
            return try tools.zstandard.encode(source, level: level, checksum: checksum)
        case .blosc(let description): return try BloscEncoder.encode(source, description)
        case .bzip2(let level): return try Bzip2Encoder.encode(source, level: level)
        case .lzma(let description): return try LZMAEncoder.encode(source, description)
        case .lz4: return try encodeLZ4(source)
        case .filter(let filter): return filter.encode(source)
        case .crc32c:
            var bytes = [UInt8](source)
            bytes.reserveCapacity(source.count + 4)
            withUnsafeBytes(of: CRC32C.checksum(source).littleEndian) {
                bytes.append(contentsOf: $0)
            }
            return bytes
        case .shuffle(let unitBytes):
            var bytes = [UInt8](source)
            let count = source.count / unitBytes
            bytes.withUnsafeMutableBytes {
                nave_shuffle($0.baseAddress, source.baseAddress, count, unitBytes)
            }
            return bytes
        case .delta(let unitBytes):
            var bytes = [UInt8](source)
            let count = source.count / unitBytes
            bytes.withUnsafeMutableBytes { nave_difference($0.baseAddress, count, unitBytes) }
            return bytes
        }
    }

    /// Encodes four bytes of length and one block.
    ///
    /// Source: numcodecs 0.16, `lz4.pyx`, `compress`: the length is a little-endian `uint32`.
    private func encodeLZ4(_ source: UnsafeRawBufferPointer) throws(ArrayCodecError) -> [UInt8] {
        let bound = 4 + nave_lz4_bound(source.count)
        guard let length = Int32(exactly: source.count) else { throw .encodingFailed(codec: name) }
        return try [UInt8](unsafeUninitializedCapacity: bound) {
            (room, count) throws(ArrayCodecError) -> Void in
            guard let start = room.baseAddress else { throw .encodingFailed(codec: name) }
            UnsafeMutableRawPointer(start).storeBytes(of: length.littleEndian, as: Int32.self)
            let written = nave_lz4_encode(start + 4, bound - 4, source.baseAddress, source.count)
            guard written >= 0 else { throw .encodingFailed(codec: name) }
            count = 4 + written
        }
    }
}
