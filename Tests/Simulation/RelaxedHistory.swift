/// The states that a store went through, one for each change that a client was told of.
///
/// A power loss may leave any of them that is not older than the last flush.
struct RelaxedHistory {
    /// What every key holds; a key without an object is not in it.
    typealias State = [String: Content]

    /// In order, the last one present.
    private(set) var states: [State]
    /// The first state that a power loss may leave.
    private(set) var floor = 0
    /// States that a change which was cut off may have led to.
    private(set) var unsure: [State] = []

    init(_ first: State) {
        states = [first]
    }

    var present: State { states[states.count - 1] }

    /// What a power loss may leave.
    var afterPowerLoss: [State] { states[floor...] + unsure }

    /// What the end of the process may leave.
    var afterProcessEnd: [State] { [present] + unsure }

    /// A change was acknowledged.
    mutating func acknowledge(_ contents: [(key: String, content: Content?)]) {
        states.append(Self.changed(present, contents))
    }

    /// A change was cut off: it took place or it did not, after those that were cut off before.
    mutating func leaveOpen(_ contents: [(key: String, content: Content?)]) {
        unsure += ([present] + unsure).map { Self.changed($0, contents) }
    }

    /// All that was acknowledged is flushed.
    mutating func flush() {
        floor = states.count - 1
    }

    private static func changed(
        _ state: State,
        _ contents: [(key: String, content: Content?)]
    ) -> State {
        var state = state
        for (key, content) in contents { state[key] = content }
        return state
    }
}
