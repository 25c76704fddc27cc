import ArrayModel
import ObjectStorage
import StorageModel

/// What a version is to begin with, as a client writes it.
struct VersionSource: Hashable, Sendable {
    /// What it says.
    let source: ForkSource

    /// Reads a source.
    ///
    /// A digest is a commit; `name:tag` and `tag` alone are versions, the latter of the same name; a text that
    /// ends in `/` is a folder of the namespace's plain keys.
    ///
    /// - Parameters:
    ///   - text: The source.
    ///   - name: The name of the version that is to be.
    /// - Throws: ``VersionServiceError/sourceInvalid(_:)``.
    init(_ text: String, of name: String) throws(VersionServiceError) {
        let mark = text.utf8.firstRange(of: "sha256:".utf8)
        if let mark,
            mark.lowerBound == text.utf8.startIndex || text.utf8.contains(UInt8(ascii: "@"))
        {
            let digits = String(Substring(text.utf8[mark.lowerBound...]))
            guard let digest = try? ManifestDigest(digits) else { throw .sourceInvalid(text) }
            source = .commit(digest)
        } else if text.utf8.last == UInt8(ascii: "/") {
            let folder = String(Substring(text.utf8.dropLast()))
            guard (try? ObjectKey(folder)) != nil else { throw .sourceInvalid(text) }
            source = .folder(folder)
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard
                let version = try? parts.count == 2
                    ? VersionName(name: String(parts[0]), tag: String(parts[1]))
                    : VersionName(name: name, tag: text)
            else { throw .sourceInvalid(text) }
            source = .version(version)
        }
    }
}
