import HTTPServing
import NIOHTTP1
import StorageModel

/// What a request asks of ``AdminService``.
enum AdminOperation: Hashable {
    case health
    case readiness
    case listPrincipals
    case addPrincipal(PrincipalName)
    case removePrincipal(PrincipalName)

    /// Reads the method and path of a request.
    ///
    /// - Throws: The problem to answer with: 400, 404 or 405.
    init(_ request: HTTPRequest) throws(ProblemDocument) {
        let path = request.target.prefix { $0 != "?" }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        switch segments {
        case ["-", "healthy"]:
            try Self.checkReading(request)
            self = .health
        case ["-", "ready"]:
            try Self.checkReading(request)
            self = .readiness
        case ["v1", "principals"]:
            try Self.checkReading(request)
            self = .listPrincipals
        case _ where segments.count == 3 && segments[0] == "v1" && segments[1] == "principals":
            let name = try Self.name(segments[2])
            switch request.method {
            case .PUT: self = .addPrincipal(name)
            case .DELETE: self = .removePrincipal(name)
            default: throw .methodNotAllowed(["PUT", "DELETE"])
            }
        default: throw .pathUnknown
        }
    }

    private static func checkReading(_ request: HTTPRequest) throws(ProblemDocument) {
        guard request.method == .GET || request.method == .HEAD else {
            throw .methodNotAllowed(["GET", "HEAD"])
        }
    }

    private static func name(_ segment: Substring) throws(ProblemDocument) -> PrincipalName {
        do {
            return try PrincipalName(String(segment))
        } catch {
            throw ProblemDocument(
                status: 400,
                code: "principal_name_invalid",
                detail:
                    "A principal's name is 1 to 64 letters, digits, dots, hyphens and underscores."
            )
        }
    }
}
