/// The memory of writes under way: for their elements, and for what is known of their chunks.
///
/// Of both a part is kept for small writes, so that none waits behind large ones. Elements come first, then
/// locks, then what is known of chunks; whoever has all three waits for nobody, so nobody waits in a circle.
struct WriteMemory: Sendable {
    private let smallElements: ElementMemory
    private let largeElements: ElementMemory
    private let smallPlans: MemoryGate
    private let largePlans: MemoryGate
    private let smallRegionBytesMax: Int
    private let smallPlanBytesMax: Int

    init(_ limits: ArrayWriterLimits) {
        smallRegionBytesMax = limits.smallRegionBytesMax
        smallPlanBytesMax = limits.smallPlanBytesMax
        smallElements = ElementMemory(
            bytesMax: limits.smallRegionsBytesMax,
            waitingMax: limits.waitingMax
        )
        largeElements = ElementMemory(
            bytesMax: limits.regionsBytesMax - limits.smallRegionsBytesMax,
            waitingMax: limits.waitingMax
        )
        smallPlans = MemoryGate(bytesMax: limits.smallPlansBytesMax)
        largePlans = MemoryGate(bytesMax: limits.plansBytesMax - limits.smallPlansBytesMax)
    }

    /// An account for so many bytes of elements.
    func elements(bytes: Int) -> ElementMemory.Account {
        let memory = bytes <= smallRegionBytesMax ? smallElements : largeElements
        return memory.account(neededBytes: bytes)
    }

    /// The gate for what is known of chunks.
    func plans(bytes: Int) -> MemoryGate {
        bytes <= smallPlanBytesMax ? smallPlans : largePlans
    }
}

/// The memory of the elements of one write, which grows as they come; given back when the last reference
/// goes.
public final class RegionReservation: Sendable {
    /// How many bytes there are to be.
    public let bytes: Int
    private let account: ElementMemory.Account

    init(_ account: ElementMemory.Account, bytes: Int) {
        self.account = account
        self.bytes = bytes
    }

    /// Waits until there is memory for so many bytes, at most all.
    ///
    /// - Returns: For how many there is, which may be more.
    /// - Throws: ``ArrayWriteError/overloaded`` or ``ArrayReadError/cancelled``.
    public func grow(to bytes: Int) async throws(ArrayWriteError) -> Int {
        try await account.grow(to: bytes)
    }
}
