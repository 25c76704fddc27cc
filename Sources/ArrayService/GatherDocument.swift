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
    /// - Throws: ``ArrayServiceError/body(_:)``.
    init(_ bytes: [UInt8]) throws(ArrayServiceError) {
        // A million numbers as JSON values would take thirty times the room of the text.
        var scanner = GatherScanner(bytes)
        guard let document = scanner.document() else {
            throw .body(
                .form(
                    expected:
                        "a JSON object with \"samples\", a list of at most"
                        + " \(ArrayLimits.listEntriesMax) whole numbers, or \"boxes\", a list of at"
                        + " most \(ArrayServiceLimits.gatheredBoxesMax) slices without escapes"
                )
            )
        }
        self = document
    }
}

/// Reads `{"samples": […]}` or `{"boxes": […]}` and nothing else, straight into numbers or slices.
private struct GatherScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() -> GatherDocument? {
        guard take("{") else { return nil }
        let document: GatherDocument?
        if takeName("\"samples\"") {
            document = list(max: ArrayLimits.listEntriesMax) { $0.number() }.map { .samples($0) }
        } else if takeName("\"boxes\"") {
            document = list(max: ArrayServiceLimits.gatheredBoxesMax) { $0.text() }
                .map { .boxes($0) }
        } else {
            document = nil
        }
        guard let document, take("}") else { return nil }
        skipSpace()
        return position == bytes.count ? document : nil
    }

    private mutating func list<Element>(
        max: Int,
        _ element: (inout Self) -> Element?
    ) -> [Element]? {
        guard take(":"), take("[") else { return nil }
        var elements: [Element] = []
        guard !take("]") else { return elements }
        repeat {
            guard elements.count < max, let next = element(&self) else { return nil }
            elements.append(next)
        } while take(",")
        return take("]") ? elements : nil
    }

    /// A string without escapes, which no slice needs.
    private mutating func text() -> String? {
        guard take("\"") else { return nil }
        let first = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\\") else {
                return nil
            }
            position += 1
        }
        guard position < bytes.count else { return nil }
        position += 1
        return String(validating: bytes[first..<(position - 1)], as: UTF8.self)
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
