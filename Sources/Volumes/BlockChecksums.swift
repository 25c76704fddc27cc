import Checksums
import StorageModel

/// The checksums of the blocks of a payload that comes piece by piece.
struct BlockChecksums {
    /// How many bytes have come.
    private(set) var payloadBytes: Int64 = 0
    /// Those of the blocks that are complete.
    private(set) var values: [UInt64] = []
    /// The checksum of the block that is not full yet, and how full it is.
    private var block = CRC64NVME()
    private var blockFilledBytes = 0

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, Payload.blockBytes - blockFilledBytes)
            block.update(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            blockFilledBytes += count
            if blockFilledBytes == Payload.blockBytes { endBlock() }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        payloadBytes += Int64(bytes.count)
    }

    /// Counts the last, shorter block, if there is one.
    mutating func endBlock() {
        guard blockFilledBytes > 0 else { return }
        values.append(block.value)
        block = CRC64NVME()
        blockFilledBytes = 0
    }
}
