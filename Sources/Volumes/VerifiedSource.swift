import Checksums
import DiskIO
import StorageModel

/// A payload in a file, with the checksums of its blocks: the only door through which payload bytes
/// leave a volume.
///
/// Invariant: no byte of a block is handed out before the whole block was read and its checksum
/// compared.
struct VerifiedSource {
    let file: any OpenFile
    /// Where the payload begins in the file.
    let fileOffset: Int64
    let payloadBytes: Int64
    let blockChecksums: [UInt64]

    /// Blocks that are read with one call, not counting a last one that is short: 256 KiB stay in the
    /// processor's cache until they are verified.
    private static let blocksPerRead: Int64 = 4
    private static let blockBytes = Int64(Payload.blockBytes)

    /// Reads a range of the payload into a buffer of its length.
    ///
    /// Whole blocks are read in place. Of a block that the range touches only in part, all is read
    /// beside and the part is copied.
    ///
    /// - Throws: `.rangeInvalid`, `.payloadDamaged`, `.readFailed`; the buffer is then all zeros.
    func read(
        _ range: Range<Int64>,
        into buffer: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        guard range.lowerBound >= 0, range.upperBound <= payloadBytes,
            buffer.count == range.upperBound - range.lowerBound
        else { throw .rangeInvalid }
        do throws(VolumeError) {
            return try readBlocks(range, into: buffer, mode: mode)
        } catch {
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            throw error
        }
    }

    private func readBlocks(
        _ range: Range<Int64>,
        into buffer: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        var position = range.lowerBound
        while position < range.upperBound {
            let done = Int(position - range.lowerBound)
            let whole = wholeBlocks(from: position, to: range.upperBound)
            let outcome: ReadOutcome
            if whole.isEmpty {
                let block = self.block(around: position)
                let part = position..<min(block.upperBound, range.upperBound)
                let target = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                outcome = try read(part, of: block, into: target, mode: mode)
                position = part.upperBound
            } else {
                let length = Int(whole.upperBound - whole.lowerBound)
                let target = UnsafeMutableRawBufferPointer(
                    rebasing: buffer[done..<done + length]
                )
                outcome = try readWhole(whole, into: target, mode: mode)
                position = whole.upperBound
            }
            guard outcome == .complete else { return .wouldBlock }
        }
        return .complete
    }

    /// The whole blocks at the beginning of a range, as many as are read at once.
    private func wholeBlocks(from position: Int64, to end: Int64) -> Range<Int64> {
        guard position.isMultiple(of: Self.blockBytes) else { return position..<position }
        var most = min(position + Self.blocksPerRead * Self.blockBytes, end)
        // A call for a few bytes costs as much as one for a block.
        if end == payloadBytes, end - most < Self.blockBytes { most = end }
        if most == payloadBytes { return position..<most }
        return position..<most - most % Self.blockBytes
    }

    private func block(around position: Int64) -> Range<Int64> {
        let start = position - position % Self.blockBytes
        return start..<min(start + Self.blockBytes, payloadBytes)
    }

    private func read(
        _ part: Range<Int64>,
        of block: Range<Int64>,
        into target: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(block.upperBound - block.lowerBound),
            alignment: 64
        )
        defer { scratch.deallocate() }
        guard try readWhole(block, into: scratch, mode: mode) == .complete else {
            return .wouldBlock
        }
        let start = Int(part.lowerBound - block.lowerBound)
        let end = Int(part.upperBound - block.lowerBound)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: scratch[start..<end]))
        return .complete
    }

    /// Reads and verifies a range that begins at a block and ends with one.
    private func readWhole(
        _ range: Range<Int64>,
        into target: UnsafeMutableRawBufferPointer,
        mode: ReadMode
    ) throws(VolumeError) -> ReadOutcome {
        let offset = fileOffset + range.lowerBound
        let count: Int?
        do throws(DiskError) {
            count =
                switch mode {
                case .cachedOnly: try file.readCached(into: target, at: offset)
                case .mayWait: try file.read(into: target, at: offset)
                }
        } catch {
            throw .readFailed(error)
        }
        guard let count else { return .wouldBlock }
        guard count == target.count else {
            throw .payloadDamaged(path: file.path, offset: offset)
        }
        try verify(range, UnsafeRawBufferPointer(target))
        return .complete
    }

    private func verify(
        _ range: Range<Int64>,
        _ bytes: UnsafeRawBufferPointer
    ) throws(VolumeError) {
        var block = Int(range.lowerBound / Self.blockBytes)
        for start in stride(from: 0, to: bytes.count, by: Payload.blockBytes) {
            let end = min(start + Payload.blockBytes, bytes.count)
            let check = CRC64NVME.checksum(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            guard block < blockChecksums.count, blockChecksums[block] == check else {
                throw .payloadDamaged(
                    path: file.path,
                    offset: fileOffset + range.lowerBound + Int64(start)
                )
            }
            block += 1
        }
    }
}
