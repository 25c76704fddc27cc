/// On whose time a store does what nobody waits for.
package enum StoreScheduling: Hashable, Sendable {
    /// On threads of its own, as soon as there is something to do.
    case threads
    /// When it is asked to, on the caller's thread, and one volume after the other: the same order
    /// every time, so that a simulation can be replayed.
    case inTurn
}

extension ObjectStore {
    /// Removes what waits to be removed, for a store that works in turn.
    package func removeInTurn() { upkeep.runUntilIdle() }

    /// Brings volumes up to date once if they need it, for a store that works in turn.
    package func repairInTurn() { repair.runOnce() }
}
