import Checksums
import StorageModel

extension ObjectEntry {
    /// Whether a completion that names these parts is what made this object.
    ///
    /// A client that missed the answer to a completion repeats it and is answered the same; one
    /// that names other parts must not be told that they were taken.
    public func wasCompleted(of parts: [PartReference]) -> Bool {
        self.parts.map(\.number) == parts.map(\.number)
            && entityTag == PartReference.entityTag(of: parts.map(\.entityTag))
    }
}

extension PartReference {
    /// The entity tag of an object completed of parts: the MD5 of their MD5s, and their number.
    ///
    /// Source: Amazon S3 User Guide, "Checking object integrity", "Using part-level checksums".
    static func entityTag(of partTags: [String]) -> String {
        var digest = MD5()
        for tag in partTags {
            digest.update(Hexadecimal.decode(tag) ?? Array(tag.utf8))
        }
        return "\(Hexadecimal.encode(digest.finalize()))-\(partTags.count)"
    }
}
