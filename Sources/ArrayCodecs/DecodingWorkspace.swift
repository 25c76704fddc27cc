import Synchronization

/// What decoding needs and need not make anew for every chunk: decompression contexts and working
/// buffers.
///
/// State: guarded by `tools`. Two threads that decode at the same time should each have a workspace;
/// they may share one, and then take turns.
public final class DecodingWorkspace: Sendable {
    private let tools: Mutex<DecodingTools>

    /// Makes a workspace that holds no memory yet.
    public init() {
        tools = Mutex(DecodingTools())
    }

    /// Runs `body` with the tools, which nobody else has meanwhile.
    func withTools(
        _ body: (inout DecodingTools) throws(ArrayCodecError) -> Void
    ) throws(ArrayCodecError) {
        try tools.withLock { (tools) throws(ArrayCodecError) -> Void in try body(&tools) }
    }
}

/// The contexts and buffers of one workspace.
struct DecodingTools: ~Copyable {
    var deflate = DeflateDecoder()
    var zstandard = ZstandardDecoder()
    /// Two buffers, between which the steps of a chain alternate.
    var scratch = ScratchPair()
}

/// Two growing buffers.
struct ScratchPair: ~Copyable {
    private var first = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var second = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var isFirstNext = true

    deinit {
        first.deallocate()
        second.deallocate()
    }

    /// The buffer that was not handed out last, with room for `bytes` bytes.
    mutating func next(_ bytes: Int) -> UnsafeMutableRawBufferPointer {
        defer { isFirstNext.toggle() }
        if isFirstNext {
            Self.grow(&first, to: bytes)
            return UnsafeMutableRawBufferPointer(rebasing: first[..<bytes])
        }
        Self.grow(&second, to: bytes)
        return UnsafeMutableRawBufferPointer(rebasing: second[..<bytes])
    }

    /// Gives back what is larger than a workspace keeps.
    mutating func shrink() {
        if first.count > CodecLimits.keptScratchBytesMax { Self.free(&first) }
        if second.count > CodecLimits.keptScratchBytesMax { Self.free(&second) }
    }

    private static func grow(_ buffer: inout UnsafeMutableRawBufferPointer, to bytes: Int) {
        guard buffer.count < bytes else { return }
        free(&buffer)
        buffer = .allocate(byteCount: bytes, alignment: 64)
    }

    private static func free(_ buffer: inout UnsafeMutableRawBufferPointer) {
        buffer.deallocate()
        buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}
