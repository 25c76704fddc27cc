import SQLiteDatabase
import StorageFormats
import StorageModel

/// What is found out for a draft whose line is to take the place of its version's.
public struct AdoptionPlan: Sendable {
    /// The last change of the state of which the first keys were compared.
    public let sequence: Int64
    /// What the version will show more, and the keys that conflict.
    public private(set) var merge = DraftMerge()
    /// Whether all keys were compared.
    public private(set) var isComplete = false

    private let draft: LineID
    private let origin: DraftOrigin
    /// The folders of the arrays that the version had.
    private let arrays: Set<String>
    /// Those that it will have.
    private let mergedArrays: Set<String>
    /// What is added to the totals of arrays that it had.
    private var differences: [String: LineTotal] = [:]
    private var last: ObjectKey?

    init(
        sequence: Int64,
        draft: LineID,
        origin: DraftOrigin,
        arrays: Set<String>,
        mergedArrays: Set<String>
    ) {
        self.sequence = sequence
        self.draft = draft
        self.origin = origin
        self.arrays = arrays
        self.mergedArrays = mergedArrays
    }

    /// The version's line when the plan was begun.
    var base: LineID { origin.base }

    /// What is added to the running totals of arrays that the version has, in the order of their paths.
    public var tallies: [TallyDifference] {
        differences.filter { $0.value != .empty }
            .map { TallyDifference(path: $0.key, total: $0.value) }
            .sorted { ObjectKey(trusted: $0.path) < ObjectKey(trusted: $1.path) }
    }

    /// Whether the version had an array in a folder.
    func hadArray(_ folder: String) -> Bool { arrays.contains(folder) }

    /// Compares the next keys.
    ///
    /// - Parameters:
    ///   - rowsMax: The most keys to compare.
    ///   - reader: The index, in any state since the plan was begun.
    /// - Throws: `SQLiteError`.
    public mutating func advance(rowsMax: Int, _ reader: IndexReader) throws(SQLiteError) {
        var compared: [(ObjectKey, ObjectEntry?, ObjectEntry?)] = []
        var merge = self.merge
        last = try reader.snapshot { () throws(SQLiteError) in
            try reader.merge(draft, origin, after: last, limit: rowsMax, into: &merge) {
                compared.append(($0, $1, $2))
            }
        }
        self.merge = merge
        for (key, before, after) in compared { add(key, before, after) }
        isComplete = last == nil
    }

    private mutating func add(_ key: ObjectKey, _ before: ObjectEntry?, _ after: ObjectEntry?) {
        guard !CatalogFile.namesMetadata(key.text), let array = nearestArray(to: key.text),
            arrays.contains(array)
        else { return }
        let chunk = key.text.utf8.dropFirst(array.isEmpty ? 0 : array.utf8.count + 1)
        var total = differences[array] ?? .empty
        if let before { total.remove(LineTotal(chunk, before)) }
        if let after { total.add(LineTotal(chunk, after)) }
        differences[array] = total
    }

    /// The deepest array in whose folder a key will lie.
    private func nearestArray(to key: String) -> String? {
        var folder = key
        repeat {
            folder = CatalogFile.folder(of: folder)
            if mergedArrays.contains(folder) { return folder }
        } while !folder.isEmpty
        return nil
    }
}

extension LineTotal {
    /// The total of one chunk, under its key in the array.
    fileprivate init(_ chunk: Substring.UTF8View, _ entry: ObjectEntry) {
        self.init(chunk, entityTag: entry.entityTag, sizeBytes: entry.sizeBytes, .withHash)
    }
}
