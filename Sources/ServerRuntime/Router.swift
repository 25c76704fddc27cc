import AdminService
import ArrayService
import ArrayStorage
import DiskIO
import HTTPServing
import Logging
import ObjectStorage
import S3Service

/// Sends each request to the service its path belongs to; everything that is not Nave's own is S3.
///
/// None of Nave's own paths can be a bucket: S3 names have at least three characters and begin with
/// a letter or digit.
struct Router: HTTPResponder {
    private let objects: S3Service
    private let arrays: ArrayService
    private let administration: AdminService
    private let maintenance: MaintenanceService

    /// Makes the services.
    ///
    /// - Parameters:
    ///   - store: What they serve.
    ///   - decoding: The threads for decoding chunks and for statistics, one per core.
    ///   - summaries: Says in which file statistics of chunks are kept.
    ///   - sources: What is shown of the server itself.
    ///   - logger: Where they write.
    init(
        store: ObjectStore,
        decoding: BlockingPool,
        summaries: @escaping @Sendable () -> String,
        sources: MaintenanceSources,
        logger: Logger
    ) {
        var arrayLimits = ArrayReaderLimits()
        arrayLimits.parallelism = decoding.threadCount
        let authenticator = RequestAuthenticator(
            principalFor: { store.principal(accessKey: $0) },
            now: SystemClock.now
        )
        objects = S3Service(store: store, clock: SystemClock.now, logger: logger)
        let catalog = ArrayCatalog(store: store)
        arrays = ArrayService(
            store: store,
            catalog: catalog,
            reader: ArrayReader(
                store: store,
                pool: decoding,
                limits: arrayLimits,
                summaries: summaries
            ),
            writer: ArrayWriter(
                store: store,
                catalog: catalog,
                pool: decoding,
                readerLimits: arrayLimits
            ),
            authenticator: authenticator,
            logger: logger
        )
        administration = AdminService(
            principals: store,
            authenticator: authenticator,
            readiness: {
                ReadinessReport(
                    Readiness(of: store),
                    durability: store.durability,
                    isRoomLow: store.isRoomLow,
                    index: store.indexCondition,
                    volumes: store.volumeConditions,
                    copies: store.copies
                )
            },
            logger: logger
        )
        maintenance = MaintenanceService(sources, authenticator: authenticator)
    }

    /// The answer to a request that is no request: S3's shape, which is what most clients read.
    func refusal(_ error: HTTPProtocolError) -> HTTPResponse {
        objects.refusal(error)
    }

    func answer(_ request: HTTPRequest) -> HTTPAnswer {
        switch Service(target: request.target) {
        case .objects: objects.answer(request)
        case .arrays:
            MaintenanceService.owns(request.target)
                ? maintenance.answer(request) : arrays.answer(request)
        case .administration:
            MaintenanceService.owns(request.target)
                ? maintenance.answer(request) : administration.answer(request)
        }
    }
}

extension Readiness {
    /// Whether a store takes requests.
    fileprivate init(of store: ObjectStore) {
        self =
            switch store.indexCondition {
            case .usable: store.isWritable ? .ready : .readOnly
            case .beingMade: .starting
            case .failed: .failed
            }
    }
}

/// The services that share the paths.
private enum Service {
    case objects
    case arrays
    case administration

    init(target: String) {
        var target = target
        self = target.withUTF8 { bytes in
            // Most paths differ from all of ours in their second byte.
            if Self.begins(bytes, "/v1/principals") || Self.begins(bytes, "/-/") {
                return .administration
            }
            if Self.begins(bytes, "/v1/") || (bytes.count == 3 && Self.begins(bytes, "/v1")) {
                return .arrays
            }
            return .objects
        }
    }

    private static func begins(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ path: StaticString
    ) -> Bool {
        guard bytes.count >= path.utf8CodeUnitCount else { return false }
        for index in 0..<path.utf8CodeUnitCount where bytes[index] != path.utf8Start[index] {
            return false
        }
        return true
    }
}
