/// One entry of a selection's text.
enum SelectionIndex: Hashable {
    case number(Int)
    case slice(start: Int?, stop: Int?, step: Int)
    case ellipsis
    case newAxis
    case list([Int])
    case mask([Bool])

    /// Whether it says what to take along an axis of the array.
    var namesAxis: Bool { self != .ellipsis && self != .newAxis }

    /// Whether it takes indices one by one.
    var isList: Bool {
        switch self {
        case .list, .mask: true
        case .number, .slice, .ellipsis, .newAxis: false
        }
    }
}

/// Reads the text of a selection into entries, without knowing the array.
struct SelectionParser {
    private let text: [UInt8]
    private let indexing: Selection.Indexing
    private var position = 0
    /// The index of the byte after the last one that counts: a closing bracket is left out.
    private var end: Int

    init(text: [UInt8], indexing: Selection.Indexing) {
        self.text = text
        self.indexing = indexing
        self.end = text.count
    }

    mutating func indices() throws(SelectionError) -> [SelectionIndex] {
        guard text.count <= ArrayLimits.selectionTextBytesMax else {
            throw .tooLong(bytes: text.count)
        }
        try stripBrackets()
        var result: [SelectionIndex] = []
        skipSpace()
        while position < end {
            let start = position
            let index = try index()
            if index == .ellipsis, result.contains(.ellipsis) {
                throw .severalEllipses(offset: start)
            }
            if index.isList, result.contains(where: \.isList) {
                throw .severalLists(offset: start)
            }
            result.append(index)
            skipSpace()
            guard position < end else { break }
            guard text[position] == UInt8(ascii: ",") else {
                throw .unexpectedCharacter(offset: position)
            }
            // As in Python, one comma may follow the last index.
            position += 1
            skipSpace()
        }
        return result
    }

    private mutating func stripBrackets() throws(SelectionError) {
        while end > 0, Self.isSpace(text[end - 1]) { end -= 1 }
        skipSpace()
        guard position < end, text[position] == UInt8(ascii: "[") else { return }
        if indexing == .orthogonal {
            guard closingBracket == end - 1, !holdsOnlyList else { return }
        }
        guard text[end - 1] == UInt8(ascii: "]") else {
            throw .unexpectedCharacter(offset: position)
        }
        position += 1
        end -= 1
    }

    /// The index of the byte that closes the bracket at the beginning, if any does.
    private var closingBracket: Int? {
        var depth = 0
        for index in position..<end {
            if text[index] == UInt8(ascii: "[") { depth += 1 }
            if text[index] == UInt8(ascii: "]") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    /// Whether the brackets around the text are those of a list of numbers or truth values, and not
    /// those of the indexing itself, within which a slice, a list, an ellipsis or a new axis is.
    private var holdsOnlyList: Bool {
        let inner = text[(position + 1)..<(end - 1)]
        return !inner.contains { ":[.Nn".utf8.contains($0) }
    }

    private mutating func index() throws(SelectionError) -> SelectionIndex {
        let start = position
        if text[position] == UInt8(ascii: "[") {
            guard indexing == .orthogonal else {
                throw isFirstByte(start)
                    ? .unexpectedCharacter(offset: start) : .listUnsupported(offset: start)
            }
            return try list()
        }
        if starts(with: "...") {
            position += 3
            return .ellipsis
        }
        for word in ["newaxis", "np.newaxis", "numpy.newaxis", "None"] where starts(with: word) {
            guard indexing == .orthogonal else { throw .newAxis(offset: start) }
            position += word.utf8.count
            return .newAxis
        }
        let first = try number()
        skipSpace()
        guard takeColon() else {
            guard let first else {
                let isMissing = position == end || text[position] == UInt8(ascii: ",")
                throw isMissing
                    ? .indexMissing(offset: position) : .unexpectedCharacter(offset: position)
            }
            return .number(first)
        }
        let second = try number()
        guard takeColon() else { return .slice(start: first, stop: second, step: 1) }
        skipSpace()
        let stepOffset = position
        let step = try number() ?? 1
        guard step != 0 else { throw .stepZero(offset: stepOffset) }
        return .slice(start: first, stop: second, step: step)
    }

    /// Takes a list of numbers or of truth values, with its brackets.
    private mutating func list() throws(SelectionError) -> SelectionIndex {
        let start = position
        var numbers: [Int] = []
        var mask: [Bool] = []
        repeat {
            position += 1
            skipSpace()
            guard position < end, text[position] != UInt8(ascii: "]") else { break }
            if let flag = takeTruthValue() {
                mask.append(flag)
            } else if let number = try number() {
                numbers.append(number)
            } else {
                let isMissing = text[position] == UInt8(ascii: ",")
                throw isMissing
                    ? .indexMissing(offset: position) : .unexpectedCharacter(offset: position)
            }
            skipSpace()
        } while position < end && text[position] == UInt8(ascii: ",")
        guard position < end else { throw .unexpectedCharacter(offset: start) }
        guard text[position] == UInt8(ascii: "]") else {
            throw .unexpectedCharacter(offset: position)
        }
        position += 1
        guard mask.isEmpty || numbers.isEmpty else { throw .listMixed(offset: start) }
        return mask.isEmpty ? .list(numbers) : .mask(mask)
    }

    private mutating func takeTruthValue() -> Bool? {
        for (word, value) in [("true", true), ("True", true), ("false", false), ("False", false)]
        where starts(with: word) {
            position += word.utf8.count
            return value
        }
        return nil
    }

    /// Whether only white space comes before a byte.
    private func isFirstByte(_ index: Int) -> Bool {
        text[..<index].allSatisfy(Self.isSpace)
    }

    /// Takes a number, or nothing if none begins here.
    private mutating func number() throws(SelectionError) -> Int? {
        skipSpace()
        let start = position
        var isNegative = false
        if position < end,
            text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+")
        {
            isNegative = text[position] == UInt8(ascii: "-")
            position += 1
        }
        let firstDigit = position
        var value = 0
        while position < end, (0x30...0x39).contains(text[position]) {
            let digit = Int(text[position]) - 0x30
            let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards, because the most negative number has no positive counterpart.
            let (sum, sumOverflow) = tens.subtractingReportingOverflow(digit)
            guard !tensOverflow, !sumOverflow else { throw .numberTooLarge(offset: start) }
            value = sum
            position += 1
        }
        guard position > firstDigit else {
            guard firstDigit == start else { throw .unexpectedCharacter(offset: position) }
            return nil
        }
        if isNegative { return value }
        guard value != Int.min else { throw .numberTooLarge(offset: start) }
        return -value
    }

    private mutating func takeColon() -> Bool {
        skipSpace()
        guard position < end, text[position] == UInt8(ascii: ":") else { return false }
        position += 1
        return true
    }

    private func starts(with word: String) -> Bool {
        text[position..<end].starts(with: word.utf8)
    }

    private mutating func skipSpace() {
        while position < end, Self.isSpace(text[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
