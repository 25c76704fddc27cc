import MetadataIndex
import StorageModel

/// What batches of the committer left to be done for lines, in the background.
struct LineLeftovers: Hashable, Sendable {
    /// Versions, by the line that they were opened with, that may have more commits than they keep.
    var retaining: Set<LineID> = []
    /// Lines that a draft is gone from, which may remember deletions for nothing.
    var draftless: Set<LineID> = []
    /// Whether rows wait to be swept.
    var hasSweeps = false

    /// Whether there is nothing to do.
    var isEmpty: Bool { retaining.isEmpty && draftless.isEmpty && !hasSweeps }

    /// Adds what another batch left.
    mutating func add(_ other: LineLeftovers) {
        retaining.formUnion(other.retaining)
        draftless.formUnion(other.draftless)
        hasSweeps = hasSweeps || other.hasSweeps
    }
}

extension LineLeftovers {
    /// What the last batch left.
    init(of writer: IndexWriter) {
        self.init(
            retaining: writer.retainingVersions,
            draftless: writer.draftlessLines,
            hasSweeps: writer.hasSweepBegun
        )
    }
}
