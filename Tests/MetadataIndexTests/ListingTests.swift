import SQLiteDatabase
import SeededRandom
import StorageFormats
import StorageModel
import Testing

@testable import MetadataIndex

/// Checks listings against their definition.
///
/// Method: the definition is written down for a sorted array of keys, and compared with the index
/// for seeded random keys, versions, prefixes, delimiters, starts and limits, page by page to the
/// end.
@Suite struct ListingTests {
    /// Keys and common prefixes in the order of their bytes, as S3 defines them.
    static func definition(_ keys: [String], _ query: ListQuery) -> [String] {
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var items: [String] = []
        for key in sorted where key.utf8.starts(with: query.prefix.utf8) {
            var item = key
            if let delimiter = query.delimiter {
                let rest = key.dropFirst(query.prefix.count)
                if let found = rest.range(of: delimiter) {
                    item = query.prefix + rest[..<found.upperBound]
                }
            }
            let isAfter =
                switch query.start {
                case .beginning: true
                case .after(let start):
                    // A common prefix is passed over with all under it.
                    start.utf8.lexicographicallyPrecedes(key.utf8) && item != start
                case .from(let start): !key.utf8.lexicographicallyPrecedes(start.utf8)
                }
            if isAfter, items.last != item { items.append(item) }
        }
        return items
    }

    static func items(_ page: ListPage) -> [String] {
        (page.objects.map(\.key.text) + page.commonPrefixes)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `every page is what the definition says`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("pages")
        var keys: Set<String> = []
        var versions: [String: LineID] = [:]
        for _ in 0..<Int.random(in: 1...120, using: &random) {
            let key = Self.randomKey(&random)
            try Self.put(key, namespace, subject, &versions, &random)
            keys.insert(key)
        }
        for _ in 0..<40 {
            var query = ListQuery(
                prefix: random.pick(["", "a", "a/", "a:1/", "b", "b/a", "z/", "é"]),
                delimiter: random.pick([nil, "/", "a", "/a"]),
                limit: Int.random(in: 1...7, using: &random)
            )
            query.start =
                switch Int.random(in: 0..<3, using: &random) {
                case 0: .beginning
                case 1: .after(Self.randomKey(&random))
                default: .from(Self.randomKey(&random))
                }
            let expected = Self.definition(Array(keys), query)
            var found: [String] = []
            var pages = 0
            while true {
                let page = try subject.index.read { [query] reader throws(SQLiteError) in
                    try reader.list(query, namespace: namespace)
                }
                let items = Self.items(page)
                #expect(items.count <= query.limit)
                found += items
                pages += 1
                guard let next = page.nextMarker else { break }
                #expect(items.count == query.limit && next == items.last)
                query.start = .after(next)
            }
            #expect(found == expected, "seed \(seed), \(query)")
            #expect(pages == max(1, (expected.count + query.limit - 1) / query.limit))
        }
    }

    /// Short keys from few characters, so that prefixes, delimiters and versions collide often.
    static func randomKey(_ random: inout SeededGenerator) -> String {
        let segments = ["a", "b", "aa", "a:1", "a:2", "b:1", "é", "z", "a-", "a."]
        let count = Int.random(in: 1...4, using: &random)
        let key = (0..<count).map { _ in random.pick(segments) }.joined(separator: "/")
        return random.oneIn(8) ? key + "/" : key
    }

    /// Writes a key where it belongs; now and then opens the version it could belong to first.
    static func put(
        _ key: String,
        _ namespace: LineID,
        _ subject: IndexSubject,
        _ versions: inout [String: LineID],
        _ random: inout SeededGenerator
    ) throws {
        guard let versioned = VersionedKey(ObjectKey(trusted: key)) else {
            try subject.put(namespace, key)
            return
        }
        if let line = versions[versioned.keyPrefix] {
            try subject.put(line, versioned.relativeKey)
        } else if random.oneIn(3) {
            let opening = LineTests.adoption(versioned, namespace, subject)
            versions[versioned.keyPrefix] = opening.line
            try subject.apply(
                .putObject(subject.write(opening.line, versioned.relativeKey, opening: opening))
            )
        } else {
            try subject.put(namespace, key)
        }
    }

    @Test func `a limit of zero is an empty page that is not truncated`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("zero")
        try subject.put(namespace, "a")
        let page = try subject.index.read { reader throws(SQLiteError) in
            try reader.list(ListQuery(limit: 0), namespace: namespace)
        }
        #expect(page == ListPage())
    }

    @Test func `uploads are listed by key and name, page by page`() throws {
        let subject = try IndexSubject()
        let namespace = try subject.createNamespace("uploads")
        let uploads = [
            ("a/1", "01"), ("a/1", "02"), ("a/2", "03"), ("b", "04"), ("b", "05"), ("c/d", "06"),
        ]
        for (key, id) in uploads {
            try subject.apply(
                .createUpload(
                    UploadCreation(
                        id: UploadID(id),
                        namespaceLine: namespace,
                        key: ObjectKey(trusted: key),
                        attributes: ObjectAttributes(),
                        checksum: nil
                    )
                )
            )
        }
        for (delimiter, expected) in [
            (nil, ["01", "02", "03", "04", "05", "06"]), ("/", ["a/", "04", "05", "c/"]),
        ] {
            for limit in 1...7 {
                var query = UploadQuery(delimiter: delimiter, limit: limit)
                var found: [String] = []
                while true {
                    let page = try subject.index.read { [query] reader throws(SQLiteError) in
                        try reader.uploads(query, namespace: namespace)
                    }
                    #expect(page.uploads.count + page.commonPrefixes.count <= limit)
                    let items =
                        page.uploads.map { ($0.key.text, $0.id.text) }
                        + page.commonPrefixes.map { ($0, $0) }
                    found += items.sorted { $0 < $1 }.map(\.1)
                    guard let next = page.next else { break }
                    query.keyMarker = next.key
                    query.uploadMarker = next.upload
                }
                #expect(found == expected, "limit \(limit)")
            }
        }
    }
}
