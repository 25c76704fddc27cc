import HTTPServing

/// The name of the request that is being answered, which its answer and the log have.
enum RequestName {
    /// The header field of the answer.
    static let header = "X-Request-Id"

    /// The name; nil outside of requests.
    @TaskLocal static var current: String?
}

extension HTTPAnswer {
    /// The same answer to a request of a name, which it has while it is made and carries afterwards.
    func named(_ name: String) -> HTTPAnswer {
        @Sendable func carrying(_ response: HTTPResponse) -> HTTPResponse {
            var response = response
            response.headers.replaceOrAdd(name: RequestName.header, value: name)
            return response
        }
        return switch self {
        case .now(let response): .now(carrying(response))
        case .soon(let work):
            .soon { body in
                await RequestName.$current.withValue(name) { carrying(await work(body)) }
            }
        case .later(let work):
            .later { body in
                await RequestName.$current.withValue(name) { carrying(await work(body)) }
            }
        }
    }
}
