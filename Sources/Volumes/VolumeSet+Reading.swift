import DiskIO
import StorageModel

extension VolumeSet {
    /// Reads a range of an extent and verifies all of it; takes another copy where one is damaged or
    /// cannot be read, and writes the damaged one anew.
    ///
    /// With `.cachedOnly` it never waits for the disk.
    ///
    /// - Parameters:
    ///   - extent: Where the bytes are.
    ///   - range: The bytes to read, counted from the extent's beginning.
    ///   - buffer: Takes them; exactly as long as the range.
    ///   - mode: Whether the read may wait for the disk.
    /// - Returns: Whether the whole range is there.
    /// - Throws: `.payloadDamaged`, `.blobMissing`, `.blobInvalid`, `.rangeInvalid`,
    ///   `.readFailed`, `.logBeginsLater`; the buffer then holds no byte of the payload.
    public func read(
        _ extent: Extent,
        range: Range<Int64>,
        into buffer: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        if let single {
            do throws(VolumeError) {
                let outcome = try single.read(extent, range: range, into: buffer, mode: mode)
                if mode == .mayWait { members[0].readFailures.noteSuccess() }
                return outcome
            } catch {
                noteReadFailure(of: members[0], extent, error)
                throw error
            }
        }
        guard range.lowerBound >= 0, range.upperBound <= extent.lengthBytes else {
            throw .rangeInvalid
        }
        switch mode {
        case .cachedOnly: return readCached(extent, range, buffer)
        case .mayWait:
            try readAnywhere(extent, range, buffer)
            return .complete
        }
    }

    /// The volumes that may have an extent, those first that should.
    private func candidates(_ extent: Extent) -> [VolumeMember] {
        switch extent {
        case .inline:
            return standing.withLock { $0.logHolders }
        case .blob(let id, _, _):
            // Begins with another volume for another blob, so that all disks are read from.
            let start = Int(id.number % UInt64(members.count))
            let turned = members[start...] + members[..<start]
            return turned.filter { $0.whyFailed == nil } + turned.filter { $0.whyFailed != nil }
        }
    }

    private func readCached(
        _ extent: Extent,
        _ range: Range<Int64>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) -> ReadOutcome {
        for volume in candidates(extent).compactMap(\.volume) {
            // Damage is looked at where waiting is allowed.
            let outcome = try? volume.read(extent, range: range, into: buffer, mode: .cachedOnly)
            if outcome == .complete { return .complete }
        }
        return .wouldBlock
    }

    private func readAnywhere(
        _ extent: Extent,
        _ range: Range<Int64>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(VolumeError) {
        do throws(VolumeError) {
            return try readWhole(extent, range, buffer)
        } catch {
            guard range.count > Payload.blockBytes else { throw error }
        }
        // Copies that are damaged in different places make a whole one together.
        do throws(VolumeError) {
            try byBlocks(extent, range, buffer) { part, target throws(VolumeError) in
                try readWhole(extent, part, target)
            }
        } catch {
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            throw error
        }
    }

    /// Visits a range block by block, each with its place in the buffer.
    private func byBlocks(
        _ extent: Extent,
        _ range: Range<Int64>,
        _ buffer: UnsafeMutableRawBufferPointer,
        _ visit: (Range<Int64>, UnsafeMutableRawBufferPointer) throws(VolumeError) -> Void
    ) throws(VolumeError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(extent.blockEnd(after: position), range.upperBound)
            let start = Int(position - range.lowerBound)
            let target = buffer[start..<Int(end - range.lowerBound)]
            try visit(position..<end, UnsafeMutableRawBufferPointer(rebasing: target))
            position = end
        }
    }

