import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayWriter {
    /// Writes a region, all of it or nothing.
    ///
    /// What is written does not depend on what was there, so a write may be repeated by who missed the
    /// answer.
    ///
    /// - Parameters:
    ///   - reference: What names the array, which is looked up again if its metadata changes.
    ///   - array: The array as it was found.
    ///   - selection: Where to write; made for the array's shape, and no element twice.
    ///   - block: The elements, broadcast to the region as NumPy's assignment does it.
    /// - Returns: What was done.
    /// - Throws: ``ArrayWriteError``.
    public func write(
        _ reference: ArrayReference,
        _ array: ResolvedArray,
        _ selection: Selection,
        _ block: ElementBlock
    ) async throws(ArrayWriteError) -> WriteReceipt {
        guard block.matches(array.metadata.dataType) else {
            throw .dataTypeMismatch(
                array: array.metadata.dataType.name,
                given: block.dataType.name
            )
        }
        let write = try await blocking { () throws(ArrayWriteError) in
            try RegionWrite(self, array, selection, block)
        }
        guard write.chunkCount > 0 else {
            return WriteReceipt(chunks: 0, sequence: array.node.sequence)
        }
        return try await locks.withLocks(write.claims) { () async throws(ArrayWriteError) in
            try await commit(write, reference)
        }
    }

    private func commit(
        _ write: RegionWrite,
        _ reference: ArrayReference
    ) async throws(ArrayWriteError) -> WriteReceipt {
        var chunks = try await chunks(of: write)
        var node = chunks.resolved.node
        let namespace = chunks.resolved.namespace
        for _ in 0..<limits.attemptsMax {
            try await chunks.stage()
            var batch = WriteBatch()
            batch.puts = try chunks.puts()
            // The chunks mean what the metadata says.
            batch.conditions = [
                WriteBatch.Condition(
                    key: try chunks.keys.key(node.metadataKey),
                    expectation: .sequence(node.sequence)
                )
            ]
            do throws(StoreError) {
                let sequence = try await store.write(batch, in: namespace, actor: actor)
                return WriteReceipt(chunks: chunks.changes.count, sequence: sequence)
            } catch {
                guard error == .preconditionFailed else { throw .store(error) }
            }
            let now = try await resolve(reference, in: namespace)
            guard now.node.line == node.line, now.node.metadataKey == node.metadataKey,
                now.metadata.takesChunks(of: chunks.resolved.metadata)
            else { throw .arrayChanged }
            if now.metadata.shape != chunks.resolved.metadata.shape {
                // A chunk that was written as a whole may have elements beyond the former edge now,
                // which others write. Its place in the grid, and so its lock, is the same.
                let planned = chunks.memory
                chunks = try await blocking { () throws(ArrayWriteError) in
                    try write.again(in: now).chunks(planned)
                }
            }
            node = now.node
        }
        throw .contended
    }

    /// The chunks of a write whose claims are held, once there is memory for them.
    ///
    /// Memory is asked for behind the locks, so that who waits for a lock takes none.
    func chunks(of write: RegionWrite) async throws(ArrayWriteError) -> ChunkRewrite {
        let planned = try await reserve(planBytes: write.planBytes)
        return try await blocking { () throws(ArrayWriteError) in
            try write.chunks(planned)
        }
    }

    /// Finds an array.
    func resolve(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayWriteError) -> ResolvedArray {
        do throws(ArrayCatalogError) {
            return try await catalog.resolve(reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
    }
}

extension ElementBlock {
    /// Whether the elements are of an array's type; `bfloat16`, which NumPy does not have, comes as two
    /// raw bytes.
    func matches(_ type: DataType) -> Bool {
        dataType == type || type == .bfloat16 && dataType == .rawBits(bytes: 2)
    }
}

extension ArrayMetadata {
    /// Whether chunks that were encoded for other metadata of the same array mean the same in this.
    func takesChunks(of other: ArrayMetadata) -> Bool {
        let isSame =
            dialect == other.dialect && dataType == other.dataType
            && chunkShape == other.chunkShape && chunkKeys == other.chunkKeys
            && codecs == other.codecs && fillValue.bytes == other.fillValue.bytes
        // The chunk names of the original layout depend on the shape.
        guard isSame, dialect != .hub0 else { return isSame && shape == other.shape }
        return shape.count == other.shape.count && zip(shape, other.shape).allSatisfy(>=)
    }
}
