/// When a change is durable that was acknowledged.
public enum Durability: String, Hashable, Sendable {
    /// Before it is acknowledged: neither the end of the process nor a power loss takes it away.
    case strict
    /// With the next flush: the end of the process takes nothing away, a power loss what was
    /// acknowledged since the last flush.
    case relaxed
}
