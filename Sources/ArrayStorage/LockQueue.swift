/// Those who hold a lock, or wait for it, in the order of their arrival.
///
/// A lock is held by one who has it alone, by any number who share it, or by those whose boxes of chunks have
/// none in common. Nobody overtakes one in whose way it is: who comes to share waits behind one who waits to have
/// it alone.
///
/// Invariant: `obstacles` of a place is the number of earlier places that exclude it.
struct LockQueue: Sendable {
    /// How a lock is held.
    enum Mode: Hashable, Sendable {
        case alone
        case shared
        case chunks(ChunkBox)

        /// Whether two cannot hold the lock together.
        func excludes(_ other: Mode) -> Bool {
            switch (self, other) {
            case (.shared, .shared): false
            case (.chunks(let box), .chunks(let otherBox)): box.intersects(otherBox)
            case (.alone, _), (_, .alone), (.shared, .chunks), (.chunks, .shared): true
            }
        }
    }

    private struct Place: Sendable {
        let ticket: Int
        let mode: Mode
        var obstacles: Int
    }

    private var places: [Place] = []

    var isEmpty: Bool { places.isEmpty }

    /// Takes the last place.
    ///
    /// - Returns: Whether that holds the lock.
    mutating func enter(_ ticket: Int, _ mode: Mode) -> Bool {
        let obstacles = places.count { $0.mode.excludes(mode) }
        places.append(Place(ticket: ticket, mode: mode, obstacles: obstacles))
        return obstacles == 0
    }

    /// Gives up a place, whether it held the lock or waited.
    ///
    /// - Returns: Who holds the lock now and did not before.
    mutating func leave(_ ticket: Int) -> [Int] {
        guard let index = places.firstIndex(where: { $0.ticket == ticket }) else { return [] }
        let left = places.remove(at: index)
        var served: [Int] = []
        for later in index..<places.count where left.mode.excludes(places[later].mode) {
            places[later].obstacles -= 1
            if places[later].obstacles == 0 { served.append(places[later].ticket) }
        }
        return served
    }
}
