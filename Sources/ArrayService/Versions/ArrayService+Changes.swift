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
        let watch = store.watchEvents(in: namespace) { signals.continuation.yield() }
        guard let watch else { throw .version(.tooManyFollowers) }
        let begin = try asking { () throws(StoreError) -> Int64 in
            if let after = wanted.after { return after }
            return try store.newestEventNumber()
        }
        let mayWrite = AccessPolicy.decide(
            principal: caller.principal,
            action: .write,
            namespace: namespace
        )
        let mayFollow = rightToFollow(namespace, caller)
        let feed = ChangeFeed(
            store: store,
            namespace: namespace,
            prefix: wanted.prefix,
            drafts: mayWrite ? .told : .hidden
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
                        guard mayFollow() else { break }
                        try await feed.tell(after: &position, writer)
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
    /// Says at any time whether the caller may still follow a namespace: both may go, and the access change.
    private func rightToFollow(
        _ namespace: Namespace,
        _ caller: Caller
    ) -> @Sendable () -> Bool {
        let (store, principal) = (store, caller.principal)
        return {
            guard let now = store.namespace(namespace.name), now.line == namespace.line else {
                return false
            }
            let known = principal.flatMap { store.principal(accessKey: $0.accessKey) }
            return AccessPolicy.decide(principal: known, action: .list, namespace: now)
        }
    }
}

/// Tells the events of one namespace to one client.
private struct ChangeFeed: Sendable {
    /// Events that are read from the index at a time.
    private static let pageEvents = 256

    let store: ObjectStore
    let namespace: Namespace
    /// What the names of arrays begin with.
    let prefix: String
    /// Whether drafts are told of, which are for those alone who may write.
    let drafts: Drafts

    enum Drafts {
        case told
        case hidden
    }

    /// Says first whether events after the position are missing.
    func begin(_ position: inout Int64, _ writer: HTTPBodyWriter) async throws {
        let newest = try store.newestEventNumber()
        let oldest = try store.oldestEventNumber() ?? newest + 1
        // One that is ahead saw what a store has lost since, or another store.
        guard position < oldest - 1 || position > newest else { return }
        position = oldest - 1
        try await writer.write(ByteBuffer(string: ChangesDocument.reset(before: oldest)))
    }

    /// Tells all events after the position, or that there is none.
    func tell(after position: inout Int64, _ writer: HTTPBodyWriter) async throws {
        var isQuiet = true
        while true {
            let events = try store.events(in: namespace, after: position, limit: Self.pageEvents)
            var text = ""
            for event in events {
                position = event.number
                guard event.place.name.utf8.starts(with: prefix.utf8) else { continue }
                if drafts == .hidden, VersionName.isDraftTag(event.place.tag.utf8) { continue }
                text += ChangesDocument.text(event, in: namespace)
            }
            if !text.isEmpty {
                isQuiet = false
                try await writer.write(ByteBuffer(string: text))
            }
            guard events.count == Self.pageEvents else { break }
        }
        if isQuiet { try await writer.write(ByteBuffer(string: ChangesDocument.heartbeat)) }
    }
}
