/// Swift source with the insides of comments and string literals blanked, line by line, so that
/// words and braces can be counted without a parser.
///
/// Knows line and nested block comments, plain, raw and multi-line strings. Interpolations are blanked
/// along with their string, which keeps braces balanced.
struct SwiftText {
    private(set) var lines: [String] = []

    init(_ source: String) {
        var scanner = Scanner(Array(source))
        lines = scanner.blanked().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// A function, initialiser or deinitialiser and the lines it spans, counted from 1.
    struct Function: Hashable {
        let name: String
        let lines: ClosedRange<Int>
    }

    /// Every declaration with a body that begins with `func`, `init` or `deinit`.
    func functions() -> [Function] {
        var found: [Function] = []
        for (index, line) in lines.enumerated() {
            guard let name = Self.declaredName(in: line) else { continue }
            guard let end = bodyEnd(from: index) else { continue }
            found.append(Function(name: name, lines: (index + 1)...(end + 1)))
        }
        return found
    }

    private static func declaredName(in line: String) -> String? {
        let modifiers: Set<Substring> = [
            "public", "package", "internal", "private", "fileprivate", "static", "mutating",
            "override", "final", "nonisolated", "borrowing", "consuming", "required",
            "convenience", "class", "isolated",
        ]
        var words = line.split(whereSeparator: { $0 == " " })[...]
        while let first = words.first,
            modifiers.contains(first) || first.hasPrefix("@") || first.hasPrefix("private(")
        {
            words = words.dropFirst()
        }
        guard let first = words.first else { return nil }
        if first == "func" { return words.dropFirst().first.map(String.init) }
        if first.hasPrefix("init(") || first.hasPrefix("init?(") || first.hasPrefix("init<") {
            return "init"
        }
        return first == "deinit" ? "deinit" : nil
    }

    /// The line of the brace that closes the body opened on or after `start`; nil without a body.
    private func bodyEnd(from start: Int) -> Int? {
        var depth = 0
        var parentheses = 0
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{": depth += 1
                case "}":
                    depth -= 1
                    if depth == 0 && parentheses <= 0 { return index }
                    if depth < 0 { return nil }
                default: break
                }
            }
            let declarationEnded = depth == 0 && parentheses == 0
            if declarationEnded && index > start && Self.declaredName(in: lines[index]) != nil {
                return nil
            }
            if declarationEnded && lines[index].allSatisfy({ $0 == " " }) { return nil }
        }
        return nil
    }
}

/// The character machine behind ``SwiftText``.
private struct Scanner {
    private let source: [Character]
    private var position = 0
    private var output = ""

    init(_ source: [Character]) {
        self.source = source
    }

    mutating func blanked() -> String {
        while position < source.count {
            if starts(with: "//") {
                skipLineComment()
            } else if starts(with: "/*") {
                skipBlockComment()
            } else if let hashes = stringStart() {
                skipString(hashes: hashes)
            } else {
                output.append(source[position])
                position += 1
            }
        }
        return output
    }

    private func starts(with text: String) -> Bool {
        let characters = Array(text)
        guard position + characters.count <= source.count else { return false }
        return Array(source[position..<(position + characters.count)]) == characters
    }

    private mutating func blank() {
        output.append(source[position] == "\n" ? "\n" : " ")
        position += 1
    }

    private mutating func skipLineComment() {
        while position < source.count, source[position] != "\n" { position += 1 }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                blank()
            } else if starts(with: "*/") {
                depth -= 1
                blank()
            }
            if position < source.count { blank() }
        } while depth > 0 && position < source.count
    }

    /// The number of `#` before the quote when a string begins here.
    private func stringStart() -> Int? {
        var hashes = 0
        while position + hashes < source.count, source[position + hashes] == "#" { hashes += 1 }
        let quote = position + hashes
        return quote < source.count && source[quote] == "\"" ? hashes : nil
    }

    private mutating func skipString(hashes: Int) {
        let hashText = String(repeating: "#", count: hashes)
        let isMultiLine = starts(with: hashText + "\"\"\"")
        let quotes = isMultiLine ? "\"\"\"" : "\""
        for _ in 0..<(hashes + quotes.count) { blank() }
        while position < source.count {
            if starts(with: quotes + hashText) {
                for _ in 0..<(quotes.count + hashes) { blank() }
                return
            }
            if starts(with: "\\" + hashText + "(") {
                skipInterpolation(hashes: hashes)
            } else if starts(with: "\\") && hashes == 0 {
                blank()
                if position < source.count { blank() }
            } else {
                if source[position] == "\n" && !isMultiLine { return }
                blank()
            }
        }
    }

    private mutating func skipInterpolation(hashes: Int) {
        for _ in 0..<(hashes + 1) { blank() }
        var depth = 0
        repeat {
            if let inner = stringStart() {
                skipString(hashes: inner)
                continue
            }
            if source[position] == "(" { depth += 1 }
            if source[position] == ")" { depth -= 1 }
            blank()
        } while depth > 0 && position < source.count
    }
}
