import SQLiteDatabase
import StorageFormats
import StorageModel

// What those who follow a namespace are told: the table `event`.

extension IndexWriter {
    /// Events that are kept of each namespace; older ones go.
    ///
    /// Part of the format: the same changes leave the same events.
    static let eventsMax: Int64 = 100_000

    /// Tells that a key changed, if it is one of an array or of a version.
    ///
    /// What is written into a draft is told when the draft is committed.
    ///
    /// - Parameters:
    ///   - kind: Written or deleted.
    ///   - place: The key.
    ///   - array: The array that it is a chunk of, if any.
    ///   - context: The change.
    /// - Throws: `SQLiteError`.
    func noteKey(
        _ kind: ArrayEvent.Kind,
        _ place: LineKey,
        _ array: LinePath?,
        _ context: ChangeContext
    ) throws(SQLiteError) {
        guard context.tellsEvents else { return }
        let line = try facts(place.line)
        guard line.standing == .shown else { return }
        let folder = array?.path.text
        if let version = line.version {
            let member =
                folder
                ?? (CatalogFile.namesMetadata(place.key.text)
                    ? CatalogFile.folder(of: place.key.text) : "")
            let array = ArrayPlace(name: version.name, tag: version.tag, member: member)
            try note(kind, array, line.namespace, key: place.key.text, context)
        } else {
            if folder == nil, CatalogFile(key: place.key.text) == nil { return }
            let path = folder ?? CatalogFile.folder(of: place.key.text)
            guard let array = try reader.node(path: path, line: place.line)?.place else { return }
            try note(kind, array, line.namespace, key: place.key.text, context)
        }
    }

    /// Tells what happened to a version.
    func note(
        _ kind: ArrayEvent.Kind,
        _ version: VersionName,
        _ namespace: LineID,
        detail: String = "",
        _ context: ChangeContext
    ) throws(SQLiteError) {
        let place = ArrayPlace(name: version.name, tag: version.tag)
        try note(kind, place, namespace, detail: detail, context)
    }

    private func note(
        _ kind: ArrayEvent.Kind,
        _ place: ArrayPlace,
        _ namespace: LineID,
        key: String = "",
        detail: String = "",
        _ context: ChangeContext
    ) throws(SQLiteError) {
        guard context.tellsEvents else { return }
        lastEvent += 1
        newEvents[namespace, default: 0] += 1
        let insert = try connection.statement(
            """
            INSERT INTO event(
                number, namespace, seq, time, kind, actor, name, tag, member, key, detail)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """
        )
        try insert.bind(lastEvent, at: 1)
        try insert.bind(namespace.number, at: 2)
        try insert.bind(context.sequence, at: 3)
        try insert.bind(context.time.milliseconds, at: 4)
        try insert.bind(kind.rawValue, at: 5)
        try insert.bind(context.actor?.text, at: 6)
        try insert.bind(place.name, at: 7)
        try insert.bind(place.tag, at: 8)
        try insert.bind(place.member, at: 9)
        try insert.bind(key, at: 10)
        try insert.bind(detail, at: 11)
        try insert.run()
    }

    /// Removes the events that are too many, so that what is left does not depend on the batches.
    func pruneEvents() throws(SQLiteError) {
        for (namespace, added) in newEvents {
            var count =
                if let known = keptEvents[namespace] { known + added } else {
                    try reader.eventCount(of: namespace)
                }
            if count > Self.eventsMax {
                try prune(namespace, count - Self.eventsMax)
                count = Self.eventsMax
            }
            keptEvents[namespace] = count
        }
    }

    /// Removes the oldest events of a namespace, and notes the last of them.
    private func prune(_ namespace: LineID, _ excess: Int64) throws(SQLiteError) {
        let find = try connection.statement(
            "SELECT number FROM event WHERE namespace = ?1 ORDER BY number LIMIT 1 OFFSET ?2"
        )
        try find.bind(namespace.number, at: 1)
        try find.bind(excess - 1, at: 2)
        guard let last = try find.first({ $0.int64(at: 0) }) else { return }
        for sql in [
            "DELETE FROM event WHERE namespace = ?1 AND number <= ?2",
            "UPDATE namespace SET lost_event = ?2 WHERE line = ?1",
        ] {
            let change = try connection.statement(sql)
            try change.bind(namespace.number, at: 1)
            try change.bind(last, at: 2)
            try change.run()
        }
    }
}

extension IndexReader {
    /// The number of the last event of any namespace, one that is gone by now included.
    public func lastEventNumber() throws(SQLiteError) -> Int64 {
        let last = try connection.statement("SELECT last_event FROM state WHERE id = 1")
        return try last.first { $0.int64(at: 0) } ?? 0
    }

    /// The number of the last event of a namespace that is kept no longer; 0 if all are.
    public func lostEventNumber(of namespace: LineID) throws(SQLiteError) -> Int64 {
        let find = try connection.statement("SELECT lost_event FROM namespace WHERE line = ?1")
        try find.bind(namespace.number, at: 1)
        return try find.first { $0.int64(at: 0) } ?? 0
    }

    /// How many events of a namespace are kept.
    func eventCount(of namespace: LineID) throws(SQLiteError) -> Int64 {
        let count = try connection.statement("SELECT count(*) FROM event WHERE namespace = ?1")
        try count.bind(namespace.number, at: 1)
        return try count.first { $0.int64(at: 0) } ?? 0
    }

    /// The events of a namespace after one, in order.
    ///
    /// - Parameters:
    ///   - namespace: The namespace, by its line.
    ///   - number: The last event that is known already; 0 for none.
    ///   - limit: The most to give.
    /// - Returns: The events.
    /// - Throws: `SQLiteError`.
    public func events(
        of namespace: LineID,
        after number: Int64,
        limit: Int
    ) throws(SQLiteError) -> [ArrayEvent] {
        let rows = try connection.statement(
            """
            SELECT number, seq, time, kind, actor, name, tag, member, key, detail FROM event
            WHERE namespace = ?1 AND number > ?2 ORDER BY number LIMIT ?3
            """
        )
        try rows.bind(namespace.number, at: 1)
        try rows.bind(number, at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all { row throws(SQLiteError) in
            guard let kind = ArrayEvent.Kind(rawValue: row.int64(at: 3)) else {
                throw .unreadable("event.kind")
            }
            return ArrayEvent(
                number: row.int64(at: 0),
                sequence: row.int64(at: 1),
                time: WallTime(milliseconds: row.int64(at: 2)),
                kind: kind,
                actor: row.optionalText(at: 4).map { PrincipalName(trusted: $0) },
                place: ArrayPlace(
                    name: row.text(at: 5),
                    tag: row.text(at: 6),
                    member: row.text(at: 7)
                ),
                key: row.text(at: 8),
                detail: row.text(at: 9)
            )
        }
    }
}
