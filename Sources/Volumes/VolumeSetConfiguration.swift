/// What a set of volumes is opened with.
public struct VolumeSetConfiguration: Sendable {
    /// What each volume is opened with.
    public var volume: VolumeConfiguration
    /// On how many volumes everything is kept; `nil` takes what was said last, or 1.
    public var copies: Int?
    /// Takes what happens; called from any thread, and must not wait.
    public var onEvent: @Sendable (VolumeEvent) -> Void

    /// Makes a configuration.
    public init(
        volume: VolumeConfiguration,
        copies: Int? = nil,
        onEvent: @escaping @Sendable (VolumeEvent) -> Void = { _ in }
    ) {
        self.volume = volume
        self.copies = copies
        self.onEvent = onEvent
    }
}
