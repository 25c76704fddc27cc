import ArrayCodecs
import ArrayModel
import DiskIO
import NIOCore
import ObjectStorage
import StorageModel
import Synchronization

/// Writes regions of arrays, and creates, resizes and deletes arrays.
///
/// A write of a region, an append and a creation are one change of the engine each: other readers and writers
/// see all of it or nothing. So is a change of metadata, but that chunks outside of a smaller shape which are
/// too many for one change go after it. What is deleted goes step by step, its metadata last. A
/// writer holds the locks of the chunks that it changes, so that parts of one chunk that several write
/// are all kept, and the change expects what was read, so that an S3 client that takes no locks cannot
/// come between.
///
/// Copies share their locks and memory.
public struct ArrayWriter: Sendable {
    let store: ObjectStore
    let catalog: ArrayCatalog
    let engine: ReadEngine
    let limits: ArrayWriterLimits
    let locks: ChunkLockTable
    private let memory: WriteMemory
    private let encoding = EncodingMemory()
    /// Who writes, as the log has it; nil for nobody who is known.
    private(set) var actor: PrincipalName?

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - store: Where the chunks are.
    ///   - catalog: Finds arrays.
    ///   - pool: The threads that decode and encode; their number bounds how many chunks are worked on
    ///     at once, for all requests together.
    ///   - readerLimits: The bounds on chunks, which are those of reading.
    ///   - limits: The bounds on memory and work.
    public init(
        store: ObjectStore,
        catalog: ArrayCatalog,
        pool: BlockingPool,
        readerLimits: ArrayReaderLimits = .init(),
        limits: ArrayWriterLimits = .init()
    ) {
        // What is read to be changed is not read again in this state.
        var readerLimits = readerLimits
        readerLimits.cacheBytesMax = 0
        self.store = store
        self.catalog = catalog
        self.limits = limits
        engine = ReadEngine(
            loader: ChunkLoader(store: store, limits: readerLimits),
            pool: pool,
            limits: readerLimits,
            summaries: SummaryStore(file: nil, entriesMax: 0)
        )
        locks = ChunkLockTable(ticketsMax: limits.waitingMax)
        memory = WriteMemory(limits)
    }

    /// The same writer, for somebody.
    public func acting(as actor: PrincipalName?) -> ArrayWriter {
        var writer = self
        writer.actor = actor
        return writer
    }

    /// Opens an account for the elements of one write, which takes memory as they come.
    ///
    /// - Throws: ``ArrayWriteError/regionTooLarge(bytes:limitBytes:)``.
    public func reserve(bytes: Int) throws(ArrayWriteError) -> RegionReservation {
        guard bytes <= limits.regionBytesMax else {
            throw .regionTooLarge(bytes: bytes, limitBytes: limits.regionBytesMax)
        }
        return RegionReservation(memory.elements(bytes: bytes), bytes: bytes)
    }

    /// Memory for what is known of the chunks of one write; waits for others to give theirs back.
    ///
    /// To be called behind the locks of a write alone, and once: who holds some waits for nothing but work.
    ///
    /// - Throws: ``ArrayReadError/cancelled``.
    func reserve(planBytes: Int) async throws(ArrayWriteError) -> MemoryGate.Reservation {
        do {
            return try await memory.plans(bytes: planBytes).reserve(planBytes)
        } catch {
            throw .read(.cancelled)
        }
    }

    /// Runs blocking work on one of the pool's threads.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws(ArrayWriteError) -> Value
    ) async throws(ArrayWriteError) -> Value {
        let result: Result<Value, ArrayWriteError>
        do throws(ArrayReadError) {
            result = try await engine.blocking { () throws(ArrayReadError) in
                Result { () throws(ArrayWriteError) in try work() }
            }
        } catch {
            throw .read(error)
        }
        return try result.get()
    }

    /// An array as the reader of its chunks sees it.
    func stored(_ array: ResolvedArray) throws(ArrayWriteError) -> StoredArray {
        do throws(ArrayReadError) {
            return try StoredArray(array, limits: engine.limits)
        } catch {
            throw .read(error)
        }
    }

    /// What encodes the chunks of an array.
    func encoder(of array: ResolvedArray) throws(ArrayWriteError) -> ChunkEncoder {
        do throws(ArrayCodecError) {
            return try ChunkEncoder(array.metadata)
        } catch {
            throw .notEncodable(error)
        }
    }

    /// Encodes a chunk and takes in what becomes of it; blocks.
    ///
    /// - Parameters:
    ///   - array: The array.
    ///   - encoder: That of the array.
    ///   - stage: Takes the stored bytes.
    ///   - fill: Makes the chunk: the full chunk shape, C order, little-endian.
    /// - Returns: What is to be written.
    /// - Throws: ``ArrayWriteError/notEncodable(_:)``, ``ArrayWriteError/store(_:)``, and what `fill`
    ///   throws.
    func stage(
        _ array: StoredArray,
        _ encoder: ChunkEncoder,
        into stage: BatchStage,
        fill: (UnsafeMutableRawBufferPointer) throws(ArrayWriteError) -> Void
    ) throws(ArrayWriteError) -> BatchStage.Staged {
        guard array.decodingBytes >= engine.limits.largeChunkBytes else {
            return try encode(encoder, into: stage, fill: fill)
        }
        return try encoding.largeChunks.withLock { _ throws(ArrayWriteError) in
            try encode(encoder, into: stage, fill: fill)
        }
    }

    private func encode(
        _ encoder: ChunkEncoder,
        into stage: BatchStage,
        fill: (UnsafeMutableRawBufferPointer) throws(ArrayWriteError) -> Void
    ) throws(ArrayWriteError) -> BatchStage.Staged {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(encoder.chunkBytes, 1),
            alignment: 64
        )
        defer { memory.deallocate() }
        let chunk = UnsafeMutableRawBufferPointer(rebasing: memory[..<encoder.chunkBytes])
        try fill(chunk)
        let workspace = encoding.workspaces.withLock { $0.popLast() } ?? EncodingWorkspace()
        defer { encoding.workspaces.withLock { $0.append(workspace) } }
        let stored: [UInt8]
        do throws(ArrayCodecError) {
            stored = try encoder.encode(UnsafeRawBufferPointer(chunk), workspace: workspace)
        } catch {
            throw .notEncodable(error)
        }
        do throws(StoreError) {
            return try stage.stage(stored)
        } catch {
            throw .store(error)
        }
    }
}

/// What those who encode chunks share.
private final class EncodingMemory: Sendable {
    /// Workspaces that nobody uses; never more than threads that encode.
    let workspaces = Mutex<[EncodingWorkspace]>([])
    /// Held while a large chunk is changed, so that there is one of them in memory.
    let largeChunks = Mutex<Void>(())
}

/// What a write did.
public struct WriteReceipt: Hashable, Sendable {
    /// How many chunks were written.
    public let chunks: Int
    /// The number of the change.
    public let sequence: Int64
}
