import Synchronization

/// What a server has done so far.
public struct HTTPServerStatistics: Sendable, Hashable {
    /// Connections that are open now.
    public var connectionsOpen: Int
    /// Connections accepted since the start.
    public var connectionsAccepted: Int
    /// Requests whose answer has begun since the start, refusals included.
    public var requestsAnswered: Int
    /// Requests that the server refused itself since the start.
    public var requestsRefused: Int
}

/// The counters behind ``HTTPServerStatistics``, shared by all event loops.
final class ServerCounters: Sendable {
    private let open = Atomic<Int>(0)
    private let accepted = Atomic<Int>(0)
    private let answered = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    func connectionOpened() {
        open.add(1, ordering: .relaxed)
        accepted.add(1, ordering: .relaxed)
    }

    func connectionClosed() {
        open.subtract(1, ordering: .relaxed)
    }

    func requestAnswered() {
        answered.add(1, ordering: .relaxed)
    }

    func requestRefused() {
        refused.add(1, ordering: .relaxed)
    }

    var snapshot: HTTPServerStatistics {
        HTTPServerStatistics(
            connectionsOpen: open.load(ordering: .relaxed),
            connectionsAccepted: accepted.load(ordering: .relaxed),
            requestsAnswered: answered.load(ordering: .relaxed),
            requestsRefused: refused.load(ordering: .relaxed)
        )
    }
}
