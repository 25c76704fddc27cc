/// What a client may find after what it did and what it was told.
///
/// Every key has a set of contents, one of which must be found: one while all is acknowledged,
/// several when a write was cut off and its fate is not known. `nil` stands for no object.
struct History {
    private var possible: [String: Set<Content?>] = [:]
    /// Keys that one change was to delete, all or none, if that change was cut off.
    private(set) var deletedTogether: [String] = []

    /// What one change was to make of keys, all or none, if that change was cut off; only keys that
    /// show by their content whether it took place.
    private(set) var writtenTogether: [String: Content?] = [:]

    init(keys: [String]) {
        for key in keys { possible[key] = [nil] }
    }

    /// What may be found under a key.
    func contents(_ key: String) -> Set<Content?> {
        possible[key] ?? [nil]
    }

    /// The content of a key whose writes were all acknowledged.
    func known(_ key: String) -> Content? {
        contents(key).first ?? nil
    }

    /// A write was acknowledged.
    mutating func acknowledge(_ key: String, _ content: Content?) {
        possible[key] = [content]
    }

    /// A write was cut off: it took place or it did not.
    mutating func leaveOpen(_ key: String, _ content: Content?) {
        possible[key, default: [nil]].insert(content)
    }

    /// A change of several keys was cut off.
    mutating func leaveOpenTogether(_ changes: [(key: String, content: Content?)]) {
        for (key, content) in changes {
            let held = contents(key)
            if held.count == 1, held.first != .some(content) { writtenTogether[key] = content }
            leaveOpen(key, content)
        }
    }

    /// The deletion of several keys by one change was cut off.
    mutating func leaveOpenDeletion(of keys: [String]) {
        deletedTogether = Array(Set(keys)).filter { known($0) != nil }
        for key in keys { leaveOpen(key, nil) }
    }
}
