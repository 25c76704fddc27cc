/// Work that waits for a thread, in turns that keep a client with much of it from holding up others, and
/// what takes long from holding up what is short.
///
/// Clients take turns, one piece of work each. Of the work of one client, half of the turns are for the
/// lowest level, which is that of whoever has been served least, a quarter for the next, and so on; a turn
/// of a level that has nothing goes to the lowest one that has. So a short request waits for a piece or
/// two of longer ones however many they are, and the longest ones still get their share. Within a level
/// work runs in the order in which it came.
///
/// Invariants: a client is in `clients` once exactly while it has a lane, and a lane is never empty.
struct TurnQueue<Work> {
    /// How many levels there are.
    static var levelCount: Int { 4 }

    /// The work of one client.
    private struct Lane {
        private var levels: [ArrivalQueue<Work>] = Array(
            repeating: ArrivalQueue(),
            count: TurnQueue.levelCount
        )
        private var turns = 0

        var isEmpty: Bool { levels.allSatisfy(\.isEmpty) }

        mutating func append(_ work: Work, level: Int) {
            levels[level].append(work)
        }

        mutating func next() -> Work? {
            turns &+= 1
            let turn = min(turns.trailingZeroBitCount, levels.count - 1)
            if let work = levels[turn].popFirst() { return work }
            guard let level = levels.firstIndex(where: { !$0.isEmpty }) else { return nil }
            return levels[level].popFirst()
        }
    }

    private var lanes: [String?: Lane] = [:]
    /// The clients that have work, the next one first.
    private var clients = ArrivalQueue<String?>()

    /// Makes a queue without work.
    init() {}

    /// Puts work behind what the client has on the same level.
    ///
    /// - Parameters:
    ///   - work: The work.
    ///   - client: Whose work it is; nil for nobody's in particular.
    ///   - level: 0 for those who have been served least, below ``levelCount``.
    mutating func append(_ work: Work, client: String?, level: Int) {
        precondition((0..<Self.levelCount).contains(level), "a level is one of the levels")
        if lanes[client] == nil { clients.append(client) }
        lanes[client, default: Lane()].append(work, level: level)
    }

    /// Takes the work whose turn it is, if there is any.
    mutating func next() -> Work? {
        guard let client = clients.popFirst(), var lane = lanes.removeValue(forKey: client) else {
            return nil
        }
        let work = lane.next()
        if !lane.isEmpty {
            lanes[client] = lane
            clients.append(client)
        }
        return work
    }
}
