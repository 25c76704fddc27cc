import ArrayModel
import StorageModel

/// A path of the Zarr view: a reference to an array or group, and a key below it, in one.
///
/// Where the reference ends is not written down. A last segment `zarr.json` is a key, and all before
/// it the reference. Otherwise the key is a chunk's: `c` and numbers (`c/1/0`), numbers alone (`1/0`),
/// or either in one segment (`c.1.0`, `1.0`); the reference ends before it, and ``cuts`` gives the
/// places where that can be.
public struct ZarrPath: Hashable, Sendable {
    /// What the last segments of a path are.
    public enum Key: Hashable, Sendable {
        /// `zarr.json`.
        case document
        /// A chunk, as `c/0/1`.
        case chunk
    }

    /// The name of the file that describes an array or group.
    static let documentName = "zarr.json"

    /// The namespace's name.
    public let namespace: String
    /// The whole path as text.
    public let text: String
    /// What the path ends with.
    public let key: Key

    /// The name before an explicit tag.
    private let taggedName: String?
    /// The tag, `latest` if none is written.
    public let tag: String
    /// The digest of the commit that stands in the place of a tag.
    public let digest: String?
    /// What is to be cut in two: all after the tag, or without one all after the namespace.
    let segments: [String]

    /// Reads a path; percent-encoding must have been removed.
    ///
    /// - Returns: Nil if it ends with no key of an array or group.
    /// - Throws: `ReferenceError`, any case.
    public init?(_ text: String) throws(ReferenceError) {
        let whole = try ArrayReference(text)
        self.text = whole.text
        namespace = whole.namespace
        tag = whole.tag
        let isTagged = whole.explicitTag != nil || whole.digest != nil
        let rest = isTagged ? whole.member : whole.name
        taggedName = isTagged ? whole.name : nil
        digest = whole.digest
        segments = rest.split(separator: "/").map(String.init)
        guard let last = segments.last else { return nil }
        if last.utf8.elementsEqual(Self.documentName.utf8) {
            key = .document
        } else {
            key = .chunk
            guard !cuts.isEmpty else { return nil }
        }
        guard taggedName != nil || segments.count > 1 else { return nil }
    }

    /// The path of the document of what a reference names; nil for one that no path leads to.
    init?(documentOf reference: ArrayReference) {
        guard let path = try? ZarrPath("\(reference.text)/\(Self.documentName)") else { return nil }
        self = path
    }

    /// Whether a text is spelled like the key of a chunk: `c` and numbers, numbers alone, or either in
    /// one segment.
    public static func isChunkKey(_ text: String) -> Bool {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        return segments.count <= ArrayLimits.rankMax + 1
            && chunkCuts(segments.map(String.init)).contains(0)
    }

    /// How many segments the reference may have, in the order in which to try them.
    ///
    /// The segment `c` before nothing but numbers begins the key, if there is an array before it. Else
    /// the longest path that is an array is the reference.
    public var cuts: [Int] {
        let least = taggedName == nil ? 1 : 0
        let all: [Int]
        switch key {
        case .document: all = [segments.count - 1]
        case .chunk: all = Self.chunkCuts(segments)
        }
        return all.filter { $0 >= least }
    }

    /// The place that the first segments name, and the key that the others are.
    public func place(cut: Int) -> ArrayPlace {
        let path = segments[..<cut].joined(separator: "/")
        guard let taggedName else { return ArrayPlace(name: path, tag: tag) }
        return ArrayPlace(name: taggedName, tag: tag, member: path)
    }

    /// The key after the first segments.
    public func key(cut: Int) -> String { segments[cut...].joined(separator: "/") }

    /// Where a version's name can end in a path without a tag, the longest first: `name/member` is also
    /// the member of `name:latest`.
    ///
    /// At most ``ArrayCatalogLimits/impliedNamesMax``, the shortest ones.
    var impliedNames: [Int] {
        guard taggedName == nil else { return [] }
        return (1..<segments.count).prefix(ArrayCatalogLimits.impliedNamesMax).reversed()
    }

    /// The place of a member of `name:latest`, where the name has so many segments.
    func impliedPlace(name: Int, cut: Int) -> ArrayPlace {
        ArrayPlace(
            name: segments[..<name].joined(separator: "/"),
            tag: tag,
            member: segments[name..<cut].joined(separator: "/")
        )
    }

    private static func chunkCuts(_ segments: [String]) -> [Int] {
        let numbers = min(
            segments.reversed().prefix(while: isNumber).count,
            ArrayLimits.rankMax
        )
        var cuts: [Int] = []
        let before = segments.count - numbers - 1
        if before >= 0, segments[before] == "c" { cuts.append(before) }
        for count in 0..<numbers { cuts.append(segments.count - 1 - count) }
        if numbers == 0, let last = segments.last, isDotted(last) {
            cuts.append(segments.count - 1)
        }
        return cuts
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Whether a segment is `c.1.0` or `1.0`.
    private static func isDotted(_ segment: String) -> Bool {
        var parts = segment.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return false }
        if parts[0] == "c" { parts.removeFirst() }
        return parts.allSatisfy { isNumber(String($0)) }
    }
}
