import HTTPServing
import NIOHTTP1

/// What a request asks of ``MaintenanceService``.
enum MaintenanceOperation: Hashable {
    case metrics
    case listDamage
    case beginBackup(target: String)
    case showBackup
    case forgetVolume(String)

    /// Whether a path, which may have a query, is one of the service's.
    static func owns(_ target: String) -> Bool {
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        return paths.contains { path.elementsEqual($0.utf8) } || path.starts(with: volumes.utf8)
    }

    /// What a volume's identifier follows.
    private static let volumes = "/v1/volumes/"

    private static let paths = ["/-/metrics", "/v1/damage", "/v1/backups"]

    /// Reads the method and path of a request.
    ///
    /// - Throws: The problem to answer with: 400, 404 or 405.
    init(_ request: HTTPRequest) throws(ProblemDocument) {
        let isReading = request.method == .GET || request.method == .HEAD
        switch String(request.target.prefix { $0 != "?" }) {
        case "/-/metrics":
            guard isReading else { throw .methodNotAllowed(["GET", "HEAD"]) }
            self = .metrics
        case "/v1/damage":
            guard isReading else { throw .methodNotAllowed(["GET", "HEAD"]) }
            self = .listDamage
        case "/v1/backups":
            if isReading {
                self = .showBackup
                return
            }
            guard request.method == .POST else { throw .methodNotAllowed(["GET", "HEAD", "POST"]) }
            self = .beginBackup(target: try Self.backupTarget(request.target))
        case let path where path.hasPrefix(Self.volumes):
            guard request.method == .DELETE else { throw .methodNotAllowed(["DELETE"]) }
            self = .forgetVolume(String(path.dropFirst(Self.volumes.count)))
        default: throw .pathUnknown
        }
    }

    private static func backupTarget(_ target: String) throws(ProblemDocument) -> String {
        let query = target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        for pair in query.split(separator: "&") {
            guard pair.hasPrefix("target=") else { continue }
            guard let path = decoded(pair.dropFirst("target=".count)), path.hasPrefix("/"),
                !path.utf8.contains(0)
            else { break }
            return path
        }
        throw ProblemDocument(
            status: 400,
            code: "backup_target_invalid",
            detail: "Name the folder of the backup as an absolute path: ?target=/path"
        )
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
