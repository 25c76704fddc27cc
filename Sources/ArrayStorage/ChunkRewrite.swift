import ArrayCodecs
import ArrayModel
import NIOCore
import ObjectStorage
import StorageModel

/// Chunks of one array that one change writes: read, changed and encoded.
///
/// A value of one task; its work runs on the writer's pool.
struct ChunkRewrite: Sendable {
    let writer: ArrayWriter
    let resolved: ResolvedArray
    let changes: [ChunkChange]
    let keys: ArrayKeys
    /// What accounts for the changes, and for what is staged in memory, while they live.
    let memory: MemoryGate.Reservation
    private let array: StoredArray
    private let encoder: ChunkEncoder
    private let staging: BatchStage
    /// What was staged for each change so far, and what was read for it.
    private var staged: [StagedChange?]

    private struct StagedChange: Sendable {
        let payload: StagedPayload
        let entityTag: String
        /// What the chunk must hold, or that it does not matter.
        let expectation: KeyExpectation
    }

    /// Prepares a write of an array that this server can write.
    ///
    /// - Parameters:
    ///   - writer: Who writes.
    ///   - resolved: The array.
    ///   - memory: As much as ``planBytes(chunks:of:)`` says.
    ///   - changes: What is to be changed.
    /// - Throws: ``ArrayWriteError``, the cases about types and codecs.
    init(
        _ writer: ArrayWriter,
        _ resolved: ResolvedArray,
        _ memory: MemoryGate.Reservation,
        _ changes: (StoredArray) -> [ChunkChange]
    ) throws(ArrayWriteError) {
        self.writer = writer
        self.resolved = resolved
        self.memory = memory
        array = try writer.stored(resolved)
        encoder = try writer.encoder(of: resolved)
        keys = ArrayKeys(resolved.node, in: resolved.namespace)
        self.changes = changes(array)
        staging = writer.store.batchStage()
        staged = self.changes.map { _ in nil }
    }

    /// About how much memory a rewrite of so many chunks takes, beside those that are being decoded: what is
    /// known of each, its key several times, and what is staged in memory.
    ///
    /// - Parameters:
    ///   - count: How many, at most ``ArrayWriterLimits/chunksMax``.
    ///   - array: Whose they are.
    /// - Returns: How many bytes are to be reserved.
    static func planBytes(chunks count: Int, of array: StoredArray) -> Int {
        let rank = array.grid.rank
        let keyBytes = array.keyPrefix.utf8.count + 32 + 8 * rank
        // A chunk is bounded, and so is their number: the products fit.
        let stagedBytes = min(count * array.decoder.chunkBytes, Self.stagedBytesMax)
        return count * (Self.changeBytes + 3 * keyBytes + 64 * rank) + stagedBytes
    }

    /// What is kept of one chunk beside its key and what grows with the number of axes; measured.
    private static let changeBytes = 1024
    /// The most bytes of payloads that a batch holds in memory: those of the record, and an open pack.
    private static let stagedBytesMax = 10 << 20

    /// Reads, changes and encodes what is not staged, or was read in a state that is no longer there.
    mutating func stage() async throws(ArrayWriteError) {
        let held = try await heldSequences()
        let outdated = changes.indices.filter { index in
            guard let before = staged[index] else { return true }
            switch (before.expectation, held[index]) {
            case (.any, _): return false
            case (.absent, let entry): return entry != nil
            case (.sequence(let number), let entry): return entry?.sequence != number
            }
        }
        let work = outdated.map { Work(index: $0, change: changes[$0], entry: held[$0]) }
        for (index, change) in try await stage(work) { staged[index] = change }
        let staging = staging
        try await writer.blocking { () throws(ArrayWriteError) in
            do throws(StoreError) { try staging.seal() } catch { throw .store(error) }
        }
    }

    /// The puts of everything that is staged.
    func puts() throws(ArrayWriteError) -> [WriteBatch.Put] {
        var puts: [WriteBatch.Put] = []
        puts.reserveCapacity(changes.count)
        for (change, staged) in zip(changes, staged) {
            guard let staged else { preconditionFailure("everything was staged") }
            puts.append(
                WriteBatch.Put(
                    key: try keys.key(change.key),
                    payload: staged.payload,
                    entityTag: staged.entityTag,
                    expectation: staged.expectation
                )
            )
        }
        return puts
    }

