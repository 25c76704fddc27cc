import SQLiteDatabase
import StorageModel

extension IndexReader {
    /// Lists keys and common prefixes of a namespace.
    ///
    /// A common prefix costs one seek, however many keys are under it.
    public func list(
        _ query: ListQuery,
        namespace: LineID
    ) throws(SQLiteError) -> ListPage {
        guard query.limit > 0 else { return ListPage() }
        return try snapshot { () throws(SQLiteError) in
            let cursor = try NamespaceCursor(self, namespace: namespace, prefix: query.prefix)
            return try page(query, cursor)
        }
    }

    private func page(
        _ query: ListQuery,
        _ cursor: NamespaceCursor
    ) throws(SQLiteError) -> ListPage {
        let grouping = KeyGrouping(prefix: query.prefix, delimiter: query.delimiter)
        var page = ListPage()
        var last = ""
        var count = 0
        guard let start = grouping.firstKey(query.start) else { return page }
        try cursor.seek(start)
        while let row = try cursor.next(), KeyBytes.hasPrefix(row.key, grouping.prefix) {
            if count == query.limit {
                page.nextMarker = last
                return page
            }
            count += 1
            if let group = grouping.group(of: row.key) {
                last = String(decoding: group, as: UTF8.self)
                page.commonPrefixes.append(last)
                guard let after = KeyBytes.successor(group) else { return page }
                try cursor.seek(after)
            } else if let entityTag = row.entityTag {
                let object = row.listed(entityTag)
                last = object.key.text
                page.objects.append(object)
            }
        }
        return page
    }

    /// Lists the keys of a line that begin with `prefix` and come after `marker`.
    public func list(
        prefix: String,
        line: LineID,
        after marker: String?,
        limit: Int
    ) throws(SQLiteError) -> [ListedObject] {
        try snapshot { () throws(SQLiteError) in
            let grouping = KeyGrouping(prefix: prefix, delimiter: nil)
            let start = marker.map { ListQuery.Start.after($0) } ?? .beginning
            var objects: [ListedObject] = []
            guard limit > 0, let first = grouping.firstKey(start) else { return objects }
            let cursor = try LineCursor(self, line: line, slot: .plain)
            try cursor.seek(first)
            while objects.count < limit, let row = try cursor.next(),
                KeyBytes.hasPrefix(row.key, grouping.prefix), let entityTag = row.entityTag
            {
                objects.append(row.listed(entityTag))
            }
            return objects
        }
    }

    /// Whether a namespace shows any object.
    public func holdsObjects(namespace: LineID) throws(SQLiteError) -> Bool {
        let cursor = try NamespaceCursor(self, namespace: namespace)
        try cursor.seek([])
        return try cursor.next() != nil
    }
}

/// How a listing folds keys into common prefixes.
struct KeyGrouping {
    let prefix: [UInt8]
    let delimiter: [UInt8]?

    init(prefix: String, delimiter: String?) {
        self.prefix = Array(prefix.utf8)
        self.delimiter = delimiter.map { Array($0.utf8) }
    }

    /// The common prefix that a key with the listing's prefix falls under, if any.
    func group(of key: [UInt8]) -> [UInt8]? {
        guard let delimiter,
            let end = KeyBytes.endOfFirst(delimiter, in: key, from: prefix.count)
        else { return nil }
        return Array(key[..<end])
    }

    /// The first key that can be in the listing; nil if none can.
    func firstKey(_ start: ListQuery.Start) -> [UInt8]? {
        let first: [UInt8]
        switch start {
        case .beginning: return prefix
        case .from(let text): first = Array(text.utf8)
        case .after(let text):
            let marker = Array(text.utf8)
            if KeyBytes.hasPrefix(marker, prefix), let group = group(of: marker), group == marker {
                guard let after = KeyBytes.successor(group) else { return nil }
                first = after
            } else {
                first = KeyBytes.next(marker)
            }
        }
        return KeyBytes.precedes(first, prefix) ? prefix : first
    }
}
