import Checksums
import SQLiteDatabase
import StorageFormats
import StorageModel
import Volumes

extension ObjectStore {
    /// Begins a multipart upload.
    public func createUpload(
        _ key: ObjectKey,
        in namespace: Namespace,
        attributes: ObjectAttributes = ObjectAttributes(),
        checksum: UploadChecksum? = nil
    ) async throws(StoreError) -> MultipartUpload {
        let creation = UploadCreation(
            id: UploadID(Hexadecimal.encode(drawBytes())),
            namespaceLine: namespace.line,
            key: key,
            attributes: attributes,
            checksum: checksum
        )
        return try await commit(.createUpload(creation, in: namespace.name)) { outcome in
            if case .upload(let upload) = outcome { upload } else { nil }
        }
    }

    private func drawBytes() -> [UInt8] {
        [random(), random()].flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }

    /// Finds an upload in progress; nil if there is none of this name for this key.
    ///
    /// Synchronous.
    public func upload(
        _ id: UploadID,
        key: ObjectKey,
        in namespace: Namespace
    ) throws(StoreError) -> MultipartUpload? {
        guard let upload = try ask({ reader throws(SQLiteError) in try reader.upload(id) }) else {
            return nil
        }
        return upload.key == key && upload.namespaceLine == namespace.line ? upload : nil
    }

    /// Stores a part, in place of an earlier one of its number.
    ///
    /// - Throws: ``StoreError/uploadMissing(_:)``, ``StoreError/partNumberInvalid(_:)`` and the
    ///   failures of
    ///   any write.
    public func putPart(
        _ number: Int,
        of upload: MultipartUpload,
        in namespace: Namespace,
        _ payload: StagedPayload,
        entityTag: EntityTagging,
        checksum: ObjectChecksum? = nil
    ) async throws(StoreError) -> UploadedPart {
        let source = PayloadSource(payload)
        return try await put(
            number,
            upload,
            namespace,
            source,
            .staged,
            entityTag: entityTag,
            checksum: checksum
        )
    }

    /// Stores a range of an object as a part; blobs are shared.
    ///
    /// - Parameters:
    ///   - number: The part's number.
    ///   - upload: The upload.
    ///   - namespace: The namespace of the upload.
    ///   - entry: The object, as it was looked up.
    ///   - range: The bytes of the object.
    ///   - entityTag: The MD5 of those bytes, which the caller has read.
    ///   - checksum: Of those bytes.
    /// - Returns: The part as it is stored.
    /// - Throws: ``StoreError/objectReplaced``, ``StoreError/rangeInvalid`` and what ``putPart``
    ///   throws.
    public func copyPart(
        _ number: Int,
        of upload: MultipartUpload,
        in namespace: Namespace,
        from entry: ObjectEntry,
        range: Range<Int64>,
        entityTag: EntityTagging,
        checksum: ObjectChecksum? = nil
    ) async throws(StoreError) -> UploadedPart {
        guard range.lowerBound >= 0, range.upperBound <= entry.sizeBytes else {
            throw .rangeInvalid
        }
        let source = try await detached(entry.payload, range: range)
        return try await put(
            number,
            upload,
            namespace,
            source,
            .shared(staged: source.stagedBlobs),
            entityTag: entityTag,
            checksum: checksum
        )
    }

    private func put(
        _ number: Int,
        _ upload: MultipartUpload,
        _ namespace: Namespace,
        _ source: PayloadSource,
        _ origin: PayloadOrigin,
        entityTag: EntityTagging,
        checksum: ObjectChecksum?
    ) async throws(StoreError) -> UploadedPart {
        guard UploadedPart.numbers.contains(number) else { throw .partNumberInvalid(number) }
        try entityTag.check(source)
        let part = PartWrite(
            upload: upload.id,
            number: number,
            entityTag: entityTag.text,
            checksum: checksum,
            payload: source.runs
        )
        let proposal = PartProposal(
            part: part,
            tagging: entityTag,
            key: upload.key,
            namespace: namespace,
            origin: origin,
            payload: source.recorded
        )
        return try await handingOver(source.staged) { () throws(StoreError) in
            try await commit(.putPart(proposal)) { outcome in
                if case .part(let part) = outcome { part } else { nil }
            }
        }
    }

    /// The parts of an upload with numbers greater than `number`, in order, at most `limit`.
    public func parts(
        of upload: MultipartUpload,
        after number: Int = 0,
        limit: Int = 10_000
    ) throws(StoreError) -> [UploadedPart] {
        let id = upload.id
        return try ask { reader throws(SQLiteError) in
            try reader.parts(of: id, after: number, limit: limit)
        }
    }

