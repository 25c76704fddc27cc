import AdminService
import StorageModel
import Volumes

extension ForgettingError {
    /// One or two sentences for a person: why the volume is not forgotten, and what to do.
    var words: String {
        switch self {
        case .volumeUnknown(let missing) where missing.isEmpty:
            "No such volume belongs to this Nave, and none is missing."
        case .volumeUnknown(let missing):
            "No such volume belongs to this Nave. Missing are: "
                + missing.map(\.description).joined(separator: ", ")
        case .volumePresent(let directory):
            "It is the volume in \(directory). Start the server without that folder, then forget it."
        case .tooFewVolumes(let left, let copies):
            "\(left) \(left == 1 ? "volume" : "volumes") would be left for \(copies) copies. Start the "
                + "server with an empty folder in its place, or with fewer --copies, then forget it."
        case .volumeFailed(let directory):
            "The volume in \(directory) has failed and takes no note of it. Start the server with "
                + "an empty folder in its place, or without it, then forget the other."
        case .onlyCopies(let payloads, let objects):
            "It may have the only copies of \(payloads) "
                + "\(payloads == 1 ? "payload" : "payloads")\(Self.named(objects)). Delete these objects, or "
                + "write them again, as from a backup; then forget it."
        case .onlyWholeCopies(let places, let objects):
            "It may have the only whole copies of \(places) damaged "
                + "\(places == 1 ? "place" : "places")\(Self.named(objects)); see GET /v1/damage. Delete "
                + "these objects, or write them again, as from a backup, and scrub; then forget it."
        case .indexFailed: "The index cannot be asked which payloads there are."
        case .notWritten: "The volumes do not take it: their disks fail."
        case .closed: "The server is being stopped."
        }
    }

    private static func named(_ objects: [String]) -> String {
        objects.isEmpty ? "" : ", of \(objects.joined(separator: ", "))"
    }
}

extension ProblemDocument {
    /// The answer to whoever wanted a volume forgotten that is not.
    init(_ error: ForgettingError) {
        let (status, code) =
            switch error {
            case .volumeUnknown: (404, "volume_unknown")
            case .volumePresent: (409, "volume_present")
            case .tooFewVolumes: (409, "volumes_too_few")
            case .volumeFailed: (409, "volume_failed")
            case .onlyCopies, .onlyWholeCopies: (409, "volume_needed")
            case .indexFailed, .notWritten: (500, "internal_error")
            case .closed: (503, "stopping")
            }
        self.init(status: status, code: code, detail: error.words)
    }
}
