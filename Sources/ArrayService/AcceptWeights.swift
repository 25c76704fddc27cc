/// The names in a header field that negotiates, and how much each is wanted.
///
/// Source: RFC 9110, sections 12.4.2 and 12.5.
struct AcceptWeights: Hashable, Sendable {
    private let weights: [String: Double]

    /// Reads a field such as `Accept` or `Accept-Encoding`; parameters other than `q` are passed over.
    init(_ field: String) {
        var weights: [String: Double] = [:]
        for item in field.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let name = parts.first, !name.isEmpty else { continue }
            var weight = 1.0
            for part in parts.dropFirst() where part.hasPrefix("q=") {
                weight = Double(part.dropFirst(2)) ?? 0
            }
            weights[String(name)] = weight
        }
        self.weights = weights
    }

    /// How much a name, in lower case, is wanted, from 0 to 1; nil if the field does not have it.
    subscript(_ name: String) -> Double? { weights[name] }
}
