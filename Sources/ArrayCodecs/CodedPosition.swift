/// How far a decoder that works piece by piece has come: in the stored bytes and in the decoded ones.
///
/// When the target is full the decoder is given room for one byte more. One that has come to its end
/// does not need it; any other has more to tell than there may be.
struct CodedPosition: ~Copyable {
    /// What one call of a decoder did.
    struct Progress {
        let readBytes: Int
        let writtenBytes: Int
        let isAtEnd: Bool
    }

    private let source: UnsafeRawBufferPointer
    private let target: UnsafeMutableRawBufferPointer
    private let codec: String
    /// How many stored bytes were read.
    private(set) var readBytes = 0
    /// How many bytes were decoded.
    private(set) var writtenBytes = 0

    init(source: UnsafeRawBufferPointer, target: UnsafeMutableRawBufferPointer, codec: String) {
        self.source = source
        self.target = target
        self.codec = codec
    }

    /// The stored bytes that were not read.
    var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: source[readBytes...]) }

    /// Lets a decoder go on for one call.
    ///
    /// - Parameter decode: Decodes from the rest of the stored bytes into the rest of the target.
    /// - Returns: Whether the decoder came to its end.
    /// - Throws: What `decode` throws; ``ArrayCodecError/chunkCorrupt(_:)`` if it can go no further.
    mutating func advance(
        _ decode: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws(ArrayCodecError)
            -> Progress
    ) throws(ArrayCodecError) -> Bool {
        let isFull = writtenBytes == target.count
        var spare: UInt8 = 0
        let progress = try withUnsafeMutableBytes(of: &spare) {
            (spare) throws(ArrayCodecError) -> Progress in
            let room =
                isFull ? spare : UnsafeMutableRawBufferPointer(rebasing: target[writtenBytes...])
            return try decode(rest, room)
        }
        readBytes += progress.readBytes
        if isFull, progress.writtenBytes > 0 {
            throw .chunkCorrupt(.tooLong(codec: codec, limitBytes: target.count))
        }
        writtenBytes += progress.writtenBytes
        if progress.isAtEnd { return true }
        // There was room, so more stored bytes are what it waits for.
        if progress.writtenBytes == 0, progress.readBytes == 0 {
            throw .chunkCorrupt(.truncated(codec: codec))
        }
        return false
    }
}
