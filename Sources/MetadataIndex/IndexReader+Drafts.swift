import SQLiteDatabase
import StorageModel

/// What the commit of a draft would come to.
public struct DraftMerge: Hashable, Sendable {
    /// What the version shows afterwards.
    public let total: LineTotal
    /// The keys that both changed, each to something else; nil if there are none.
    public let conflict: DraftConflict?
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
    ///   - total: What the version shows.
    /// - Returns: What the version would show, and the conflicts.
    /// - Throws: `SQLiteError`.
    public func merge(
        _ draft: LineID,
        _ origin: DraftOrigin,
        into total: LineTotal
    ) throws(SQLiteError) -> DraftMerge {
        var total = total
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
                if let shown = try entry(place) {
                    total.remove(LineTotal(place.key, shown, .withHash))
                }
                if let new = row.entry { total.add(LineTotal(place.key, new, .withHash)) }
            }
            last = rows.last?.place.key
            if rows.count < Self.draftPageMax { break }
        }
        return DraftMerge(
            total: total,
            conflict: conflictCount == 0
                ? nil : DraftConflict(keys: conflicts, count: conflictCount)
        )
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

    /// The newest row of a version's own line for a key, if it is newer than a change.
    private func change(
        of place: LineKey,
        after sequence: Int64
    ) throws(SQLiteError) -> KeyChange {
        switch try row(place, atMost: .max) {
        case .none: return .unchanged
        case .tombstone(let newest): return newest > sequence ? .deleted : .unchanged
        case .live(let entry): return entry.sequence > sequence ? .written(entry) : .unchanged
        }
    }

    /// What became of a key in a line since a change.
    private enum KeyChange {
        case unchanged
        case deleted
        case written(ObjectEntry)
    }
}
