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
    /// - Throws: ``ArrayWriteError``, the cases about types and codecs, and what `changes` throws.
    init(
        _ writer: ArrayWriter,
        _ resolved: ResolvedArray,
        _ changes: (StoredArray) throws(ArrayWriteError) -> [ChunkChange]
    ) throws(ArrayWriteError) {
        self.writer = writer
        self.resolved = resolved
        array = try writer.stored(resolved)
        do throws(ArrayCodecError) {
            encoder = try ChunkEncoder(resolved.metadata)
        } catch {
            throw .notEncodable(error)
        }
        keys = ArrayKeys(resolved.node, in: resolved.namespace)
        self.changes = try changes(array)
        staging = writer.store.batchStage()
        staged = self.changes.map { _ in nil }
    }

    /// Prepares to write a block to a region.
    ///
    /// - Throws: ``ArrayWriteError``, the cases about types, shapes, sizes and codecs.
    init(
        _ writer: ArrayWriter,
        _ resolved: ResolvedArray,
        _ selection: Selection,
        _ block: ElementBlock
    ) throws(ArrayWriteError) {
        guard let source = RegionSource(block, selection: selection) else {
            throw .shapeMismatch(region: selection.shape, given: block.shape)
        }
        let limits = writer.limits
        try self.init(writer, resolved) { array throws(ArrayWriteError) in
            guard selection.elementCount > 0 else { return [] }
            let plan = ReadPlan(selection: selection, grid: array.grid, slabElementsMax: 1)
            let count = plan.everything.touchedChunkCount
            guard count <= limits.chunksMax else {
                throw .chunksTooMany(count: count, limit: limits.chunksMax)
            }
            // A chunk is bounded, and so is their number: the product fits.
            let bytes = count * array.decoder.chunkBytes
            guard bytes <= limits.chunkBytesMax else {
                throw .chunksTooLong(bytes: bytes, limitBytes: limits.chunkBytesMax)
            }
            return plan.everything.pieces.map { ChunkChange($0, of: source, in: array) }
        }
    }

    /// What its writers lock.
    var lockKeys: [ChunkLockTable.Key] { changes.map { keys.lock($0.key) } }

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
