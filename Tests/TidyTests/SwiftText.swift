/// Swift source with the insides of comments and string literals blanked, line by line, so that
/// words and braces can be counted without a parser.
///
/// Knows line and nested block comments, plain, raw and multi-line strings. Interpolations are blanked
/// along with their string, which keeps braces balanced.
struct SwiftText {
    private(set) var lines: [String] = []

    init(_ source: String) {
        var scanner = Scanner(Array(source.utf8))
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

/// The byte machine behind ``SwiftText``.
private struct Scanner {
    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let quote = UInt8(ascii: "\"")
    private static let hash = UInt8(ascii: "#")
    private static let backslash = UInt8(ascii: "\\")

    private let source: [UInt8]
    private var position = 0
    private var output: [UInt8] = []

    init(_ source: [UInt8]) {
        self.source = source
        output.reserveCapacity(source.count)
    }

    mutating func blanked() -> String {
        while position < source.count {
            if holds(Self.slash, Self.slash) {
                skipLineComment()
            } else if holds(Self.slash, Self.star) {
                skipBlockComment()
            } else if let hashes = stringStart() {
                skipString(hashes: hashes)
            } else {
                output.append(source[position])
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private func holds(_ first: UInt8, _ second: UInt8) -> Bool {
        position + 1 < source.count && source[position] == first && source[position + 1] == second
    }

    /// Whether `count` times the same byte stands at a place.
    private func holds(_ byte: UInt8, count: Int, at place: Int) -> Bool {
        guard place + count <= source.count else { return false }
        return source[place..<(place + count)].allSatisfy { $0 == byte }
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < source.count {
            output.append(source[position] == Self.newline ? Self.newline : Self.space)
            position += 1
        }
    }

    private mutating func skipLineComment() {
        while position < source.count, source[position] != Self.newline { position += 1 }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if holds(Self.slash, Self.star) {
                depth += 1
                blank()
            } else if holds(Self.star, Self.slash) {
                depth -= 1
                blank()
            }
            blank()
        } while depth > 0 && position < source.count
    }

    /// The number of `#` before the quote when a string begins here.
    private func stringStart() -> Int? {
        guard source[position] == Self.hash || source[position] == Self.quote else { return nil }
        var hashes = 0
        while position + hashes < source.count, source[position + hashes] == Self.hash {
            hashes += 1
        }
        let opening = position + hashes
        return opening < source.count && source[opening] == Self.quote ? hashes : nil
    }

    private mutating func skipString(hashes: Int) {
        let quotes = holds(Self.quote, count: 3, at: position + hashes) ? 3 : 1
        blank(hashes + quotes)
        while position < source.count {
            if holds(Self.quote, count: quotes, at: position),
                holds(Self.hash, count: hashes, at: position + quotes)
            {
                blank(quotes + hashes)
                return
            }
            if source[position] == Self.backslash,
                holds(Self.hash, count: hashes, at: position + 1),
                holds(UInt8(ascii: "("), count: 1, at: position + 1 + hashes)
            {
                skipInterpolation(hashes: hashes)
            } else if source[position] == Self.backslash && hashes == 0 {
                blank(2)
            } else {
                if source[position] == Self.newline && quotes == 1 { return }
                blank()
            }
        }
    }

    private mutating func skipInterpolation(hashes: Int) {
        blank(hashes + 1)
        var depth = 0
        repeat {
            guard position < source.count else { return }
            if let inner = stringStart() {
                skipString(hashes: inner)
                continue
            }
            if source[position] == UInt8(ascii: "(") { depth += 1 }
            if source[position] == UInt8(ascii: ")") { depth -= 1 }
            blank()
        } while depth > 0 && position < source.count
    }
}
