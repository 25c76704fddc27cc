import StorageModel

@testable import ObjectStorage

/// What the store must show, as a map from keys to contents; where an answer was lost, to several.
///
/// Requests are noted in the order in which the store decided them, each with its answer, which must
/// be one that a map gives.
struct Model {
    private var possible: [String: Set<Content?>] = [:]
    private var versions: [String: Int] = [:]
    /// The uploads that were begun and neither completed nor aborted.
    var uploads: [Request.OpenUpload] = []
    /// What the store did that it must not.
    private(set) var violations: [String] = []

    init(keys: [String]) {
        for key in keys { possible[key] = [nil] }
    }

    /// What may be found under a key.
    func contents(_ key: String) -> Set<Content?> { possible[key] ?? [nil] }

    /// The content of a key of which all is known.
    func known(_ key: String) -> Content? { contents(key).first ?? nil }

    /// How often a key has changed.
    func version(_ key: String) -> Int { versions[key] ?? 0 }

    mutating func violate(_ text: String) { violations.append(text) }

    /// A key was read after a restart: that is what it holds from now on.
    mutating func settle(_ key: String, _ content: Content?) {
        possible[key] = [content]
    }

    // MARK: - Answers

    /// Notes a request and its answer.
    ///
    /// - Parameters:
    ///   - request: What was asked.
    ///   - answer: What was answered.
    ///   - isExcused: Whether something goes wrong on the disk, so that a failure is no surprise.
    ///   - isLost: Whether nobody was left to hear a failure.
    /// - Returns: Whether the store takes further writes.
    mutating func note(
        _ request: Request,
        _ answer: Request.Answer,
        isExcused: Bool,
        isLost: Bool
    ) -> Bool {
        switch answer {
        case .success(let outcome):
            take(request, outcome)
            return true
        case .failure(.volumeFailed), .failure(.indexFailed):
            if !isExcused { violate("\(request) failed for no reason") }
            leaveOpen(request)
            return false
        case .failure(let error) where isLost:
            _ = error
            leaveOpen(request)
            return false
        case .failure(let error):
            if !refuse(request, error), !isExcused {
                violate("\(request) was answered \(error)")
            }
            return true
        }
    }

    private mutating func change(_ key: String, to content: Content?) {
        possible[key] = [content]
        versions[key, default: 0] += 1
    }

    private mutating func take(_ request: Request, _ outcome: Request.Outcome) {
        switch (request, outcome) {
        case (.put(let key, let content, let condition), _):
            if !mayHold(condition, key) { violate("\(request) took place") }
            change(key, to: content)
        case (.delete(let keys), _): for key in keys { change(key, to: nil) }
        case (.deleteIf(let key, let held), _):
            if !contents(key).contains(held.content) { violate("\(request) took place") }
            change(key, to: nil)
        case (.copy(_, let held, _, let target), _): change(target, to: held.content)
        case (.beginUpload, .upload(let upload)):
            uploads.append(Request.OpenUpload(upload: upload))
        case (.putPart(var open, let content), .part(let part)):
            open.part = part
            open.content = content
            uploads.append(open)
        case (.completeUpload(let open), _):
            guard let content = open.content else { return violate("\(request) took place") }
            change(open.key, to: content)
        case (.abortUpload, _), (.beginUpload, _), (.putPart, _): break
        }
    }

    private func mayHold(_ condition: Request.Condition, _ key: String) -> Bool {
        switch condition {
        case .none: true
        case .absent: contents(key).contains(nil)
        case .present: contents(key) != [nil]
        case .holds(let held): contents(key).contains(held.content)
        }
    }

    /// Notes a request that changed nothing; false if there was no reason to refuse it.
    private mutating func refuse(_ request: Request, _ error: StoreError) -> Bool {
        switch request {
        case .put(let key, _, let condition):
            return isRefused(condition, key, error)
        case .deleteIf(let key, let held):
            return isRefused(.holds(held), key, error)
        case .copy(_, let held, let source, _):
            return error == .objectReplaced && version(source) != held.version
        case .completeUpload(let open):
            uploads.append(open)
            return error == .partsEmpty && open.part == nil
        case .putPart(let open, _), .abortUpload(let open):
            uploads.append(open)
            return false
        case .delete, .beginUpload: return false
        }
    }

    private func isRefused(
        _ condition: Request.Condition,
        _ key: String,
        _ error: StoreError
    ) -> Bool {
        switch (condition, error) {
        case (.absent, .preconditionFailed): contents(key) != [nil]
        case (.present, .preconditionFailed), (.present, .objectMissing):
            contents(key).contains(nil)
        case (.holds(let held), .preconditionFailed): version(key) != held.version
        case (.holds, .objectMissing): contents(key).contains(nil)
        default: false
        }
    }

    /// Notes a request of which nobody knows whether it took place.
    private mutating func leaveOpen(_ request: Request) {
        switch request {
        case .put(let key, let content, _): allow(content, key)
        case .delete(let keys): for key in keys { allow(nil, key) }
        case .deleteIf(let key, _): allow(nil, key)
        case .copy(_, let held, _, let target): allow(held.content, target)
        case .completeUpload(let open): allow(open.content, open.key)
        case .beginUpload, .putPart, .abortUpload: break
        }
    }

    private mutating func allow(_ content: Content?, _ key: String) {
        possible[key, default: []].insert(content)
        versions[key, default: 0] += 1
    }
}
