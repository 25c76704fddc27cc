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
    ///   - sources: What is shown of the server itself.
    ///   - logger: Where they write.
    init(
        store: ObjectStore,
        decoding: BlockingPool,
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
        arrays = ArrayService(
            store: store,
            catalog: ArrayCatalog(store: store),
            reader: ArrayReader(store: store, pool: decoding, limits: arrayLimits),
            authenticator: authenticator,
            logger: logger
        )
        administration = AdminService(
            principals: store,
            authenticator: authenticator,
            readiness: {
                ReadinessReport(
                    store.isWritable ? .ready : .readOnly,
                    volumes: store.volumeConditions
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
        if MaintenanceService.owns(request.target) { return maintenance.answer(request) }
        let path = request.target.utf8
        if path.starts(with: "/v1/principals".utf8) || path.starts(with: "/-/".utf8) {
            return administration.answer(request)
        }
        if path.starts(with: "/v1/".utf8) || path.elementsEqual("/v1".utf8) {
            return arrays.answer(request)
        }
        return objects.answer(request)
    }
}
