import HTTPServing
import Logging
import Maintenance
import NIOCore
import NIOHTTP1
import StorageModel

/// What ``MaintenanceService`` shows and starts.
public struct MaintenanceSources: Sendable {
    /// The metrics of this moment; may wait for the disk.
    public var metrics: @Sendable () async -> [Metric]
    /// The damage that is known, in line with what is stored now; may wait for the disk.
    public var damage: @Sendable () async -> DamageList
    /// What became of the last backup; never waits.
    public var backup: @Sendable () -> BackupStatus
    /// Begins a backup into a folder; the problem to answer with if that cannot be.
    public var beginBackup: @Sendable (String) -> ProblemDocument?
    /// Why a backup was given up, in words for a person.
    public var words: @Sendable (MaintenanceError) -> String
    /// Forgets a missing volume, by its identifier; the problem to answer with if that cannot be.
    public var forgetVolume: @Sendable (String) async -> ProblemDocument?

    /// Makes sources of their parts.
    public init(
        metrics: @escaping @Sendable () async -> [Metric],
        damage: @escaping @Sendable () async -> DamageList,
        backup: @escaping @Sendable () -> BackupStatus,
        beginBackup: @escaping @Sendable (String) -> ProblemDocument?,
        words: @escaping @Sendable (MaintenanceError) -> String,
        forgetVolume: @escaping @Sendable (String) async -> ProblemDocument?
    ) {
        self.metrics = metrics
        self.damage = damage
        self.backup = backup
        self.beginBackup = beginBackup
        self.words = words
        self.forgetVolume = forgetVolume
    }
}

/// Answers `/-/metrics`, `/v1/damage`, `/v1/backups` and `/v1/volumes/…`.
///
/// All are for root alone. Metrics are also given, without keys, to whoever asks from this machine;
/// a request that a proxy passed on is not one. Backups are begun from this machine alone, since
/// they write where they are told to.
public struct MaintenanceService: HTTPResponder {
    private let sources: MaintenanceSources
    private let authenticator: RequestAuthenticator

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - sources: What it shows and starts.
    ///   - authenticator: Finds out who asks.
    public init(_ sources: MaintenanceSources, authenticator: RequestAuthenticator) {
        self.sources = sources
        self.authenticator = authenticator
    }

    /// Whether a request target belongs to this service.
    public static func owns(_ target: String) -> Bool { MaintenanceOperation.owns(target) }

    /// Answers a request for one of the service's paths; 404 for any other.
    public func answer(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(ProblemDocument) {
            switch try MaintenanceOperation(request) {
            case .metrics:
                if request.headers.contains(name: "authorization") || !request.isFromThisMachine {
                    try checkRoot(request)
                }
                return .later { _ in Self.text(await sources.metrics()) }
            case .listDamage:
                try checkRoot(request)
                return .later { [sources] _ in .json(DamageDocument(await sources.damage())) }
            case .showBackup:
                try checkRoot(request)
                return .now(.json(BackupDocument(sources.backup(), sources.words)))
            case .beginBackup(let target):
                try checkRoot(request)
                // Looks where the target lies, which may wait for its disk.
                return .later { [self] _ in
                    do throws(ProblemDocument) { return try begin(target, request) } catch {
                        return error.response(to: request)
                    }
                }
            case .forgetVolume(let identifier):
                try checkRoot(request)
                return .later { [sources] _ in
                    guard let problem = await sources.forgetVolume(identifier) else {
                        return HTTPResponse(status: .noContent)
                    }
                    return problem.response(to: request)
                }
            }
        } catch {
            return .now(error.response(to: request))
        }
    }

    private func checkRoot(_ request: HTTPRequest) throws(ProblemDocument) {
        guard let principal = try authenticator.authenticate(request).principal else {
            throw .unauthenticated(request)
        }
        guard principal.isRoot else { throw .forbidden }
    }

    private func begin(
        _ target: String,
        _ request: HTTPRequest
    ) throws(ProblemDocument) -> HTTPResponse {
        guard request.isFromThisMachine else {
            throw ProblemDocument(
                status: 403,
                code: "local_only",
                detail: "Backups are begun on the server's own machine: nave backup"
            )
        }
        if let problem = sources.beginBackup(target) { throw problem }
        return .json(BackupDocument(sources.backup(), sources.words), status: .accepted)
    }

    private static func text(_ metrics: [Metric]) -> HTTPResponse {
        HTTPResponse(
            status: .ok,
            headers: ["Content-Type": MetricsText.contentType, "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(string: MetricsText.text(metrics)))
        )
    }
}

extension HTTPRequest {
    /// Whether the client is on this machine, as far as can be told: what a proxy passed on comes
    /// from the proxy's machine, and proxies say so.
    fileprivate var isFromThisMachine: Bool {
        isLoopback
            && !["forwarded", "x-forwarded-for", "x-real-ip", "via"].contains {
                headers.contains(name: $0)
            }
    }
}

/// The list of damage as it is sent.
struct DamageDocument: Encodable {
    struct Item: Encodable {
        let found: Int64
        let seen: Int64
        let volume: String
        let path: String
        let offset: Int64?
        let kind: String
        let state: String
        let objects: [String]
        let moreObjects: Int
    }

    let foundCount: Int64
    let healedCount: Int64
    let damage: [Item]

    init(_ list: DamageList) {
        foundCount = list.foundCount
        healedCount = list.healedCount
        damage = list.items.map {
            Item(
                found: $0.found.milliseconds,
                seen: $0.seen.milliseconds,
                volume: $0.volume,
                path: $0.path,
                offset: $0.offset,
                kind: $0.kind,
                state: $0.state,
                objects: $0.objects.names,
                moreObjects: $0.objects.moreCount
            )
        }
    }
}

/// What became of a backup as it is sent.
struct BackupDocument: Encodable {
    let state: String
    let target: String
    let began: Int64?
    let ended: Int64?
    var stage: String?
    var items: Int64?
    var bytes: Int64?
    var totalBytes: Int64?
    var copiedBlobs: Int64?
    var copiedBytes: Int64?
    var removedFiles: Int64?
    var position: Int64?
    var damagedBlobs: Int64?
    var damage: [String]?
    var detail: String?

    init(_ status: BackupStatus, _ words: (MaintenanceError) -> String) {
        target = status.target
        began = status.began?.milliseconds
        ended = status.ended?.milliseconds
        switch status.state {
        case .none: state = "none"
        case .running(let progress):
            state = "running"
            stage = progress.stage.rawValue
            items = progress.items
            bytes = progress.bytes
            totalBytes = progress.totalBytes
        case .done(let report):
            state = "done"
            copiedBlobs = report.copiedBlobs
            copiedBytes = report.copiedLogBytes + report.copiedBlobBytes
            removedFiles = report.removedFiles
            position = report.manifest.position.bytes
            damagedBlobs = report.manifest.damagedPayloadCount
            damage = report.damage.prefix(100).map { "\($0.kind.rawValue) \($0.path)" }
        case .failed(let error):
            state = "failed"
            detail = words(error)
        }
    }
}
