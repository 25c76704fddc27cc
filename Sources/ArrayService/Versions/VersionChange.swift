import ArrayModel
import StorageModel

/// What is to become of a version that stays.
enum VersionChange: Hashable, Sendable {
    /// It is committed, with a message, and immutable from then on.
    case seal(message: String)
    /// It takes writes again.
    case unseal
    /// It gets another tag.
    case retag(String)
    /// So many of its newest commits are kept; nil for all.
    case retain(Int?)

    /// The members that a body may have.
    static let members = ["sealed", "message", "tag", "retained_commits"]

    /// Reads a body, which asks for one of them.
    ///
    /// - Throws: ``ArrayServiceError/body(_:)``, ``ArrayServiceError/version(_:)``.
    init(_ body: JSONBody?) throws(ArrayServiceError) {
        let asked = ["sealed", "tag", "retained_commits"].filter { body?[$0] != nil }
        guard let body, asked.count == 1, let name = asked.first, let value = body[name] else {
            throw .version(.oneChangeNeeded(allowed: ["sealed", "tag", "retained_commits"]))
        }
        switch name {
        case "sealed":
            guard let isSealed = value.bool else {
                throw .body(.memberInvalid("sealed", expected: "true or false"))
            }
            self = isSealed ? .seal(message: try body.message()) : .unseal
        case "tag":
            guard let tag = value.string else {
                throw .body(.memberInvalid("tag", expected: "a text"))
            }
            self = .retag(tag)
        default:
            guard value != .null else {
                self = .retain(nil)
                return
            }
            guard let commits = value.integer, commits >= 1 else {
                throw .body(
                    .memberInvalid("retained_commits", expected: "a number from 1 on, or null")
                )
            }
            self = .retain(commits)
        }
    }
}

extension JSONBody {
    /// The message of a commit; empty if there is none.
    func message() throws(ArrayServiceError) -> String {
        guard let value = self["message"] else { return "" }
        guard let message = value.string, message.utf8.count <= Manifest.messageBytesMax else {
            throw .body(
                .memberInvalid(
                    "message",
                    expected: "a text of at most \(Manifest.messageBytesMax) bytes"
                )
            )
        }
        return message
    }
}
