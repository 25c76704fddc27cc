import StorageModel

@testable import ObjectStorage

/// What a writer asks of the store, drawn when nothing else was under way.
enum Request: Sendable {
    case put(String, Content, Condition)
    case delete([String])
    case deleteIf(String, Held)
    /// A copy of an object as it was looked up.
    case copy(ObjectEntry, Held, from: String, to: String)
    case beginUpload(String)
    case putPart(OpenUpload, Content)
    case completeUpload(OpenUpload)
    case abortUpload(OpenUpload)

    /// What a put demands of its key.
    enum Condition: Sendable {
        case none
        case absent
        case present
        case holds(Held)
    }

    /// An object as it was seen: its entity tag, its content, and how often its key had changed.
    struct Held: Sendable {
        let tag: String
        let content: Content
        let version: Int
    }

    /// An upload in progress and its one part, if it has that.
    struct OpenUpload: Sendable {
        let upload: MultipartUpload
        var part: PartReference?
        var content: Content?

        var key: String { upload.key.text }
    }

    /// What a request that was not refused gave.
    enum Outcome: Sendable {
        case done
        case upload(MultipartUpload)
        case part(PartReference)
    }

    typealias Answer = Result<Outcome, StoreError>

    /// The bytes that are sent along.
    var content: Content? {
        switch self {
        case .put(_, let content, _), .putPart(_, let content): content
        case .delete, .deleteIf, .copy, .beginUpload, .completeUpload, .abortUpload: nil
        }
    }
}

extension Request: CustomStringConvertible {
    var description: String {
        switch self {
        case .put(let key, let content, .none): "put \(key) \(content)"
        case .put(let key, let content, .absent): "put \(key) \(content) if absent"
        case .put(let key, let content, .present): "put \(key) \(content) if present"
        case .put(let key, let content, .holds(let held)):
            "put \(key) \(content) if \(held.content)"
        case .delete(let keys): "delete \(keys)"
        case .deleteIf(let key, let held): "delete \(key) if \(held.content)"
        case .copy(_, let held, let source, let target):
            "copy \(source) \(held.content) to \(target)"
        case .beginUpload(let key): "begin upload \(key)"
        case .putPart(let upload, let content): "part \(upload.key) \(content)"
        case .completeUpload(let upload): "complete upload \(upload.key)"
        case .abortUpload(let upload): "abort upload \(upload.key)"
        }
    }
}
