import Foundation
import Testing

/// The checkout that this test was compiled from, read as text.
enum SourceTree {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// One text file, by its path below the root.
    struct File: Sendable, CustomTestStringConvertible {
        let path: String
        let text: String

        var lines: [Substring] {
            text.split(separator: "\n", omittingEmptySubsequences: false)
        }

        /// Lines as an editor counts them: a final newline begins no further line.
        var lineCount: Int { text.hasSuffix("\n") ? lines.count - 1 : lines.count }

        var name: String { String(path.split(separator: "/").last ?? "") }

        /// The target a file below Sources or Tests belongs to.
        var target: String {
            let segments = path.split(separator: "/")
            return segments.count > 2 ? String(segments[1]) : ""
        }

        var testDescription: String { path }
    }

    /// All files below a folder whose names end in one of the suffixes, sorted by path.
    static func files(below folder: String, suffixes: [String]) throws -> [File] {
        let start = root.appending(path: folder).resolvingSymlinksInPath()
        guard let walk = FileManager.default.enumerator(atPath: start.path) else { return [] }
        var found: [File] = []
        for case let relative as String in walk {
            guard suffixes.contains(where: relative.hasSuffix) else { continue }
            guard !relative.contains("/."), !relative.hasPrefix(".") else { continue }
            let text = try String(contentsOf: start.appending(path: relative), encoding: .utf8)
            found.append(File(path: folder + "/" + relative, text: text))
        }
        return found.sorted { $0.path < $1.path }
    }

    static func swiftSources() throws -> [File] {
        try files(below: "Sources", suffixes: [".swift"])
    }
}