    // MARK: - Work on threads

    private struct Work: Sendable {
        let index: Int
        let change: ChunkChange
        let entry: ObjectEntry?
    }

    /// What the chunks hold of which a part stays, at one state of the line; nil for all others.
    private func heldSequences() async throws(ArrayWriteError) -> [ObjectEntry?] {
        let partial = changes.indices.filter { changes[$0].coverage == .part }
        var held = [ObjectEntry?](repeating: nil, count: changes.count)
        guard !partial.isEmpty else { return held }
        let (array, loader) = (array, writer.engine.loader)
        let names = partial.map { changes[$0].key }
        let entries = try await writer.blocking { () throws(ArrayWriteError) in
            do throws(ArrayReadError) {
                return try loader.entries(names, of: array)
            } catch {
                throw .read(error)
            }
        }
        for (index, entry) in zip(partial, entries) { held[index] = entry }
        return held
    }

    private func stage(
        _ work: [Work]
    ) async throws(ArrayWriteError) -> [(Int, StagedChange)] {
        let size = BatchSize(array, limits: writer.engine.limits).chunksMax
        let batches = stride(from: 0, to: work.count, by: size).map { start in
            Array(work[start..<min(start + size, work.count)])
        }
        let results = await withTaskGroup(
            of: Result<[(Int, StagedChange)], ArrayWriteError>.self
        ) { group in
            var waiting = batches[...]
            var results: [Result<[(Int, StagedChange)], ArrayWriteError>] = []
            for batch in waiting.prefix(writer.engine.limits.parallelism) {
                group.addTask { await stageBatch(batch) }
            }
            waiting = waiting.dropFirst(writer.engine.limits.parallelism)
            for await result in group {
                results.append(result)
                if case .failure = result { waiting = [] }
                if let next = waiting.popFirst() { group.addTask { await stageBatch(next) } }
            }
            return results
        }
        var all: [(Int, StagedChange)] = []
        for result in results { all += try result.get() }
        return all
    }

    private func stageBatch(
        _ batch: [Work]
    ) async -> Result<[(Int, StagedChange)], ArrayWriteError> {
        do throws(ArrayWriteError) {
            let staged = try await writer.blocking { () throws(ArrayWriteError) in
                var staged: [(Int, StagedChange)] = []
                for work in batch { staged.append((work.index, try stage(work))) }
                return staged
            }
            return .success(staged)
        } catch {
            return .failure(error)
        }
    }

    /// Makes, encodes and stages one chunk; blocks.
    private func stage(_ work: Work) throws(ArrayWriteError) -> StagedChange {
        let change = work.change
        let result = try writer.stage(array, encoder, into: staging) {
            chunk throws(ArrayWriteError) -> Void in
            switch change.coverage {
            case .whole:
                if change.isClipped { array.metadata.fillValue.fill(chunk) }
            case .part: try load(change, work.entry, into: chunk)
            }
            change.apply(to: chunk, of: array)
        }
        let expectation: KeyExpectation =
            switch change.coverage {
            case .whole: .any
            case .part: work.entry.map { .sequence($0.sequence) } ?? .absent
            }
        return StagedChange(
            payload: result.payload,
            entityTag: result.entityTag,
            expectation: expectation
        )
    }

    /// What a chunk holds so far.
    private func load(
        _ change: ChunkChange,
        _ entry: ObjectEntry?,
        into chunk: UnsafeMutableRawBufferPointer
    ) throws(ArrayWriteError) {
        let loader = writer.engine.loader
        var isStored = false
        if let entry {
            do throws(ArrayReadError) {
                isStored = try loader.withChunk(
                    change.key,
                    entry: entry,
                    of: array,
                    retention: .pass
                ) { stored, _ in
                    stored.withUnsafeReadableBytes { chunk.copyMemory(from: $0) }
                }
            } catch {
                throw .read(error)
            }
        }
        // One that was deleted meanwhile: the expectation finds out.
        if !isStored { array.metadata.fillValue.fill(chunk) }
    }
}
