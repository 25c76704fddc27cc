import ArrayCodecs
import ArrayModel
import ObjectStorage
import StorageModel

extension ArrayWriter {
    /// Creates an array or a group, if there is none of its name.
    ///
    /// Without a tag it is the version `latest`. A version that does not exist becomes a group when a
    /// member of it is created. Arrays of the original Hub layout are where their client looks for
    /// them: under the plain key `name/tag`. Nothing can be created inside an array, nor an array around
    /// others.
    ///
    /// - Throws: ``ArrayWriteError/arrayExists(_:)``, ``ArrayWriteError/insideArray(_:_:)``,
    ///   ``ArrayWriteError/membersInside(_:)``,
    ///   ``ArrayWriteError/specificationInvalid(_:)``, ``ArrayWriteError/codecUnknown(_:)``,
    ///   ``ArrayWriteError/notEncodable(_:)``,
    ///   ``ArrayWriteError/read(_:)`` (chunks beyond the bounds),
    ///   ``ArrayWriteError/keyInvalid(_:)`` and ``ArrayWriteError/store(_:)``.
    public func create(
        _ specification: ArraySpecification,
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayWriteError) {
        let kind = try check(specification, reference, namespace)
        let staged = try await stage(specification.documents)
        let root = try await stageRoot(above: reference, specification.dialect)
        for _ in 0..<limits.attemptsMax {
            let site = try site(of: reference, specification.dialect, in: namespace)
            // Nobody deletes a folder that it is in, or creates something around or inside it.
            let isCreated = try await locks.withLocks(site.claims) {
                () async throws(ArrayWriteError) in
                try refuseExisting(reference, in: namespace)
                try refuseNesting(kind, reference, at: site)
                var batch = try batch(staged, below: site.keyPrefix)
                if let root, try versionLine(of: reference, in: namespace) == nil {
                    let group = try self.batch([root.document], below: root.folder)
                    // First the group: it opens the version that the member goes to.
                    batch.puts = group.puts + batch.puts
                    batch.conditions += group.conditions
                }
                return try await commit(batch, in: namespace) != nil
            }
            if isCreated { return }
        }
        throw .arrayExists(reference)
    }

    /// A metadata document that was taken in, and its name below the array's path.
    private struct StagedDocument: Sendable {
        let fileName: String
        let staged: BatchStage.Staged
    }

    private func stage(
        _ documents: [ArraySpecification.Document]
    ) async throws(ArrayWriteError) -> [StagedDocument] {
        let staged = try await stage(documents.map(\.content))
        return zip(documents, staged).map { StagedDocument(fileName: $0.fileName, staged: $1) }
    }

    /// The group that a version is to be which does not exist, and of which a member is created.
    private func stageRoot(
        above reference: ArrayReference,
        _ dialect: ArrayMetadata.Dialect
    ) async throws(ArrayWriteError) -> (folder: String, document: StagedDocument)? {
        guard !reference.member.isEmpty, let group = ArraySpecification.Document(groupIn: dialect)
        else { return nil }
        let folder = "\(reference.name):\(reference.tag)/"
        return try await stage([group]).first.map { (folder, $0) }
    }

    /// A batch that writes metadata into a folder in which there is none.
    private func batch(
        _ documents: [StagedDocument],
        below folder: String
    ) throws(ArrayWriteError) -> WriteBatch {
        var batch = WriteBatch()
        // Whichever layout it has: two of them in one folder would hide each other.
        for file in MetadataFile.allCases {
            let key = try ArrayKeys.key(parsing: folder + file.fileName)
            batch.conditions.append(WriteBatch.Condition(key: key, expectation: .absent))
        }
        for document in documents {
            batch.puts.append(
                WriteBatch.Put(
                    key: try ArrayKeys.key(parsing: folder + document.fileName),
                    payload: document.staged.payload,
                    entityTag: document.staged.entityTag,
                    attributes: Self.documentAttributes,
                    expectation: .absent
                )
            )
        }
        return batch
    }

    /// What S3 clients are told of a metadata document.
    static let documentAttributes = ObjectAttributes(
        systemHeaders: [HeaderField("content-type", "application/json")],
        userMetadata: []
    )

    /// Checks that what is to be created can be read and written.
    private func check(
        _ specification: ArraySpecification,
        _ reference: ArrayReference,
        _ namespace: Namespace
    ) throws(ArrayWriteError) -> CreatedKind {
        let recognition: NodeRecognition
        do throws(ArraySpecificationError) {
            recognition = try specification.recognised()
        } catch {
            throw .specificationInvalid(error)
        }
        guard case .array(let metadata) = recognition else { return .group }
        do throws(ArrayCodecError) {
            _ = try ChunkEncoder(metadata)
        } catch {
            if case .codecMissing(let name) = error { throw .codecUnknown(name) }
            throw .notEncodable(error)
        }
        let node = CatalogNode(
            place: reference.place,
            line: namespace.line,
            path: "",
            metadataKey: "",
            sequence: 0,
            fact: CatalogFact(dialect: .zarr3, kind: .array),
            modified: namespace.created,
            tally: nil
        )
        _ = try stored(ResolvedArray(namespace: namespace, node: node, metadata: metadata))
        return .array
    }

    private func refuseExisting(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) throws(ArrayWriteError) {
        let existing: CatalogNode?
        do throws(StoreError) {
            existing = try store.node(reference.place, in: namespace)
        } catch {
            throw .store(error)
        }
        guard existing == nil else { throw .arrayExists(reference) }
    }

    /// Takes in metadata documents.
    ///
    /// - Throws: ``ArrayWriteError/specificationInvalid(_:)`` for one that could not be read again, being too
    ///   long, and ``ArrayWriteError/store(_:)``.
    func stage(
        _ documents: [JSONValue]
    ) async throws(ArrayWriteError) -> [BatchStage.Staged] {
        let stage = store.batchStage()
        return try await blocking { () throws(ArrayWriteError) in
            var staged: [BatchStage.Staged] = []
            for document in documents {
                let bytes = try Self.bytes(of: document)
                do throws(StoreError) {
                    staged.append(try stage.stage(bytes))
                } catch {
                    throw .store(error)
                }
            }
            do throws(StoreError) { try stage.seal() } catch { throw .store(error) }
            return staged
        }
    }

    /// How a document is stored: so that people can read it, unless that makes it too long.
    private static func bytes(of document: JSONValue) throws(ArrayWriteError) -> [UInt8] {
        let lengthMax = ArrayLimits.metadataBytesMax
        let readable = document.serialized(.readable, nonFinite: .bare)
        guard readable.count > lengthMax else { return readable }
        let compact = document.serialized(.compact, nonFinite: .bare)
        guard compact.count <= lengthMax else {
            throw .specificationInvalid(.metadata(.json(.tooLong(bytes: compact.count))))
        }
        return compact
    }
}
