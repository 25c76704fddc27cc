/// Whether the server takes requests; what `/-/ready` answers.
public enum Readiness: String, Hashable, Sendable {
    /// It reads and writes.
    case ready
    /// It is opening its data.
    case starting
    /// It finishes what is under way and takes nothing new.
    case stopping
    /// It reads, but a disk failed and it does not write.
    case readOnly = "read_only"
    /// The index cannot be used, and no disk takes a new one.
    case failed
}
