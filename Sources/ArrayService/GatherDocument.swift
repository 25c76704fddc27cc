import ArrayModel

/// What the body of a gathering request asks for: `{"samples": [3, 0, -1]}` or
/// `{"boxes": ["0:10,:5", "…"]}`.
enum GatherDocument: Hashable, Sendable {
    /// Indices along the first axis.
    case samples([Int])
    /// Slices.
    case boxes([String])

    /// Reads a document.
    ///
    /// - Throws: ``ArrayServiceError/bodyInvalid(expected:)``.
    init(_ bytes: [UInt8]) throws(ArrayServiceError) {
        // A million numbers as JSON values would take thirty times the room of the text.
        var scanner = SampleScanner(bytes)
        if let samples = scanner.samples() {
            self = .samples(samples)
            return
        }
        let expected =
            "a JSON object with \"samples\", a list of at most \(ArrayLimits.listEntriesMax) whole"
            + " numbers, or \"boxes\", a list of at most \(ArrayServiceLimits.gatheredBoxesMax) slices"
        guard
            !scanner.beginsSamples, let document = try? JSONValue(parsing: bytes),
            document.members?.count == 1, let elements = document["boxes"]?.elements,
            elements.count <= ArrayServiceLimits.gatheredBoxesMax
        else { throw .body(.form(expected: expected)) }
        let boxes = elements.compactMap(\.string)
        guard boxes.count == elements.count else { throw .body(.form(expected: expected)) }
        self = .boxes(boxes)
    }
}

/// Reads `{"samples": […]}` and nothing else, straight into numbers.
private struct SampleScanner {
    private let bytes: [UInt8]
    private var position = 0
    /// Whether the document names samples, so that it cannot be one of boxes.
    private(set) var beginsSamples = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func samples() -> [Int]? {
        guard take("{"), takeName("\"samples\""), take(":"), take("[") else { return nil }
        beginsSamples = true
        var numbers: [Int] = []
        if !take("]") {
            repeat {
                guard numbers.count < ArrayLimits.listEntriesMax, let number = number() else {
                    return nil
                }
                numbers.append(number)
            } while take(",")
            guard take("]") else { return nil }
        }
        guard take("}") else { return nil }
        skipSpace()
        return position == bytes.count ? numbers : nil
    }

    private mutating func number() -> Int? {
        skipSpace()
        let isNegative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let first = position
        var value = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int(bytes[position]) - 0x30)
            guard !overflow, !sumOverflow else { return nil }
            value = sum
            position += 1
        }
        // JSON has no leading zeros.
        let digits = position - first
        guard digits == 1 || (digits > 1 && bytes[first] != 0x30) else { return nil }
        return isNegative ? -value : value
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func takeName(_ name: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: name.utf8) else { return false }
        position += name.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
            position += 1
        }
    }
}
