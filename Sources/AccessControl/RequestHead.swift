/// What a signature covers: the head of a request exactly as it arrived.
public struct RequestHead: Sendable {
    /// The method, for example `GET`.
    public let method: String
    /// The request target in origin form, percent-encoding untouched, with the query.
    public let target: String
    /// The headers in the order received; names in any case.
    public let headers: [(name: String, value: String)]

    /// Makes a head of its parts.
    public init(method: String, target: String, headers: [(name: String, value: String)]) {
        self.method = method
        self.target = target
        self.headers = headers
    }
}
