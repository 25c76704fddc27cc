import HTTPServing

extension HTTPAnswer {
    /// The same answer with another response.
    func map(_ transform: @escaping @Sendable (HTTPResponse) -> HTTPResponse) -> HTTPAnswer {
        switch self {
        case .now(let response): .now(transform(response))
        case .soon(let work): .soon { body in transform(await work(body)) }
        case .later(let work): .later { body in transform(await work(body)) }
        }
    }
}
