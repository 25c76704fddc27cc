/// Those who hold a lock, or wait for it, in the order of their arrival.
///
/// A lock is held by one who has it alone, or by any number who share it. Nobody overtakes: who comes to
/// share waits behind one who waits to have it alone.
struct LockQueue: Sendable {
    enum Mode: Hashable, Sendable {
        case alone
        case shared
    }

    private struct Place: Sendable {
        let ticket: Int
        let mode: Mode
    }

    private var places: [Place] = []
    /// How many of the first places hold the lock.
    private var holders = 0

    var isEmpty: Bool { places.isEmpty }

    /// Takes the last place.
    ///
    /// - Returns: Whether that holds the lock.
    mutating func enter(_ ticket: Int, _ mode: Mode) -> Bool {
        places.append(Place(ticket: ticket, mode: mode))
        return serve().last == ticket
    }

    /// Gives up a place, whether it held the lock or waited.
    ///
    /// - Returns: Who holds the lock now and did not before.
    mutating func leave(_ ticket: Int) -> [Int] {
        guard let index = places.firstIndex(where: { $0.ticket == ticket }) else { return [] }
        places.remove(at: index)
        if index < holders { holders -= 1 }
        return serve()
    }

    /// Gives the lock to the first who wait, as far as they can have it.
    private mutating func serve() -> [Int] {
        var served: [Int] = []
        while holders < places.count {
            let next = places[holders]
            // All holders share it if the first one does.
            guard holders == 0 || next.mode == .shared && places[0].mode == .shared else { break }
            holders += 1
            served.append(next.ticket)
        }
        return served
    }
}
