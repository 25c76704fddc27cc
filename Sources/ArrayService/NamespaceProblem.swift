import NIOHTTP1
import StorageModel

/// Why a namespace cannot be created or changed.
enum NamespaceProblem: Error, Hashable, Sendable {
    /// A name that breaks the rules for buckets.
    case nameInvalid(String)
    /// Somebody else has it.
    case taken(NamespaceName)
    /// The caller has it, with other access than is asked for.
    case exists(NamespaceName, access: NamespaceAccess)
    /// It holds objects.
    case notEmpty(NamespaceName)
}

extension NamespaceProblem {
    /// The problem that is reported.
    var problem: Problem {
        switch self {
        case .nameInvalid(let text):
            Problem(
                .badRequest,
                "namespace_name_invalid",
                "\"\(text)\" is no name of a namespace: 3 to 63 lower-case letters, digits, dots and"
                    + " hyphens, with a letter or digit at both ends, as for S3 buckets."
            )
        case .taken(let name):
            Problem(
                .conflict,
                "namespace_taken",
                "The namespace \(name) belongs to somebody else."
            )
        case .exists(let name, let access):
            Problem(
                .conflict,
                "namespace_exists",
                "The namespace \(name) is yours already, and \(access.word). PATCH changes that."
            ).adding("access", .string(access.word))
        case .notEmpty(let name):
            Problem(
                .conflict,
                "namespace_not_empty",
                "The namespace \(name) holds objects; delete them first."
            )
        }
    }
}

extension NamespaceAccess {
    /// The word for it in the API, which is that of S3's canned lists.
    var word: String {
        switch self {
        case .private: "private"
        case .publicRead: "public-read"
        }
    }

    /// Reads the word.
    init?(word: String) {
        switch word {
        case "private": self = .private
        case "public-read": self = .publicRead
        default: return nil
        }
    }
}
