/// The file names that hold array metadata, by the order in which they decide what a path is.
public enum CatalogFile: Int64, Hashable, Sendable, CaseIterable {
    /// `zarr.json`, Zarr v3.
    case zarrJSON = 0
    /// `.zarray`, an array of Zarr v2.
    case zarray = 1
    /// `.zgroup`, a group of Zarr v2.
    case zgroup = 2
    /// `info.txt`, the original Hub client.
    case info = 3

    /// The file's name.
    public var fileName: String {
        switch self {
        case .zarrJSON: "zarr.json"
        case .zarray: ".zarray"
        case .zgroup: ".zgroup"
        case .info: "info.txt"
        }
    }

    /// Finds the file that a key names by its last segment.
    public init?(key: String) {
        guard let candidate = Self.endsAlike(key),
            Self.isLastSegment(candidate.fileName, of: key)
        else { return nil }
        self = candidate
    }

    /// The only file whose name ends with the character that a key ends with: every write asks several
    /// times, and most keys end with none of them.
    private static func endsAlike(_ key: String) -> CatalogFile? {
        switch key.utf8.last {
        case UInt8(ascii: "n"): .zarrJSON
        case UInt8(ascii: "y"): .zarray
        case UInt8(ascii: "p"): .zgroup
        case UInt8(ascii: "t"): .info
        default: nil
        }
    }

    /// Whether a key's last segment names metadata of any kind, which is never a chunk.
    public static func namesMetadata(_ key: String) -> Bool {
        switch key.utf8.last {
        case UInt8(ascii: "s"): isLastSegment(".zattrs", of: key)
        case UInt8(ascii: "a"): isLastSegment(".zmetadata", of: key)
        default: CatalogFile(key: key) != nil
        }
    }

    /// The path of the folder a key lies in, without a trailing `/`; empty at the root.
    public static func folder(of key: String) -> String {
        let start = lastSegmentStart(key)
        guard start > key.startIndex else { return "" }
        return String(key[..<key.utf8.index(before: start)])
    }

    /// Compares from the end, where most keys differ at once.
    private static func isLastSegment(_ name: String, of key: String) -> Bool {
        var rest = key.utf8[...]
        for byte in name.utf8.reversed() {
            guard rest.popLast() == byte else { return false }
        }
        return rest.last ?? UInt8(ascii: "/") == UInt8(ascii: "/")
    }

    private static func lastSegmentStart(_ key: String) -> String.Index {
        guard let slash = key.utf8.lastIndex(of: UInt8(ascii: "/")) else { return key.startIndex }
        return key.utf8.index(after: slash)
    }
}
