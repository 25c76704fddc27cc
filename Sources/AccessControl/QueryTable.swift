/// The parameters of a query in canonical encoding, in one buffer.
struct QueryTable {
    /// One parameter: where its name and value lie in ``bytes``.
    struct Parameter {
        let nameStart: Int
        let nameEnd: Int
        let valueEnd: Int

        var name: Range<Int> { nameStart..<nameEnd }
        var value: Range<Int> { nameEnd..<valueEnd }
    }

    /// Encoded names and values, one after the other.
    private(set) var bytes: [UInt8] = []
    /// The parameters in the order received.
    private(set) var parameters: [Parameter] = []

    /// Reads a raw query, without its `?`; empty pieces are left out, a name without `=` has the
    /// empty value.
    init(_ query: ArraySlice<UInt8>, plus: PercentCoding.Plus) {
        guard !query.isEmpty else { return }
        bytes.reserveCapacity(query.count + 16)
        parameters.reserveCapacity(8)
        var start = query.startIndex
        while start < query.endIndex {
            let end = query[start...].firstIndex(of: UInt8(ascii: "&")) ?? query.endIndex
            if start < end { append(query[start..<end], plus: plus) }
            start = end + 1
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
    func value(_ name: StaticString) -> [UInt8]? {
        encodedValue(name).map(PercentCoding.decoded)
    }

    /// Appends the parameters, but for one name, sorted by encoded name and then value.
    func appendCanonical(excluding excluded: StaticString, to target: inout [UInt8]) {
        var sorted = parameters
        sorted.removeAll { bytes.holds(excluded, at: $0.name) }
        // Most clients send them in order already, but for the one that is left out.
        let isSorted = zip(sorted, sorted.dropFirst()).allSatisfy { !precedes($1, $0) }
        if !isSorted { sorted.sort(by: precedes) }
        var isFirst = true
        for parameter in sorted {
            if !isFirst { target.append(UInt8(ascii: "&")) }
            isFirst = false
            target.append(contentsOf: bytes[parameter.name])
            target.append(UInt8(ascii: "="))
            target.append(contentsOf: bytes[parameter.value])
        }
    }

    private mutating func append(_ piece: ArraySlice<UInt8>, plus: PercentCoding.Plus) {
        let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
        let nameStart = bytes.count
        PercentCoding.appendCanonical(
            piece[..<equals],
            slash: .encoded,
            plus: plus,
            to: &bytes
        )
        let nameEnd = bytes.count
        PercentCoding.appendCanonical(
            piece[equals...].dropFirst(),
            slash: .encoded,
            plus: plus,
            to: &bytes
        )
        parameters.append(
            Parameter(nameStart: nameStart, nameEnd: nameEnd, valueEnd: bytes.count)
        )
    }

    private func precedes(_ left: Parameter, _ right: Parameter) -> Bool {
        if bytes.holds(bytes, left.name, at: right.name) {
            return bytes[left.value].lexicographicallyPrecedes(bytes[right.value])
        }
        return bytes[left.name].lexicographicallyPrecedes(bytes[right.name])
    }
}
