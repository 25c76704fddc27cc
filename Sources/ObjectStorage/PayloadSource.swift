import NIOCore
import StorageFormats
import StorageModel
import Volumes

/// Where the bytes of an object to be written come from, as its change will name them.
struct PayloadSource: Sendable {
    /// The runs; at most one is `recorded`, none a part of what is.
    let runs: [PayloadRun]
    /// What travels in the record.
    let recorded: LogPayload
    /// Payloads that were staged for this write alone.
    let staged: [StagedPayload]

    init(runs: [PayloadRun], recorded: LogPayload, staged: [StagedPayload]) {
        self.runs = runs
        self.recorded = recorded
        self.staged = staged
    }

    /// The source of a staged payload.
    init(_ payload: StagedPayload) {
        switch payload.content {
        case .inline(let inline):
            self.init(
                runs: inline.bytes.isEmpty ? [] : [.recorded],
                recorded: inline,
                staged: [payload]
            )
        case .blob(_, let extent), .packed(_, let extent):
            self.init(runs: [.stored(extent)], recorded: .none, staged: [payload])
        }
    }

    /// The blobs among the staged payloads.
    var stagedBlobs: Set<BlobID> {
        var blobs: Set<BlobID> = []
        for payload in staged {
            switch payload.content {
            case .inline: continue
            case .blob(let writer, _): blobs.insert(writer.id)
            case .packed(let pack, _): blobs.insert(pack.id)
            }
        }
        return blobs
    }

    /// The length of all runs together, in bytes.
    var lengthBytes: Int64 {
        runs.reduce(0) { sum, run in
            switch run {
            case .recorded: sum + Int64(recorded.bytes.count)
            case .recordedPart(_, let lengthBytes, _): sum + Int64(lengthBytes)
            case .stored(let extent): sum + extent.lengthBytes
            }
        }
    }
}

extension ObjectStore {
    /// A source of the same bytes that shares only blobs: bytes in the log belong to one row each,
    /// so they are copied, into the new record or, if there are several such runs, into blobs.
    func detached(
        _ payload: Payload,
        range: Range<Int64>
    ) async throws(StoreError) -> PayloadSource {
        let pieces = payload.pieces(of: range)
        let inlineCount = pieces.count { $0.extent.isInline }
        var runs: [PayloadRun] = []
        var recorded = LogPayload.none
        var staged: [StagedPayload] = []
        for piece in pieces {
            if case .blob(let id, let offset, _) = piece.extent {
                let length = piece.range.upperBound - piece.range.lowerBound
                runs.append(
                    .stored(
                        .blob(id, offset: offset + piece.range.lowerBound, lengthBytes: length)
                    )
                )
                continue
            }
            let bytes = try await bytes(of: piece.extent, range: piece.range)
            if inlineCount == 1 {
                runs.append(.recorded)
                recorded = LogPayload(bytes)
            } else {
                let (run, blob) = try await stagedAsBlob(bytes)
                runs.append(run)
                staged.append(blob)
            }
        }
        return PayloadSource(runs: runs, recorded: recorded, staged: staged)
    }

    private func stagedAsBlob(
        _ bytes: [UInt8]
    ) async throws(StoreError) -> (PayloadRun, StagedPayload) {
        let volume = volume
        let upkeep = upkeep
        return try await diskPool.perform { () throws(StoreError) in
            do throws(VolumeError) {
                let writer = try volume.createBlob()
                try writer.append(bytes)
                let extent = try writer.finish()
                let payload = StagedPayload(.blob(writer, extent), upkeep: upkeep)
                return (.stored(extent), payload)
            } catch {
                throw StoreError(error)
            }
        }
    }

    /// Some bytes of an extent, which must be few.
    private func bytes(
        of extent: Extent,
        range: Range<Int64>
    ) async throws(StoreError) -> [UInt8] {
        let reader = try PayloadReader(
            Payload(extents: [extent]),
            range: range,
            pinned: [],
            store: self
        )
        return try await diskPool.perform { () throws(StoreError) in
            let buffer = try reader.readRest(allocator: ByteBufferAllocator())
            return [UInt8](buffer.readableBytesView)
        }
    }

    /// What the bytes say if the key names a metadata file; never a failure of the write, unless
    /// the bytes cannot be read at all.
    func fact(_ key: ObjectKey, _ source: PayloadSource) async throws(StoreError) -> CatalogFact? {
        guard let file = CatalogFile(key: key.text) else { return nil }
        let sizeBytes = source.lengthBytes
        guard sizeBytes <= Int64(limits.metadataBytesMax) else {
            return NodeRecognizer.factOfTooLong(file, sizeBytes: sizeBytes)
        }
        var bytes: [UInt8] = []
        for run in source.runs {
            switch run {
            case .recorded: bytes += source.recorded.bytes
            case .recordedPart: preconditionFailure("a source is of one object")
            case .stored(let extent):
                bytes += try await self.bytes(of: extent, range: 0..<extent.lengthBytes)
            }
        }
        return NodeRecognizer.fact(file, bytes: bytes)
    }
}

/// A part of an extent.
private struct ExtentPiece {
    let extent: Extent
    /// Relative to the extent.
    let range: Range<Int64>
}

extension Payload {
    /// The extents that hold bytes of a range, and which of their bytes those are.
    fileprivate func pieces(of range: Range<Int64>) -> [ExtentPiece] {
        var start: Int64 = 0
        var pieces: [ExtentPiece] = []
        for extent in extents {
            let own = start..<(start + extent.lengthBytes)
            let wanted = own.clamped(to: range)
            if !wanted.isEmpty {
                let relative = (wanted.lowerBound - start)..<(wanted.upperBound - start)
                pieces.append(ExtentPiece(extent: extent, range: relative))
            }
            start = own.upperBound
        }
        return pieces
    }
}

extension Extent {
    var isInline: Bool {
        switch self {
        case .inline: true
        case .blob: false
        }
    }
}
