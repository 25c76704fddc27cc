import Glibc

/// Whether folders lie in one another.
enum FolderNesting {
    /// Whether two folders are the same, or one lies in the other; links are followed as far as the
    /// paths lead to something.
    static func areNested(_ left: String, _ right: String) -> Bool {
        let (left, right) = (resolved(left), resolved(right))
        return left == right || left.hasPrefix(right + "/") || right.hasPrefix(left + "/")
    }

    /// Whether a folder and one of those of a server lie in one another, or it lies in any other data
    /// folder.
    static func isInside(_ target: String, _ folders: DataFolders) -> Bool {
        folders.all.contains { areNested(target, $0.path) } || isInsideVolume(target)
    }

    /// Whether a folder lies in a data folder.
    static func isInsideVolume(_ path: String) -> Bool { volume(around: path) != nil }

    /// The data folder that a folder lies in; nil if it lies in none.
    static func volume(around path: String) -> String? {
        var parent = resolved(path)[...]
        while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
            parent = parent[..<slash]
            if DataFolder(path: String(parent)).holdsVolume { return String(parent) }
        }
        return nil
    }

    /// A path without links, from the root; what is not there yet is taken as it is written.
    static func resolved(_ path: String) -> String {
        var missing: [Substring] = []
        var present = path[...]
        while true {
            if let real = realpath(String(present), nil) {
                defer { free(real) }
                let base = String(cString: real)
                let rest = missing.reversed().joined(separator: "/")
                if rest.isEmpty { return base }
                return normalized(base == "/" ? "/" + rest : base + "/" + rest)
            }
            guard let slash = present.lastIndex(of: "/") else {
                missing.append(present)
                present = "."
                continue
            }
            let name = present[present.index(after: slash)...]
            if !name.isEmpty { missing.append(name) }
            present = slash == present.startIndex ? "/" : present[..<slash]
        }
    }

    /// A path from the root with `.` and `..` taken out as they are written.
    private static func normalized(_ path: String) -> String {
        var names: [Substring] = []
        for name in path.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return "/" + names.joined(separator: "/")
    }
}
