/// What a set of volumes is opened with.
public struct VolumeSetConfiguration: Sendable {
    /// What each volume is opened with.
    public var volume: VolumeConfiguration
    /// On how many volumes everything is kept; `nil` takes what was said last, or 1.
    public var copies: Int?
    /// When a batch is durable that was appended.
    public var durability: Durability
    /// How calls that concern several volumes are made.
    public var calls: VolumeCalls
    /// Takes what happens; called from any thread, and must not wait.
    public var onEvent: @Sendable (VolumeEvent) -> Void

    /// Makes a configuration.
    public init(
        volume: VolumeConfiguration,
        copies: Int? = nil,
        durability: Durability = .strict,
        calls: VolumeCalls = .together,
        onEvent: @escaping @Sendable (VolumeEvent) -> Void = { _ in }
    ) {
        self.volume = volume
        self.copies = copies
        self.durability = durability
        self.calls = calls
        self.onEvent = onEvent
    }
}

/// How calls that concern several volumes are made.
public enum VolumeCalls: Hashable, Sendable {
    /// At once, each on a thread of its own, so that flushes of several disks take the time of one.
    case together
    /// One after the other: the same order every time, so that a simulation can be replayed.
    case inTurn
}
