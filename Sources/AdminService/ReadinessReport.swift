import HTTPServing
import NIOHTTP1
import ObjectStorage
import Volumes

/// What `/-/ready` answers: whether the server takes requests, when what it
/// answers is durable, and how each volume is.
public struct ReadinessReport: Hashable, Sendable {
    /// Whether the server takes requests.
    public let state: Readiness
    /// When a change is durable that was answered.
    public let durability: Durability
    /// Whether too little room is left for anything to be stored.
    public let isRoomLow: Bool
    /// The volumes.
    public let volumes: [VolumeReport]

    /// Makes a report of its parts.
    public init(
        _ state: Readiness,
        durability: Durability = .strict,
        isRoomLow: Bool = false,
        volumes: [VolumeReport] = []
    ) {
        self.state = state
        self.durability = durability
        self.isRoomLow = isRoomLow
        self.volumes = volumes
    }

    private struct Body: Encodable {
        struct Volume: Encodable {
            let volume: String
            let state: String
            let directory: String?
        }

        let state: String
        let durability: String
        let room: String
        let volumes: [Volume]
    }

    private static func word(_ condition: VolumeReport.Condition) -> String {
        switch condition {
        case .current: "ok"
        case .behind: "behind"
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
            volumes: volumes.map { volume in
                Body.Volume(
                    volume: volume.identifier,
                    state: Self.word(volume.condition),
                    directory: request.isLoopback ? volume.directory : nil
                )
            }
        )
        return .json(body, status: state == .ready ? .ok : .serviceUnavailable)
    }
}
