import NIOHTTP1

/// What a change of an array is to depend on, as far as the server can hold it to that.
///
/// There is one condition that costs nothing and is exact: that what is created is not there. The server refuses
/// all others rather than pass over them: whoever sends one relies on it.
///
/// Source: RFC 9110, section 13.1. `If-Modified-Since` and `If-Range` are ignored here, as it demands.
enum WriteCondition: Hashable, Sendable {
    case none
    /// Nothing of the name may be there.
    case absent

    /// Reads the condition of a request.
    ///
    /// - Throws: ``ArrayServiceError/conditionUnsupported(header:)``.
    init(_ request: ArrayWriteRequest, _ headers: HTTPHeaders) throws(ArrayServiceError) {
        var condition = WriteCondition.none
        for header in ["If-Match", "If-None-Match", "If-Unmodified-Since"] {
            let values = headers[canonicalForm: header]
            guard !values.isEmpty else { continue }
            guard case .create = request, header == "If-None-Match", values == ["*"] else {
                throw .conditionUnsupported(header: header)
            }
            condition = .absent
        }
        self = condition
    }
}
