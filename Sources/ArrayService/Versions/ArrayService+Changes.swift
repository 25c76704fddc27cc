import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel

/// What happens in a namespace, told as it happens.
extension ArrayService {
    /// Answers with the events of a namespace: those after the one that the client saw last, then what
    /// comes, until the client leaves or the server stops.
    func changes(
        _ wanted: ChangesRequest,
        _ caller: Caller
    ) throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(wanted.namespace, for: caller, .list)
        let headers: HTTPHeaders = [
            "Content-Type": "text/event-stream", "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        ]
        guard caller.request.method != .HEAD else {
            return HTTPResponse(status: .ok, headers: headers)
        }
        let signals = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let name = caller.principal?.name
        let watch = store.watchEvents(in: namespace, for: name) { signals.continuation.yield() }
        guard let watch else { throw .version(.tooManyFollowers) }
        let begin = try asking { () throws(StoreError) -> Int64 in
            if let after = wanted.after { return after }
            return try store.newestEventNumber()
        }
        let right = rightToFollow(namespace, caller)
        let feed = ChangeFeed(
            store: store,
            pages: eventPages,
            namespace: namespace,
            prefix: wanted.prefix
        )
        return HTTPResponse(
            status: .ok,
            headers: headers,
            body: .streamed(byteCount: nil) { writer in
                defer { withExtendedLifetime(watch) {} }
                writer.whenStopped { signals.continuation.finish() }
                signals.continuation.yield()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while true {
                            try await Task.sleep(for: ArrayServiceLimits.heartbeat)
                            signals.continuation.yield()
                        }
                    }
                    var position = begin
                    try await feed.begin(&position, writer)
                    for await _ in signals.stream {
                        guard let drafts = right() else { break }
                        try await feed.tell(after: &position, drafts, writer)
                        // What happens meanwhile is told together, however many follow.
                        try await Task.sleep(for: ArrayServiceLimits.changesInterval)
                    }
                    group.cancelAll()
                }
            }
        )
    }
}

extension ArrayService {
    /// Says at any time what the caller may be told of a namespace, nil if nothing: both may go, and the
    /// access change.
    private func rightToFollow(
        _ namespace: Namespace,
        _ caller: Caller
    ) -> @Sendable () -> ChangeFeed.Drafts? {
        let (store, principal) = (store, caller.principal)
        return {
            guard let now = store.namespace(namespace.name), now.line == namespace.line else {
                return nil
            }
            let known = principal.flatMap { store.principal(accessKey: $0.accessKey) }
            func may(_ action: AccessAction) -> Bool {
                AccessPolicy.decide(principal: known, action: action, namespace: now)
            }
            guard may(.list) else { return nil }
            return may(.write) ? .told : .hidden
        }
    }
}

/// Tells the events of one namespace to one client.
private struct ChangeFeed: Sendable {
    let store: ObjectStore
    let pages: EventPages
    let namespace: Namespace
    /// What the names of arrays begin with.
    let prefix: String

    /// Whether drafts are told of, which are for those alone who may write.
    enum Drafts {
        case told
        case hidden
    }

    /// Says where the stream begins, and whether events after the position are missing.
    func begin(_ position: inout Int64, _ writer: HTTPBodyWriter) async throws {
        let newest = try store.newestEventNumber()
        let lost = try store.lostEventNumber(in: namespace)
        // One that is ahead saw what a store has lost since, or another store.
        if position < lost || position > newest {
            position = lost
            try await writer.write(ByteBuffer(string: ChangesDocument.reset(before: lost + 1)))
        } else {
            try await writer.write(ByteBuffer(string: ChangesDocument.opening(at: position)))
        }
    }

    /// Tells all events after the position, or that there is none.
    func tell(
        after position: inout Int64,
        _ drafts: Drafts,
        _ writer: HTTPBodyWriter
    ) async throws {
        var isQuiet = true
        while true {
            let page = try pages.page(of: namespace, after: position, in: store)
            var text = ""
            for event in page.events {
                position = event.number
                guard event.name.utf8.starts(with: prefix.utf8) else { continue }
                if drafts == .hidden, event.isOfDraft { continue }
                text += event.text
            }
            if !text.isEmpty {
                isQuiet = false
                try await writer.write(ByteBuffer(string: text))
            }
            guard page.isFull else { break }
        }
        if isQuiet { try await writer.write(ByteBuffer(string: ChangesDocument.heartbeat)) }
    }
}
