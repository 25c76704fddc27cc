import SQLiteDatabase
import StorageModel

/// What the commit of a draft would come to.
public struct DraftMerge: Hashable, Sendable {
    /// What the version shows more afterwards; wraps.
    public var difference = LineTotal.empty
    /// The keys that both changed, each to something else; nil if there are none.
    public var conflict: DraftConflict?
}

extension IndexReader {
    /// Rows of a draft that are read together.
    private static let draftPageMax = 512

    /// Compares what a draft changed with what its version changed since.
    ///
    /// A key conflicts if the version changed it after the draft began, unless both hold the same now. It
    /// costs as much as the draft changed.
    ///
    /// - Parameters:
    ///   - draft: The draft's line.
    ///   - origin: What it was made of.
    ///   - visit: Takes each key with what the version shows under it before and after.
    /// - Returns: What the version would show more, and the conflicts.
    /// - Throws: `SQLiteError`.
    public func merge(
        _ draft: LineID,
        _ origin: DraftOrigin,
        _ visit: (ObjectKey, _ before: ObjectEntry?, _ after: ObjectEntry?) -> Void = { _, _, _ in }
    ) throws(SQLiteError) -> DraftMerge {
        var merge = DraftMerge()
        var conflicts: [ObjectKey] = []
        var conflictCount = 0
        var last: ObjectKey?
        while true {
            let rows = try draftRows(draft, after: last, limit: Self.draftPageMax)
            for row in rows {
                let place = LineKey(line: origin.base, key: row.place.key)
                if try isInConflict(row, place, origin.sequence) {
                    conflictCount += 1
                    if conflicts.count < DraftConflict.keysMax { conflicts.append(place.key) }
                }
                let shown = try entry(place)
                if let shown { merge.difference.remove(LineTotal(place.key, shown, .withHash)) }
                if let new = row.entry {
                    merge.difference.add(LineTotal(place.key, new, .withHash))
                }
                visit(place.key, shown, row.entry)
            }
            last = rows.last?.place.key
            if rows.count < Self.draftPageMax { break }
        }
        if conflictCount > 0 {
            merge.conflict = DraftConflict(keys: conflicts, count: conflictCount)
        }
        return merge
    }

    private func isInConflict(
        _ row: DraftRow,
        _ place: LineKey,
        _ sequence: Int64
    ) throws(SQLiteError) -> Bool {
        switch try change(of: place, after: sequence) {
        case .unchanged: return false
        case .deleted: return row.entry != nil
        case .written(let entry):
            guard let own = row.entry else { return true }
            return own.entityTag != entry.entityTag || own.sizeBytes != entry.sizeBytes
        }
    }

    /// What became of a key in a version since a change: what the version's own line says or, if that was
    /// a draft's at the time, also the line whose place it took.
    private func change(
        of place: LineKey,
        after sequence: Int64
    ) throws(SQLiteError) -> KeyChange {
        var place = place
        var end = Int64.max
        for _ in 0..<Self.levelsMax {
            let parent = try parent(of: place.line)
            let row = try row(place, atMost: end)
            guard let parent, parent.kind == .succession, parent.sequence > sequence else {
                switch row {
                case .none: return .unchanged
                case .tombstone(let newest): return newest > sequence ? .deleted : .unchanged
                case .live(let entry):
                    return entry.sequence > sequence ? .written(entry) : .unchanged
                }
            }
            let below = LineKey(line: parent.line, key: place.key)
            switch row {
            case .live(let entry): return .written(entry)
            case .tombstone(let newest) where newest > parent.sequence: return .deleted
            case .tombstone:
                // Deleted in the draft: a change of the version if it showed something.
                let shown = try visible(below, atMost: parent.sequence)
                if shown?.entry != nil { return .deleted }
            case .none: break
            }
            (place, end) = (below, parent.sequence)
        }
        throw .unreadable("line.parent")
    }

    /// What became of a key in a line since a change.
    private enum KeyChange {
        case unchanged
        case deleted
        case written(ObjectEntry)
    }
}
