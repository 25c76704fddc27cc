import SQLiteDatabase
import StorageModel

// By whom a row is read: its own line while it is the newest of its key, and every fork of the line that
// began while it was and has no row of its own; and so on up, as `IndexWriter.isShown` has it.

/// Finds out under which names rows are read; what lines are called is looked up once.
///
/// Only within one snapshot.
struct ShowingNames {
    /// Forks of a line that are looked at next: those after `last` that began up to `end`.
    private struct Span {
        let place: LineKey
        let prefix: String?
        let end: Int64
        var last: (sequence: Int64, line: Int64)
    }

    private let reader: IndexReader
    private var keyPrefixes: [LineID: String] = [:]

    init(_ reader: IndexReader) {
        self.reader = reader
    }

    /// The objects that show a row; none if nothing does, and it only waits to be swept.
    ///
    /// Costs about ten microseconds for each fork that began while the row was the newest, until
    /// ``NamedObjects/countedMax`` are found.
    mutating func objects(showing owner: PayloadOwner) throws(SQLiteError) -> NamedObjects {
        var objects = NamedObjects()
        guard case .object(let place, let sequence) = owner else {
            if let name = try reader.name(of: owner) { objects = NamedObjects([name]) }
            return objects
        }
        let next = try reader.nextRow(of: place, after: sequence)
        var pending: [Span] = []
        try look(at: place, since: sequence, until: next, &objects, &pending)
        while !objects.isFull, let span = pending.popLast() {
            let forks = try reader.forks(
                span.place.line,
                span.prefix,
                after: span.last,
                upTo: span.end
            )
            if forks.count == IndexReader.forksMax, let end = forks.last {
                var rest = span
                rest.last = (end.sequence, end.line.number)
                pending.append(rest)
            }
            for fork in forks {
                guard let below = fork.place(of: span.place.key) else { continue }
                let first = try reader.firstRow(of: below)
                try look(at: below, since: 0, until: first, &objects, &pending)
            }
        }
        return objects
    }

    /// Adds the object of a line itself, if it shows what the line had newest under a key from one change
    /// on, and the forks that may show it to those that are looked at.
    private mutating func look(
        at place: LineKey,
        since sequence: Int64,
        until end: Int64?,
        _ objects: inout NamedObjects,
        _ pending: inout [Span]
    ) throws(SQLiteError) {
        guard let line = try reader.facts(of: place.line) else { return }
        if end == nil, try reader.showsItself(place, line) {
            try objects.add { () throws(SQLiteError) in try keyPrefix(of: line) + place.key.text }
        }
        if let end, end <= sequence { return }
        for prefix in IndexReader.forkPrefixes(of: place.key, line) {
            pending.append(
                Span(
                    place: place,
                    prefix: prefix,
                    end: (end ?? .max) - 1,
                    last: (sequence - 1, .max)
                )
            )
        }
    }

    /// What the keys of a line begin with, the namespace's name and a `/` first.
    private mutating func keyPrefix(of line: LineFacts) throws(SQLiteError) -> String {
        if let known = keyPrefixes[line.line] { return known }
        let namespace = try reader.namespaceName(line.namespace) ?? "?"
        var prefix = "\(namespace)/"
        if line.standing == .commit, let commit = try reader.commitName(line) {
            prefix += "\(commit)/"
        } else if let version = line.version {
            prefix += version.keyPrefix
        }
        keyPrefixes[line.line] = prefix
        return prefix
    }
}

extension IndexReader {
    /// What the objects are called that show the bytes of an owner, in one state of the index: the owner's
    /// own key, that of each fork which has no other state of it, and that of each commit.
    ///
    /// - Returns: The names; none if nothing shows the bytes any more, and they only wait to be freed.
    /// - Throws: `SQLiteError`.
    public func objects(showing owner: PayloadOwner) throws(SQLiteError) -> NamedObjects {
        try snapshot { () throws(SQLiteError) in
            var names = ShowingNames(self)
            return try names.objects(showing: owner)
        }
    }

    fileprivate func namespaceName(_ line: LineID) throws(SQLiteError) -> String? {
        let find = try connection.statement("SELECT name FROM namespace WHERE line = ?1")
        try find.bind(line.number, at: 1)
        return try find.first { $0.text(at: 0) }
    }

    /// `name@sha256:…` of a commit, by its line; looks through the commits of the namespace.
    fileprivate func commitName(_ line: LineFacts) throws(SQLiteError) -> String? {
        let find = try connection.statement(
            "SELECT name, digest FROM manifest WHERE namespace = ?1 AND line = ?2 LIMIT 1"
        )
        try find.bind(line.namespace.number, at: 1)
        try find.bind(line.line.number, at: 2)
        return try find.first { "\($0.text(at: 0))@\($0.text(at: 1))" }
    }
}
