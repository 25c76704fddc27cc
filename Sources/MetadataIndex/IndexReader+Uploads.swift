import SQLiteDatabase
import StorageFormats
import StorageModel

extension IndexReader {
    private static let uploadColumns =
        "id, namespace, key, initiated, entry, algorithm, scope"

    /// Finds an upload in progress.
    public func upload(_ id: UploadID) throws(SQLiteError) -> MultipartUpload? {
        let find = try connection.statement(
            "SELECT \(Self.uploadColumns) FROM upload WHERE id = ?1"
        )
        try find.bind(id.text, at: 1)
        return try find.first(Self.upload)
    }

    /// Uploads that began before a time, by name, after a name.
    public func uploads(
        initiatedBefore time: WallTime,
        after id: UploadID,
        limit: Int
    ) throws(SQLiteError) -> [MultipartUpload] {
        let rows = try connection.statement(
            """
            SELECT \(Self.uploadColumns) FROM upload
            WHERE id > ?1 AND initiated < ?2 ORDER BY id LIMIT ?3
            """
        )
        try rows.bind(id.text, at: 1)
        try rows.bind(time.milliseconds, at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all(Self.upload)
    }

    private static func upload(_ row: Statement) throws(SQLiteError) -> MultipartUpload {
        let stored = try storedEntry(row, at: 4)
        var checksum: UploadChecksum?
        if !row.isNull(at: 5) {
            guard
                let algorithm = UInt8(exactly: row.int64(at: 5)).flatMap(ChecksumAlgorithm.init),
                let scope = UInt8(exactly: row.int64(at: 6)).flatMap(ChecksumScope.init)
            else { throw .unreadable("upload.algorithm") }
            checksum = UploadChecksum(algorithm: algorithm, scope: scope)
        }
        return MultipartUpload(
            id: UploadID(row.text(at: 0)),
            namespaceLine: LineID(row.int64(at: 1)),
            key: ObjectKey(trusted: row.text(at: 2)),
            initiated: WallTime(milliseconds: row.int64(at: 3)),
            attributes: stored.attributes,
            checksum: checksum
        )
    }

    /// The parts of an upload with numbers greater than `number`, in order.
    public func parts(
        of id: UploadID,
        after number: Int,
        limit: Int
    ) throws(SQLiteError) -> [UploadedPart] {
        let rows = try connection.statement(
            """
            SELECT number, modified, etag, entry FROM part
            WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3
            """
        )
        try rows.bind(id.text, at: 1)
        try rows.bind(Int64(number), at: 2)
        try rows.bind(Int64(max(limit, 0)), at: 3)
        return try rows.all(Self.part)
    }

    /// One part of an upload.
    public func part(_ number: Int, of id: UploadID) throws(SQLiteError) -> UploadedPart? {
        let find = try connection.statement(
            """
            SELECT number, modified, etag, entry FROM part WHERE upload = ?1 AND number = ?2
            """
        )
        try find.bind(id.text, at: 1)
        try find.bind(Int64(number), at: 2)
        return try find.first(Self.part)
    }

    private static func part(_ row: Statement) throws(SQLiteError) -> UploadedPart {
        let stored = try storedEntry(row, at: 3)
        return UploadedPart(
            number: Int(row.int64(at: 0)),
            entityTag: row.text(at: 2),
            modified: WallTime(milliseconds: row.int64(at: 1)),
            checksum: stored.checksums.first,
            payload: stored.payload
        )
    }

    /// The object that an upload was completed to, if it is still the one its key shows.
    public func completedEntry(_ id: UploadID) throws(SQLiteError) -> ObjectEntry? {
        let find = try connection.statement(
            "SELECT line, key, seq FROM completion WHERE upload = ?1"
        )
        try find.bind(id.text, at: 1)
        let completion = try find.first { row in
            (
                LineKey(line: LineID(row.int64(at: 0)), key: ObjectKey(trusted: row.text(at: 1))),
                row.int64(at: 2)
            )
        }
        guard let (place, sequence) = completion, let entry = try entry(place) else { return nil }
        return entry.sequence == sequence ? entry : nil
    }

    /// Lists uploads in progress and common prefixes of their keys.
    public func uploads(
        _ query: UploadQuery,
        namespace: LineID
    ) throws(SQLiteError) -> UploadPage {
        guard query.limit > 0 else { return UploadPage() }
        let grouping = KeyGrouping(prefix: query.prefix, delimiter: query.delimiter)
        return try snapshot { () throws(SQLiteError) in
            guard let start = try firstUpload(query, grouping) else { return UploadPage() }
            return try uploadPage(query, grouping, namespace: namespace, from: start)
        }
    }

    /// The place (key, name) after which a listing of uploads begins.
    private struct UploadStart {
        var key: [UInt8]
        var id: String
    }

    private func firstUpload(
        _ query: UploadQuery,
        _ grouping: KeyGrouping
    ) throws(SQLiteError) -> UploadStart? {
        if !query.keyMarker.isEmpty, let marker = query.uploadMarker {
            let key = Array(query.keyMarker.utf8)
            if !KeyBytes.precedes(key, grouping.prefix) {
                return UploadStart(key: key, id: marker.text)
            }
        }
        let start: ListQuery.Start =
            query.keyMarker.isEmpty ? .beginning : .after(query.keyMarker)
        return grouping.firstKey(start).map { UploadStart(key: $0, id: "") }
    }

    private func uploadPage(
        _ query: UploadQuery,
        _ grouping: KeyGrouping,
        namespace: LineID,
        from start: UploadStart
    ) throws(SQLiteError) -> UploadPage {
        let rows = try connection.statement(
            """
            SELECT \(Self.uploadColumns) FROM upload
            WHERE namespace = ?1 AND (key, id) > (?2, ?3) ORDER BY key, id
            """
        )
        defer { rows.rewind() }
        var page = UploadPage()
        var last: UploadMarker?
        var next: UploadStart? = start
        while page.uploads.count + page.commonPrefixes.count <= query.limit {
            if let seek = next {
                rows.rewind()
                try rows.bind(namespace.number, at: 1)
                try rows.bind(utf8: seek.key, at: 2)
                try rows.bind(seek.id, at: 3)
                next = nil
            }
            guard try rows.step() else { return page }
            let upload = try Self.upload(rows)
            let key = Array(upload.key.text.utf8)
            guard KeyBytes.hasPrefix(key, grouping.prefix) else { return page }
            if page.uploads.count + page.commonPrefixes.count == query.limit {
                page.next = last
                return page
            }
            if let group = grouping.group(of: key) {
                let text = String(decoding: group, as: UTF8.self)
                page.commonPrefixes.append(text)
                last = UploadMarker(key: text, upload: nil)
                guard let after = KeyBytes.successor(group) else { return page }
                next = UploadStart(key: after, id: "")
            } else {
                page.uploads.append(upload)
                last = UploadMarker(key: upload.key.text, upload: upload.id)
            }
        }
        return page
    }
}
