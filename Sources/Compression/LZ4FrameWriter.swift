import CLZ4

/// Writes one LZ4 frame: blocks of up to 256 KiB that refer to those before them, and a checksum of the
/// content, which the length of a frame that was cut off would not tell.
///
/// Source: lz4frame.h of liblz4 1.9; LZ4 Frame Format Description 1.6.
struct LZ4FrameWriter: ~Copyable {
    /// The most bytes that are taken in at a time, which bounds the room for what they give.
    private static let inputBytes = 256 << 10
    /// The longest header of a frame: `LZ4F_HEADER_SIZE_MAX`, a macro that Swift does not see.
    private static let headerBytesMax = 19

    private var context: OpaquePointer?
    private var preferences = LZ4F_preferences_t()

    init() {
        preferences.frameInfo.blockSizeID = LZ4F_max256KB
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    }

    deinit {
        LZ4F_freeCompressionContext(context)
    }

    /// Takes in more bytes.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CompressionError) -> [UInt8] {
        var result: [UInt8] = []
        let context = try begun(&result)
        for start in stride(from: 0, to: bytes.count, by: Self.inputBytes) {
            let input = UnsafeRawBufferPointer(
                rebasing: bytes[start..<min(start + Self.inputBytes, bytes.count)]
            )
            let bound = LZ4F_compressBound(input.count, &preferences)
            result += try Self.written(atMost: bound) { room in
                LZ4F_compressUpdate(
                    context,
                    room.baseAddress,
                    room.count,
                    input.baseAddress,
                    input.count,
                    nil
                )
            }
        }
        return result
    }

    /// Ends the frame.
    mutating func finish() throws(CompressionError) -> [UInt8] {
        var result: [UInt8] = []
        let context = try begun(&result)
        let bound = LZ4F_compressBound(0, &preferences)
        result += try Self.written(atMost: bound) { room in
            LZ4F_compressEnd(context, room.baseAddress, room.count, nil)
        }
        return result
    }

    /// The state of the frame; adds the header if it is not written yet.
    private mutating func begun(_ result: inout [UInt8]) throws(CompressionError) -> OpaquePointer {
        if let context { return context }
        guard LZ4F_isError(LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))) == 0,
            let context
        else { throw .outOfMemory }
        result = try Self.written(atMost: Self.headerBytesMax) { room in
            LZ4F_compressBegin(context, room.baseAddress, room.count, &preferences)
        }
        return context
    }

    /// The bytes that a call of the library writes.
    private static func written(
        atMost bound: Int,
        by write: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) throws(CompressionError) -> [UInt8] {
        var status = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: bound) { room, count in
            status = write(room)
            count = LZ4F_isError(status) == 0 ? status : 0
        }
        guard LZ4F_isError(status) == 0 else { throw .failed }
        return bytes
    }
}
