import ArrayModel
import Checksums
import ObjectStorage
import StorageModel

/// A hash that changes whenever the elements of a region change.
///
/// It is made of the number and the time of the change that wrote the metadata, the selection, and
/// either the number, the entity tag and the length of every touched chunk, or, where they are more
/// than ``ArrayReaderLimits/taggedChunksMax``, the totals over all chunks of the array: their content
/// hash and when one changed last. Numbers of changes only grow, so a tag that was given with one
/// content never comes back with another.
///
/// Equal elements may have different tags, after a chunk was written again or a version was forked.
public struct ContentTag: Hashable, Sendable {
    /// The first 128 bits of a SHA-256, in 32 hexadecimal digits.
    public let hexadecimal: String

    private init(_ digest: SHA256) {
        hexadecimal = Hexadecimal.encode(Array(digest.finalize().prefix(16)))
    }

    /// Hashes chunks that were looked up in one state.
    init(_ array: ResolvedArray, _ selection: Selection, chunks: ChunkSnapshot) {
        var writer = TagWriter(array, selection)
        for chunk in chunks.chunks {
            guard let entry = chunk.entry else {
                writer.add(-1)
                continue
            }
            writer.add(entry.sequence)
            writer.add(entry.sizeBytes)
            writer.add(entry.entityTag)
        }
        self.init(writer.digest)
    }

    /// Hashes the totals of an array.
    init(_ array: ResolvedArray, _ selection: Selection, tally: ChunkTally) {
        var writer = TagWriter(array, selection)
        writer.add(tally.chunks)
        writer.add(tally.storedBytes)
        writer.add(tally.changed.milliseconds)
        writer.add(tally.contentHash.hexadecimal)
        self.init(writer.digest)
    }
}

/// Spells what a tag is made of, so that different things have different spellings.
private struct TagWriter {
    private var bytes: [UInt8] = []

    init(_ array: ResolvedArray, _ selection: Selection) {
        bytes.reserveCapacity(256)
        add(array.line.number)
        add(array.node.metadataKey)
        add(array.node.sequence)
        add(array.node.modified.milliseconds)
        for axis in selection.axes {
            add(Int64(axis.start))
            add(Int64(axis.step))
            add(Int64(axis.count))
            add(axis.isSqueezed ? 1 : 0)
        }
        for position in selection.newAxes { add(Int64(position)) }
        guard let list = selection.list else { return }
        add(Int64(list.axis))
        for index in list.indices { add(Int64(index)) }
    }

    var digest: SHA256 {
        var digest = SHA256()
        digest.update(bytes)
        return digest
    }

    mutating func add(_ number: Int64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(_ text: String) {
        add(Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}
