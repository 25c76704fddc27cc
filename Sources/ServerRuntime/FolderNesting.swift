import Glibc

/// Whether folders lie in one another.
enum FolderNesting {
    /// Whether two folders are the same, or one lies in the other; links are followed as far as the
    /// paths lead to something.
    static func areNested(_ left: String, _ right: String) -> Bool {
        let (left, right) = (resolved(left), resolved(right))
        return left == right || left.hasPrefix(right + "/") || right.hasPrefix(left + "/")
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
                return base == "/" ? "/" + rest : base + "/" + rest
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
}
