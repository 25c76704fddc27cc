import Testing

/// Holds files and functions to the lengths of docs/style.md, and keeps out what it bans.
@Suite struct ShapeTests {
    static let sourceLinesMax = 400
    static let testLinesMax = 600
    static let functionLinesMax = 70

    @Test func `source files are at most 400 lines`() throws {
        let files = try SourceTree.files(below: "Sources", suffixes: [".swift", ".c", ".h", ".py"])
        #expect(!files.isEmpty)
        for file in files {
            #expect(file.lineCount <= Self.sourceLinesMax, "\(file.path): \(file.lineCount) lines")
        }
    }

    @Test func `test files are at most 600 lines`() throws {
        for file in try SourceTree.files(below: "Tests", suffixes: [".swift", ".py"]) {
            #expect(file.lineCount <= Self.testLinesMax, "\(file.path): \(file.lineCount) lines")
        }
    }

    @Test func `functions are at most 70 lines`() throws {
        var seen = 0
        for file in try SourceTree.swiftSources() {
            for function in SwiftText(file.text).functions() {
                seen += 1
                #expect(
                    function.lines.count <= Self.functionLinesMax,
                    "\(file.path): \(function.name) has \(function.lines.count) lines"
                )
            }
        }
        #expect(seen > 20, "the reader of functions found too few to be trusted: \(seen)")
    }

    @Test func `sources hold none of the banned constructs`() throws {
        let banned: [(name: String, pattern: Regex<Substring>)] = [
            ("try!", /\btry!/), ("as!", /\bas!/),
            ("an unstructured Task", /\bTask(?:\.detached)? *[{(]/),
            ("Any", /\bAny\b(?!\.|Object)/), ("fatalError", /\bfatalError\(/),
        ]
        let words = ["try!", "as!", "Task", "Any", "fatalError"]
        for file in try SourceTree.swiftSources() {
            for (index, line) in SwiftText(file.text).lines.enumerated()
            where words.contains(where: line.contains)
                // NIO's own signature, and the one bridge from an event loop to tasks, which counts
                // them and outlives them.
                && !line.contains("func userInboundEventTriggered(")
                && !line.contains("Task(executorPreference: executor)")
            {
                for ban in banned where line.firstMatch(of: ban.pattern) != nil {
                    Issue.record("\(file.path):\(index + 1) holds \(ban.name)")
                }
            }
        }
    }

    @Test func `an unchecked promise of safety has its proof on the line above`() throws {
        for file in try SourceTree.swiftSources() {
            let lines = file.lines
            for (index, line) in SwiftText(file.text).lines.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)")
                else { continue }
                let above = index > 0 ? lines[index - 1].drop { $0 == " " } : ""
                #expect(above.hasPrefix("//"), "\(file.path):\(index + 1) gives no proof")
            }
        }
    }

    @Test func `nothing is left unfinished`() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        let files = try SourceTree.files(
            below: "Sources",
            suffixes: [".swift", ".c", ".h", ".py"]
        )
        for file in files {
            for (index, line) in file.lines.enumerated() {
                #expect(!marks.contains(where: line.contains), "\(file.path):\(index + 1)")
            }
        }
    }

    @Test func `files are named for a noun`() throws {
        let vague = ["Utilities", "Utils", "Helpers", "Common", "Manager", "Misc"]
        for file in try SourceTree.swiftSources() {
            #expect(!vague.contains(where: file.name.contains), "\(file.path)")
        }
    }
}
