import ArrayModel
import ArrayStorage

/// The parameters of a query, each known and given once.
struct RequestParameters {
    private let values: [String: String]

    /// Takes the parameters of a resource that has these.
    ///
    /// Those of a presigned URL (`X-Amz-…`) belong to the signature and are passed over.
    ///
    /// - Throws: ``ArrayServiceError/parameterUnknown(_:allowed:)`` or
    ///   ``ArrayServiceError/parameterRepeated(_:)``.
    init(
        _ parameters: [RequestTarget.Parameter],
        allowed: [String]
    ) throws(ArrayServiceError) {
        var values: [String: String] = [:]
        for parameter in parameters where !parameter.name.lowercased().hasPrefix("x-amz-") {
            guard allowed.contains(parameter.name) else {
                throw .parameterUnknown(parameter.name, allowed: allowed)
            }
            guard values.updateValue(parameter.value, forKey: parameter.name) == nil else {
                throw .parameterRepeated(parameter.name)
            }
        }
        self.values = values
    }

    /// The entries of a list, without the spaces around them.
    static func entries(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { entry in
            let front = entry.drop { $0 == " " }
            return String(front.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// A decimal number that is finite, with or without a fraction and an exponent; nil for anything else.
    static func number(_ text: String) -> Double? {
        // Swift also reads hexadecimal numbers, and words for what is not finite.
        let known = Array("0123456789+-.eE".utf8)
        guard text.utf8.allSatisfy({ known.contains($0) }), let number = Double(text) else {
            return nil
        }
        return number.isFinite ? number : nil
    }

    /// The value of a parameter.
    func text(_ name: String) -> String? { values[name] }

    /// Refuses parameters that the route has and this request has no use for.
    func refuseAll(but allowed: [String]) throws(ArrayServiceError) {
        if let name = values.keys.sorted().first(where: { !allowed.contains($0) }) {
            throw .parameterUnknown(name, allowed: allowed)
        }
    }

    func listRequest(namespace: String?) throws(ArrayServiceError) -> ListRequest {
        ListRequest(
            namespace: namespace,
            prefix: values["prefix"] ?? "",
            cursor: try cursor(),
            limit: try limit()
        )
    }

    func format(accept: String?) throws(ArrayServiceError) -> DataFormat {
        if let text = values["format"] {
            guard let format = DataFormat(rawValue: text) else {
                let names = DataFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw .parameterInvalid("format", expected: "one of \(names)")
            }
            return format
        }
        guard let accept = accept?.lowercased() else { return .npy }
        if accept.hasPrefix("application/json") { return .json }
        if accept.hasPrefix("text/csv") { return .csv }
        return accept.hasPrefix("application/octet-stream") ? .raw : .npy
    }

    func limit() throws(ArrayServiceError) -> Int {
        guard let text = values["limit"] else { return ArrayCatalogLimits.pageEntriesDefault }
        let range = 1...ArrayCatalogLimits.pageEntriesMax
        guard let limit = Int(text), range.contains(limit) else {
            throw .parameterInvalid(
                "limit",
                expected: "a whole number from 1 to \(range.upperBound)"
            )
        }
        return limit
    }

    func cursor() throws(ArrayServiceError) -> ArrayListCursor? {
        guard let text = values["cursor"] else { return nil }
        guard let cursor = ArrayListCursor(opaque: text) else {
            throw .parameterInvalid("cursor", expected: "the \"next\" of the page before")
        }
        return cursor
    }
}
