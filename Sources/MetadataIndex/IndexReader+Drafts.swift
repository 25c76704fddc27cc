import SQLiteDatabase
import StorageModel

/// What the commit of a draft would come to.
public struct DraftMerge: Hashable, Sendable {
    /// What the version shows more afterwards; wraps.
    public private(set) var difference = LineTotal.empty
    private var conflictKeys: [ObjectKey] = []
    private var conflictCount = 0

    /// The keys that both changed, each to something else; nil if there are none.
    public var conflict: DraftConflict? {
        conflictCount == 0 ? nil : DraftConflict(keys: conflictKeys, count: conflictCount)
    }

    /// Adds a key with what the version shows under it before and after.
    fileprivate mutating func add(_ key: ObjectKey, _ before: ObjectEntry?, _ after: ObjectEntry?) {
        if let before { difference.remove(LineTotal(key, before, .withHash)) }
        if let after { difference.add(LineTotal(key, after, .withHash)) }
    }

    /// Notes that both changed a key.
    fileprivate mutating func addConflict(_ key: ObjectKey) {
        conflictCount += 1
        if conflictKeys.count < DraftConflict.keysMax { conflictKeys.append(key) }
    }
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
    /// - Returns: What the version would show more, and the conflicts.
    /// - Throws: `SQLiteError`.
    public func merge(_ draft: LineID, _ origin: DraftOrigin) throws(SQLiteError) -> DraftMerge {
        var merge = DraftMerge()
        var last: ObjectKey?
        repeat {
            last = try self.merge(
                draft,
                origin,
                after: last,
                limit: Self.draftPageMax,
                into: &merge
            ) { _, _, _ in }
        } while last != nil
        return merge
    }

    /// Compares the next keys that a draft changed.
    ///
    /// - Parameters:
    ///   - draft: The draft's line.
    ///   - origin: What it was made of.
    ///   - key: The key after which to begin; nil for the first.
    ///   - limit: The most keys to compare.
    ///   - merge: What came of the keys before; those are added.
    ///   - visit: Takes each key with what the version shows under it before and after.
    /// - Returns: The key after which to go on; nil if there are no more.
    /// - Throws: `SQLiteError`.
    func merge(
        _ draft: LineID,
        _ origin: DraftOrigin,
        after key: ObjectKey?,
        limit: Int,
        into merge: inout DraftMerge,
        _ visit: (ObjectKey, _ before: ObjectEntry?, _ after: ObjectEntry?) -> Void
    ) throws(SQLiteError) -> ObjectKey? {
        let rows = try draftRows(draft, after: key, limit: limit)
        for row in rows {
            let place = LineKey(line: origin.base, key: row.place.key)
            if try isInConflict(row, place, origin.sequence) { merge.addConflict(place.key) }
            let shown = try entry(place)
            merge.add(place.key, shown, row.entry)
            visit(place.key, shown, row.entry)
        }
        return rows.count < limit ? nil : rows.last?.place.key
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
