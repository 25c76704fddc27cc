import SQLiteDatabase
import StorageModel

/// Walks the objects of a namespace in the order of their keys: the plain line, with the line of
/// every open version in the place of the keys that begin with the version's prefix.
///
/// Only within one snapshot. Regions of versions do not overlap, since a prefix `name:tag/` ends
/// with the first segment that has a `:`.
final class NamespaceCursor {
    private struct Region {
        let prefix: [UInt8]
        let line: LineID
    }

    private let reader: IndexReader
    private let namespace: LineID
    /// The prefix of the draft that is shown, if any; drafts are private.
    private let draftPrefix: String
    private let hasVersions: Bool
    private let plain: LineCursor
    private var plainRow: ListedRow?
    /// The region that is walked now, and the walk.
    private var current: (region: Region, cursor: LineCursor)?
    /// The first region after the place of the walk in the plain line.
    private var upcoming: Region?

    /// Makes a cursor; ``seek(_:)`` comes before ``next()``.
    ///
    /// - Parameters:
    ///   - reader: The reader, within a snapshot.
    ///   - namespace: The namespace, by its line.
    ///   - prefix: What is asked for: if that lies in a draft, the draft is shown.
    /// - Throws: `SQLiteError`.
    init(
        _ reader: IndexReader,
        namespace: LineID,
        prefix: String = ""
    ) throws(SQLiteError) {
        self.reader = reader
        draftPrefix = VersionedKey(ObjectKey(trusted: prefix))?.keyPrefix ?? ""
        self.namespace = namespace
        plain = try LineCursor(reader, line: namespace, slot: .plain)
        let any = try reader.connection.statement(
            "SELECT 1 FROM version WHERE namespace = ?1 LIMIT 1"
        )
        try any.bind(namespace.number, at: 1)
        hasVersions = try any.first { _ in true } ?? false
    }

    /// Goes to the first key that is not before `key`.
    func seek(_ key: [UInt8]) throws(SQLiteError) {
        current = nil
        upcoming = nil
        guard hasVersions else { return try seekPlain(key) }
        if let region = try region(atOrBefore: key), KeyBytes.hasPrefix(key, region.prefix) {
            try enter(region, at: Array(key[region.prefix.count...]))
        } else {
            try seekPlain(key)
            upcoming = try self.region(atOrAfter: key)
        }
    }

    /// The next object; nil at the end.
    func next() throws(SQLiteError) -> ListedRow? {
        while true {
            if let (region, cursor) = current {
                if var row = try cursor.next() {
                    row.key.insert(contentsOf: region.prefix, at: 0)
                    return row
                }
                try leave(region)
                continue
            }
            if let region = upcoming,
                plainRow.map({ !KeyBytes.precedes($0.key, region.prefix) }) ?? true
            {
                try enter(region, at: [])
                continue
            }
            guard let row = plainRow else { return nil }
            plainRow = try plain.next()
            return row
        }
    }

    private func seekPlain(_ key: [UInt8]) throws(SQLiteError) {
        try plain.seek(key)
        plainRow = try plain.next()
    }

    private func enter(_ region: Region, at key: [UInt8]) throws(SQLiteError) {
        let cursor = try LineCursor(reader, line: region.line, slot: .version)
        try cursor.seek(key)
        current = (region, cursor)
    }

    private func leave(_ region: Region) throws(SQLiteError) {
        current = nil
        upcoming = nil
        guard let after = KeyBytes.successor(region.prefix) else {
            plainRow = nil
            return
        }
        try seekPlain(after)
        upcoming = try self.region(atOrAfter: after)
    }

    private func region(atOrBefore key: [UInt8]) throws(SQLiteError) -> Region? {
        try region(
            key,
            """
            SELECT prefix, line FROM version
            WHERE namespace = ?1 AND prefix <= ?2 AND (kind <> 1 OR prefix = ?3) ORDER BY prefix DESC LIMIT 1
            """
        )
    }

    private func region(atOrAfter key: [UInt8]) throws(SQLiteError) -> Region? {
        try region(
            key,
            """
            SELECT prefix, line FROM version
            WHERE namespace = ?1 AND prefix >= ?2 AND (kind <> 1 OR prefix = ?3) ORDER BY prefix LIMIT 1
            """
        )
    }

    private func region(_ key: [UInt8], _ sql: String) throws(SQLiteError) -> Region? {
        let find = try reader.connection.statement(sql)
        try find.bind(namespace.number, at: 1)
        try find.bind(utf8: key, at: 2)
        try find.bind(draftPrefix, at: 3)
        return try find.first { Region(prefix: $0.utf8(at: 0), line: LineID($0.int64(at: 1))) }
    }
}