    /// Reads a range from the first volume that has all of it whole.
    private func readWhole(
        _ extent: Extent,
        _ range: Range<Int64>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(VolumeError) {
        var damaged: [(VolumeMember, VolumeError)] = []
        var missing: VolumeError?
        for member in candidates(extent) {
            guard let volume = member.volume else { continue }
            do throws(VolumeError) {
                _ = try volume.read(extent, range: range, into: buffer, mode: .mayWait)
                member.readFailures.noteSuccess()
                heal(extent, damaged)
                return
            } catch .blobMissing(let id) {
                missing = .blobMissing(id)
            } catch {
                damaged.append((member, error))
                onEvent(.damaged(directory: member.directory, extent, error))
                noteReadFailure(of: member, extent, error)
            }
        }
        throw damaged.first?.1 ?? missing ?? .volumeFailed
    }

    /// Notes a read that failed for the disk's sake, and takes a volume out whose disk does not read, as one
    /// is that does not write.
    ///
    /// The last volume that holds the log stays, and its report says so.
    func noteReadFailure(of member: VolumeMember, _ extent: Extent, _ error: VolumeError) {
        guard error.isOfDevice, member.readFailures.note(failed: extent) else { return }
        giveUp(member, error)
    }

    /// Takes a volume out whose disk fails, where that was met by a reader.
    private func giveUp(_ member: VolumeMember, _ error: VolumeError) {
        // Where nothing can be written any more, the next write says so; reads go on.
        try? takeOut(member, error)
    }

    // MARK: - Healing

    /// Writes damaged copies anew; gives how many.
    ///
    /// A volume that does not take them, since its disk fails, is taken out.
    @discardableResult
    func heal(_ extent: Extent, _ damaged: [(VolumeMember, VolumeError)]) -> Int {
        var healed = 0
        for (member, damage) in damaged {
            guard let volume = member.writable else { continue }
            do throws(VolumeError) {
                switch extent {
                case .inline(let position, let length, _):
                    try healLog(position, length, extent, of: volume)
                case .blob(let id, _, _): try copyBlob(id, to: volume)
                }
                healed += 1
                onEvent(.healed(directory: member.directory, extent, damage))
            } catch {
                onEvent(.notHealed(directory: member.directory, extent, error))
                if !volume.isWritable {
                    giveUp(member, .volumeFailed)
                } else if case .writeFailed = error, error.isOfDevice {
                    giveUp(member, error)
                }
            }
        }
        return healed
    }

    private func healLog(
        _ position: LogPosition,
        _ length: Int,
        _ extent: Extent,
        of volume: Volume
    ) throws(VolumeError) {
        var bytes = [UInt8](repeating: 0, count: length)
        for other in logVolumes where other !== volume {
            let outcome = bytes.withUnsafeMutableBytes { buffer in
                try? other.read(extent, range: 0..<Int64(length), into: buffer, mode: .mayWait)
            }
            guard outcome == .complete else { continue }
            return try volume.rewriteLog(bytes, at: position)
        }
        throw .volumeFailed
    }

    /// Puts a whole copy of a blob on a volume, in place of what it has.
    ///
    /// - Throws: `.blobMissing` if there is none; the failures of reading all copies and of writing.
    func copyBlob(_ id: BlobID, to target: Volume) throws(VolumeError) {
        let length = try blobBytes(id)
        let extent = Extent.blob(id, offset: 0, lengthBytes: length)
        // Another reader that met the same damage may be at it.
        guard let writer = try target.blobs.createCopy(of: id) else { return }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer {
            piece.deallocate()
            writer.discard()
        }
        var position: Int64 = 0
        while position < length {
            let end = min(position + Int64(piece.count), length)
            let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<Int(end - position)])
            try readPlainly(extent, position..<end, part)
            try writer.append(UnsafeRawBufferPointer(part))
            position = end
        }
        _ = try writer.finish()
    }

    /// The length of a blob, as the first volume says whose file is whole.
    private func blobBytes(_ id: BlobID) throws(VolumeError) -> Int64 {
        var failure = VolumeError.blobMissing(id)
        for volume in readable {
            do throws(VolumeError) {
                if let blob = try volume.openBlob(id, mode: .mayWait) { return blob.payloadBytes }
            } catch .blobMissing {
                continue
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Reads block by block from any copy, healing nothing.
    private func readPlainly(
        _ extent: Extent,
        _ range: Range<Int64>,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(VolumeError) {
        try byBlocks(extent, range, buffer) { part, target throws(VolumeError) in
            var failure: VolumeError? = .volumeFailed
            for volume in readable where failure != nil {
                do throws(VolumeError) {
                    _ = try volume.read(extent, range: part, into: target, mode: .mayWait)
                    failure = nil
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }
}

extension Extent {
    /// The end of the block that holds a byte of the extent.
    fileprivate func blockEnd(after position: Int64) -> Int64 {
        let block = Int64(Payload.blockBytes)
        switch self {
        case .inline: return (position / block + 1) * block
        case .blob(_, let offset, _):
            let (inBlob, overflow) = position.addingReportingOverflow(offset)
            guard !overflow else { return .max }
            return (inBlob / block + 1) * block - offset
        }
    }
}

extension Volume {
    /// Writes payload bytes of the log anew that were found damaged; they are on the disk when this
    /// returns.
    ///
    /// - Throws: `.logBeginsLater`, `.readFailed`, `.writeFailed`, `.outOfSpace`.
    func rewriteLog(_ bytes: [UInt8], at position: LogPosition) throws(VolumeError) {
        guard let segment = try segments.segment(at: position, mode: .mayWait) else { return }
        do throws(DiskError) {
            let file = try fileSystem.open(layout.segment(segment.first), .readWrite)
            try file.write(bytes, at: position.bytes - segment.first.bytes)
            try file.synchronizeData()
        } catch {
            throw VolumeError(writing: error)
        }
    }
}
