/// On how many volumes everything is, as far as is known.
public struct CopiesReport: Hashable, Sendable {
    /// How it stands with the copies of payloads.
    public enum State: String, Hashable, Sendable {
        /// Every payload has as many as wanted.
        case complete
        /// Those that are wanting are being made.
        case copying
        /// Some are wanting, and no volume is there that could take them, or they could not be made.
        case wanting
    }

    /// On how many volumes everything is to be kept.
    public var wanted: Int
    /// How many volumes hold the whole log and take writes.
    public var ofLog: Int
    /// How it stands with payloads.
    public var state: State
    /// Payloads in blobs that may be on fewer volumes than wanted.
    public var payloadsBelow: Int
    /// How far copying has come, while it goes on.
    public var progress: RepairProgress?
    /// Copies of payloads that were made since the start.
    public var copied: Int

    /// Makes a report of its values.
    public init(
        wanted: Int = 1,
        ofLog: Int = 1,
        state: State = .complete,
        payloadsBelow: Int = 0,
        progress: RepairProgress? = nil,
        copied: Int = 0
    ) {
        self.wanted = wanted
        self.ofLog = ofLog
        self.state = state
        self.payloadsBelow = payloadsBelow
        self.progress = progress
        self.copied = copied
    }
}
