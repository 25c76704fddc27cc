import HTTPServing
import NIOHTTP1
import ObjectStorage
import Volumes

/// What `/-/ready` answers: whether the server takes requests, when what it
/// answers is durable, how each volume is, and on how many everything is.
public struct ReadinessReport: Hashable, Sendable {
    /// Whether the server takes requests.
    public let state: Readiness
    /// When a change is durable that was answered.
    public let durability: Durability
    /// Whether too little room is left for anything to be stored.
    public let isRoomLow: Bool
    /// Whether the index can be used.
    public let index: IndexCondition
    /// The volumes.
    public let volumes: [VolumeReport]
    /// On how many of them everything is.
    public let copies: CopiesReport

    /// Makes a report of its parts.
    public init(
        _ state: Readiness,
        durability: Durability = .strict,
        isRoomLow: Bool = false,
        index: IndexCondition = .usable,
        volumes: [VolumeReport] = [],
        copies: CopiesReport = CopiesReport()
    ) {
        self.state = state
        self.durability = durability
        self.isRoomLow = isRoomLow
        self.index = index
        self.volumes = volumes
        self.copies = copies
    }

    private struct Body: Encodable {
        struct Volume: Encodable {
            let volume: String
            let state: String
            let directory: String?
        }

        struct Copies: Encodable {
            let wanted: Int
            let log: Int
            let state: String
            let payloadsBelow: Int
            let payloadsChecked: Int?
            let payloadsToCheck: Int?
        }

        let state: String
        let durability: String
        let room: String
        let index: String
        let volumes: [Volume]
        let copies: Copies
    }

    private static func word(_ condition: VolumeReport.Condition) -> String {
        switch condition {
        case .current: "ok"
        case .behind: "behind"
        case .failing: "failing"
        case .failed: "failed"
        case .missing: "missing"
        }
    }

    /// The answer; where volumes lie is told on this machine alone, since anybody may ask.
    func response(to request: HTTPRequest) -> HTTPResponse {
        let body = Body(
            state: state.rawValue,
            durability: durability.rawValue,
            room: isRoomLow ? "low" : "enough",
            index: index.rawValue,
            volumes: volumes.map { volume in
                Body.Volume(
                    volume: volume.identifier,
                    state: Self.word(volume.condition),
                    directory: request.isLoopback ? volume.directory : nil
                )
            },
            copies: Body.Copies(
                wanted: copies.wanted,
                log: copies.ofLog,
                state: copies.state.rawValue,
                payloadsBelow: copies.payloadsBelow,
                payloadsChecked: copies.progress?.blobs,
                payloadsToCheck: copies.progress?.blobsInAll
            )
        )
        return .json(body, status: state == .ready ? .ok : .serviceUnavailable)
    }
}
