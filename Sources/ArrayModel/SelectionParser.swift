/// One entry of a selection's text.
enum SelectionIndex: Hashable {
    case number(Int)
    case slice(start: Int?, stop: Int?, step: Int)
    case ellipsis
}

/// Reads the text of a selection into entries, without knowing the array.
struct SelectionParser {
    private let text: [UInt8]
    private var position = 0
    /// The index of the byte after the last one that counts: a closing bracket is left out.
    private var end: Int

    init(text: [UInt8]) {
        self.text = text
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
        guard text[end - 1] == UInt8(ascii: "]") else {
            throw .unexpectedCharacter(offset: position)
        }
        position += 1
        end -= 1
    }

    private mutating func index() throws(SelectionError) -> SelectionIndex {
        let start = position
        if starts(with: "...") {
            position += 3
            return .ellipsis
        }
        for word in ["newaxis", "np.newaxis", "numpy.newaxis", "None"] where starts(with: word) {
            throw .newAxis(offset: start)
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
