import Synchronization

/// What encoding needs and need not make anew for every chunk: compression contexts.
///
/// State: guarded by `tools`. Two threads that encode at the same time should each have a workspace;
/// they may share one, and then take turns.
public final class EncodingWorkspace: Sendable {
    private let tools: Mutex<EncodingTools>

    /// Makes a workspace that holds no memory yet.
    public init() {
        tools = Mutex(EncodingTools())
    }

    /// Runs `body` with the tools, which nobody else has meanwhile.
    func withTools<Value: Sendable>(
        _ body: (inout EncodingTools) throws(ArrayCodecError) -> Value
    ) throws(ArrayCodecError) -> Value {
        try tools.withLock { (tools) throws(ArrayCodecError) -> Value in try body(&tools) }
    }
}

/// The contexts of one workspace.
struct EncodingTools: ~Copyable {
    var deflate = DeflateEncoder()
    var zstandard = ZstandardEncoder()
}
