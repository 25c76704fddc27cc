import DiskIO
import NIOCore
import StorageModel
import Synchronization
import Volumes

/// Takes in the bytes of one payload: short ones in memory, longer ones into a blob as they come.
///
/// One task uses a stage, one call at a time. `append` returns while the disk still writes, so that
/// the caller hashes the next bytes meanwhile; it waits when a buffer's worth is behind. At most
/// two buffers of ``StoreLimits/stageBufferBytes`` are held.
///
/// State: guarded by `state`, which disk threads share with the task.
public final class PayloadStage: Sendable {
    private struct State {
        var filling: [UInt8] = []
        /// The buffer of the last write, to be filled again.
        var spare: [UInt8] = []
        var lengthBytes: Int64 = 0
        var writer: BlobSetWriter?
        var isWriting = false
        var isEnded = false
        var failure: StoreError?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>
    private let volume: VolumeSet
    private let pool: BlockingPool
    private let upkeep: Upkeep
    private let limits: StoreLimits
    /// Payloads known to be long are written from the start.
    private let isLong: Bool

    init(
        expectedBytes: Int64?,
        volume: VolumeSet,
        pool: BlockingPool,
        upkeep: Upkeep,
        limits: StoreLimits
    ) {
        var state = State()
        let expected = min(max(expectedBytes ?? 0, 0), Int64(limits.stageBufferBytes))
        state.filling.reserveCapacity(Int(expected))
        self.state = Mutex(state)
        self.volume = volume
        self.pool = pool
        self.upkeep = upkeep
        self.limits = limits
        isLong = (expectedBytes ?? 0) > Int64(limits.inlineBytesMax)
    }

    /// Takes the next bytes.
    ///
    /// - Throws: ``StoreError/payloadTooLarge``, ``StoreError/outOfSpace`` and other failures of
    ///   the
    ///   volume, now or while earlier bytes were written.
    public func append(_ bytes: ByteBuffer) async throws(StoreError) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let isFull = try take(from: &rest)
            guard isFull else { continue }
            await writingEnded()
            try startWriting()
        }
    }

    /// Ends the payload; a blob is flushed with its directory.
    public func finish() async throws(StoreError) -> StagedPayload {
        await writingEnded()
        try checkFailure()
        let (lengthBytes, writer, filling) = state.withLock { state in
            state.isEnded = true
            defer {
                state.filling = []
                state.spare = []
                state.writer = nil
            }
            return (state.lengthBytes, state.writer, state.filling)
        }
        if writer == nil, lengthBytes <= Int64(limits.inlineBytesMax) {
            return StagedPayload(.inline(LogPayload(filling)), upkeep: upkeep)
        }
        let volume = volume
        let upkeep = upkeep
        let limits = limits
        return try await pool.perform { () throws(StoreError) in
            guard !volume.isNearlyFull(limits) else {
                writer?.discard()
                throw .outOfSpace
            }
            do throws(VolumeError) {
                let writer = if let writer { writer } else { try volume.createBlob() }
                if !filling.isEmpty { try writer.append(filling) }
                let extent = try writer.finish()
                return StagedPayload(.blob(writer, extent), upkeep: upkeep)
            } catch {
                throw StoreError(error)
            }
        }
    }

    /// Gives the payload up.
    public func discard() async {
        await writingEnded()
        let writer = state.withLock { state in
            state.isEnded = true
            state.filling = []
            defer { state.writer = nil }
            return state.writer
        }
        guard let writer else { return }
        // A store that was closed sweeps the blob on its next start.
        try? await pool.perform { writer.discard() }
    }

    /// Copies bytes into the buffer; true if it is full and should be written.
    private func take(from bytes: inout ByteBuffer) throws(StoreError) -> Bool {
        let result = state.withLock { state -> Result<Bool, StoreError> in
            if let failure = state.failure { return .failure(failure) }
            precondition(!state.isEnded, "a stage takes no bytes after its end")
            let room = limits.stageBufferBytes - state.filling.count
            let slice = bytes.readSlice(length: min(room, bytes.readableBytes)) ?? ByteBuffer()
            state.lengthBytes += Int64(slice.readableBytes)
            guard state.lengthBytes <= limits.payloadBytesMax else {
                return .failure(.payloadTooLarge)
            }
            state.filling.append(contentsOf: slice.readableBytesView)
            return .success(state.filling.count >= limits.stageBufferBytes)
        }
        return try result.get()
    }

    /// Hands the full buffer to a disk thread and goes on with the other.
    private func startWriting() throws(StoreError) {
        try checkFailure()
        state.withLock { state in
            precondition(!state.isWriting, "one buffer is written at a time")
            swap(&state.filling, &state.spare)
            state.filling.removeAll(keepingCapacity: true)
            state.isWriting = true
        }
        let isTaken = pool.enqueue { [self] in writeSpare() }
        guard isTaken else {
            state.withLock { $0.isWriting = false }
            throw .closed
        }
    }

    /// On a disk thread: writes the buffer that was full.
    private func writeSpare() {
        let (writer, bytes) = state.withLock { state in (state.writer, state.spare) }
        var failure: StoreError?
        var opened = writer
        do throws(VolumeError) {
            if volume.isNearlyFull(limits) {
                failure = .outOfSpace
            } else {
                let target = if let writer { writer } else { try volume.createBlob() }
                opened = target
                try target.append(bytes)
            }
        } catch {
            failure = StoreError(error)
        }
        let waiter = state.withLock { state in
            state.writer = opened
            state.failure = state.failure ?? failure
            state.isWriting = false
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits until no write is under way.
    private func writingEnded() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.isWriting { return true }
                state.waiter = continuation
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func checkFailure() throws(StoreError) {
        let failure = state.withLock { $0.failure }
        if let failure { throw failure }
    }
}

extension BlobSetWriter {
    /// Takes the next bytes.
    func append(_ bytes: [UInt8]) throws(VolumeError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(VolumeError) in try append(buffer) }
        }
        try result.get()
    }
}
