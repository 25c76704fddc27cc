/// A request target taken apart and decoded: the path, and the query's parameters in order.
struct RequestTarget: Hashable, Sendable {
    /// One parameter of a query.
    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// The path without the query, percent-decoded.
    let path: String
    /// The parameters, decoded as HTML forms encode them: `+` is a space.
    let parameters: [Parameter]

    /// Takes a target apart.
    ///
    /// - Throws: ``ArrayServiceError/targetInvalid`` for broken percent-encoding or bytes that are
    ///   not UTF-8.
    init(_ target: String) throws(ArrayServiceError) {
        let parts = target.utf8.split(
            separator: UInt8(ascii: "?"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        path = try Self.decoded(parts[0], plus: UInt8(ascii: "+"))
        var parameters: [Parameter] = []
        if parts.count == 2 {
            for pair in parts[1].split(separator: UInt8(ascii: "&")) {
                let sides = pair.split(
                    separator: UInt8(ascii: "="),
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                let name = try Self.decoded(sides[0], plus: UInt8(ascii: " "))
                let value =
                    sides.count == 2
                    ? try Self.decoded(sides[1], plus: UInt8(ascii: " ")) : ""
                parameters.append(Parameter(name: name, value: value))
            }
        }
        self.parameters = parameters
    }

    private static func decoded(
        _ text: Substring.UTF8View,
        plus: UInt8
    ) throws(ArrayServiceError) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(digit),
                    let low = rest.popFirst().flatMap(digit)
                else { throw .targetInvalid }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? plus : byte)
            }
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { throw .targetInvalid }
        return string
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
