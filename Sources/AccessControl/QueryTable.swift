/// The parameters of a query in canonical encoding.
///
/// Most clients send every byte as a signature wants it; then the table is the request target as it
/// came, and only where the parameters lie is noted. Any other query is encoded anew, parameter by
/// parameter.
///
/// Invariant: the parameters stand in ``bytes`` in the order received, as `name=value`, with one `&`
/// between them.
struct QueryTable {
    /// One parameter: where its name and value lie in ``bytes``.
    struct Parameter {
        let nameStart: Int
        let nameEnd: Int
        let valueEnd: Int
        /// Whether the value may hold encoded bytes.
        let isEncoded: Bool

        var name: Range<Int> { nameStart..<nameEnd }
        /// What follows the `=`.
        var value: Range<Int> { (nameEnd + 1)..<valueEnd }
    }

    /// What holds the parameters; what stands before the first of them is no part of the query.
    private(set) var bytes: [UInt8] = []
    /// The parameters in the order received.
    private(set) var parameters: [Parameter] = []

    /// Reads the raw query that begins at `start` in a request target; empty pieces are left out, a
    /// name without `=` has the empty value.
    init(_ target: [UInt8], from start: Int, plus: PercentCoding.Plus) {
        guard start < target.count else { return }
        if let parameters = Self.canonicalParameters(of: target, from: start) {
            bytes = target
            self.parameters = parameters
        } else {
            appendEncoded(target[start...], plus: plus)
        }
    }

    /// The first value of a parameter, in canonical encoding; `nil` if there is none.
    func encodedValue(_ name: StaticString) -> ArraySlice<UInt8>? {
        for parameter in parameters where bytes.holds(name, at: parameter.name) {
            return bytes[parameter.value]
        }
        return nil
    }

    /// The first value of a parameter; `nil` if there is none.
    func value(_ name: StaticString) -> ArraySlice<UInt8>? {
        for parameter in parameters where bytes.holds(name, at: parameter.name) {
            let value = bytes[parameter.value]
            return parameter.isEncoded ? PercentCoding.decoded(value)[...] : value
        }
        return nil
    }

    /// Appends the parameters, but for one name, sorted by encoded name and then value.
    func appendCanonical(excluding excluded: StaticString, to target: inout [UInt8]) {
        guard isSorted(excluding: excluded) else {
            return appendSorted(excluding: excluded, to: &target)
        }
        // What stands between two parameters that are left out is appended in one go.
        var run: Range<Int>?
        var isFirst = true
        for parameter in parameters {
            if bytes.holds(excluded, at: parameter.name) {
                append(run, &isFirst, to: &target)
                run = nil
            } else {
                run = (run?.lowerBound ?? parameter.nameStart)..<parameter.valueEnd
            }
        }
        append(run, &isFirst, to: &target)
    }

    private func append(_ run: Range<Int>?, _ isFirst: inout Bool, to target: inout [UInt8]) {
        guard let run else { return }
        if !isFirst { target.append(UInt8(ascii: "&")) }
        isFirst = false
        target.append(contentsOf: bytes[run])
    }

    // MARK: - Order

    /// Whether the parameters are in canonical order already, as most clients send them, but for
    /// the one that is left out.
    private func isSorted(excluding excluded: StaticString) -> Bool {
        var previous: Parameter?
        for parameter in parameters where !bytes.holds(excluded, at: parameter.name) {
            if let previous, precedes(parameter, previous) { return false }
            previous = parameter
        }
        return true
    }

    private func appendSorted(excluding excluded: StaticString, to target: inout [UInt8]) {
        var sorted = parameters
        sorted.removeAll { bytes.holds(excluded, at: $0.name) }
        sorted.sort(by: precedes)
        var isFirst = true
        for parameter in sorted {
            append(parameter.nameStart..<parameter.valueEnd, &isFirst, to: &target)
        }
    }

    private func precedes(_ left: Parameter, _ right: Parameter) -> Bool {
        switch bytes.order(of: left.name, right.name) {
        case .before: true
        case .after: false
        case .same: bytes.order(of: left.value, right.value) == .before
        }
    }

    // MARK: - Reading

    /// Where the parameters lie in a query of which every byte is in canonical encoding; `nil` for
    /// any other query.
    ///
    /// One pass, a table look-up a byte.
    private static func canonicalParameters(
        of target: [UInt8],
        from start: Int
    ) -> [Parameter]? {
        var scan = CanonicalScan(start: start)
        let table = PercentCoding.unreserved
        let isCanonical = table.withUnsafeBufferPointer { unreserved in
            target.withUnsafeBufferPointer { text in
                var index = start
                while index < text.count {
                    let byte = text[index]
                    if unreserved[Int(byte)] {
                        index &+= 1
                    } else if byte == UInt8(ascii: "%") {
                        guard PercentCoding.isCanonicalEscape(text, at: index, .encoded) else {
                            return false
                        }
                        scan.isEncoded = true
                        index &+= 3
                    } else {
                        guard scan.take(byte, at: index) else { return false }
                        index &+= 1
                    }
                }
                return scan.endParameter(at: index)
            }
        }
        return isCanonical ? scan.parameters : nil
    }

    /// The parameters of a query in canonical encoding, found one after the other.
    private struct CanonicalScan {
        var parameters: [Parameter] = []
        var isEncoded = false
        private var nameStart: Int
        private var nameEnd: Int?

        init(start: Int) {
            nameStart = start
            parameters.reserveCapacity(8)
        }

        /// Takes a byte that stands for itself nowhere in canonical text.
        ///
        /// - Returns: Whether it has its place here.
        mutating func take(_ byte: UInt8, at index: Int) -> Bool {
            switch byte {
            case UInt8(ascii: "=") where nameEnd == nil:
                nameEnd = index
                return true
            case UInt8(ascii: "&"): return endParameter(at: index)
            default: return false
            }
        }

        mutating func endParameter(at end: Int) -> Bool {
            guard let nameEnd else { return false }
            parameters.append(
                Parameter(
                    nameStart: nameStart,
                    nameEnd: nameEnd,
                    valueEnd: end,
                    isEncoded: isEncoded
                )
            )
            self.nameEnd = nil
            nameStart = end + 1
            isEncoded = false
            return true
        }
    }

    private mutating func appendEncoded(_ query: ArraySlice<UInt8>, plus: PercentCoding.Plus) {
        bytes.reserveCapacity(query.count + 16)
        var start = query.startIndex
        while start < query.endIndex {
            let end = query[start...].firstIndex(of: UInt8(ascii: "&")) ?? query.endIndex
            if start < end { appendEncoded(piece: query[start..<end], plus: plus) }
            start = end + 1
        }
    }

    private mutating func appendEncoded(piece: ArraySlice<UInt8>, plus: PercentCoding.Plus) {
        if !parameters.isEmpty { bytes.append(UInt8(ascii: "&")) }
        let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
        let nameStart = bytes.count
        PercentCoding.appendCanonical(
            piece[..<equals],
            slash: .encoded,
            plus: plus,
            to: &bytes
        )
        let nameEnd = bytes.count
        bytes.append(UInt8(ascii: "="))
        PercentCoding.appendCanonical(
            piece[equals...].dropFirst(),
            slash: .encoded,
            plus: plus,
            to: &bytes
        )
        parameters.append(
            Parameter(
                nameStart: nameStart,
                nameEnd: nameEnd,
                valueEnd: bytes.count,
                isEncoded: true
            )
        )
    }
}