    /// Lists uploads in progress.
    public func uploads(
        _ query: UploadQuery,
        in namespace: Namespace
    ) async throws(StoreError) -> UploadPage {
        let line = namespace.line
        return try await diskPool.perform { [self] () throws(StoreError) in
            try ask { reader throws(SQLiteError) in try reader.uploads(query, namespace: line) }
        }
    }

    /// Makes an object of parts; no byte is copied.
    ///
    /// Its entity tag is the MD5 of the parts' MD5s, `-N`.
    ///
    /// A completion that is repeated within a day, because the answer was lost, gets the same
    /// answer as long as the key still holds that object.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - key: The key it was begun for.
    ///   - namespace: The namespace it was begun in.
    ///   - parts: The parts in ascending order; each must still be the one with that entity tag and
    ///     checksum.
    ///   - checksums: Of the whole object, computed by the caller from ``parts(of:after:limit:)``.
    ///   - precondition: What must hold of the key.
    ///   - actor: Who asks for it.
    /// - Returns: The object.
    /// - Throws: ``StoreError/uploadMissing(_:)``, ``StoreError/partInvalid(number:)``,
    ///   ``StoreError/partOrderInvalid``, ``StoreError/partTooSmall(number:sizeBytes:)``,
    ///   ``StoreError/partsEmpty``, ``StoreError/preconditionFailed`` and the failures of any write.
    public func completeUpload(
        _ id: UploadID,
        key: ObjectKey,
        in namespace: Namespace,
        parts: [PartReference],
        checksums: [ObjectChecksum] = [],
        precondition: WritePrecondition = .none,
        actor: PrincipalName? = nil
    ) async throws(StoreError) -> ObjectEntry {
        let proposal = CompletionProposal(
            id: id,
            key: key,
            namespace: namespace,
            parts: parts,
            checksums: checksums,
            fact: try await fact(key, id, parts),
            precondition: precondition
        )
        return try await commit(.completeUpload(proposal), actor: actor, Self.object)
    }

    /// What the listed parts say if the key names a metadata file.
    ///
    /// The committer verifies that they are still the same.
    private func fact(
        _ key: ObjectKey,
        _ id: UploadID,
        _ references: [PartReference]
    ) async throws(StoreError) -> CatalogFact? {
        guard CatalogFile(key: key.text) != nil else { return nil }
        var listed: [Int: String] = [:]
        for reference in references { listed[reference.number] = reference.entityTag }
        // A part that moves in the log between the two steps is looked up again.
        for _ in 0..<Self.factAttemptsMax - 1 {
            do throws(StoreError) {
                return try await fact(key, id, listed)
            } catch .objectReplaced {
                continue
            }
        }
        return try await fact(key, id, listed)
    }

    private static let factAttemptsMax = 4

    private func fact(
        _ key: ObjectKey,
        _ id: UploadID,
        _ listed: [Int: String]
    ) async throws(StoreError) -> CatalogFact? {
        let uploaded = try ask { reader throws(SQLiteError) in
            try reader.parts(of: id, after: 0, limit: UploadedPart.numbers.upperBound)
        }
        let chosen = uploaded.filter { listed[$0.number] == $0.entityTag }
        let runs = chosen.flatMap { $0.payload.extents.map(PayloadRun.stored) }
        let source = PayloadSource(runs: runs, recorded: .none, staged: [])
        return try await fact(key, source)
    }

    /// The object that an upload was completed to, if that was within a day and the key still holds
    /// it.
    public func completedEntry(
        _ id: UploadID,
        key: ObjectKey,
        in namespace: Namespace
    ) throws(StoreError) -> ObjectEntry? {
        let line = namespace.line
        return try ask { reader throws(SQLiteError) in
            guard let completed = try reader.completedEntry(id),
                let current = try reader.entry(key, namespace: line),
                current.sequence == completed.sequence
            else { return nil }
            return completed
        }
    }

    /// Drops an upload and its parts.
    ///
    /// - Throws: ``StoreError/uploadMissing(_:)`` and the failures of any write.
    public func abortUpload(
        _ id: UploadID,
        key: ObjectKey,
        in namespace: Namespace
    ) async throws(StoreError) {
        _ = try await queue.submit(.abortUpload(id, key: key, in: namespace))
    }
}
