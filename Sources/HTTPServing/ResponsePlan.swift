import NIOHTTP1

/// How one answer is framed, decided from what the service wants and what the client knows.
///
/// Source: RFC 9110 sections 6.4.1 and 8.6; RFC 9112 section 6.3.
struct ResponsePlan: Equatable {
    /// Whether the body is sent or only described.
    enum Body: Equatable {
        case sent
        case omitted
    }

    let framing: ResponseHead.Framing
    let body: Body

    init(_ response: HTTPResponse, method: HTTPMethod, version: RequestHead.Version) {
        let code = response.status.code
        if code < 200 || code == 204 {
            self.init(framing: .none, body: .omitted)
            return
        }
        let isDescribed = method == .HEAD || code == 304
        switch response.body {
        case .none:
            self.init(framing: isDescribed ? .given : .sized(0), body: .omitted)
        case .bytes(let bytes):
            self.init(.sized(Int64(bytes.readableBytes)), isDescribed: isDescribed)
        case .pulled(let source):
            self.init(.sized(max(0, source.byteCount)), isDescribed: isDescribed)
        case .streamed(let byteCount?, _):
            self.init(.sized(max(0, byteCount)), isDescribed: isDescribed)
        case .streamed(nil, _):
            self.init(version == .http11 ? .chunked : .untilClose, isDescribed: isDescribed)
        }
    }

    private init(_ framing: ResponseHead.Framing, isDescribed: Bool) {
        self.init(framing: framing, body: isDescribed ? .omitted : .sent)
    }

    private init(framing: ResponseHead.Framing, body: Body) {
        self.framing = framing
        self.body = body
    }
}
