/// What must hold for a write to take place; decided by the committer, so one of many racers wins.
///
/// Source: Amazon S3 User Guide, "Conditional requests" (If-None-Match: * and If-Match on writes).
public enum WritePrecondition: Hashable, Sendable {
    /// The write always takes place.
    case none
    /// The key must hold no object (`If-None-Match: *`).
    case absent
    /// The key must hold an object with this entity tag, without quotes (`If-Match`).
    case entityTag(String)
    /// The key must hold an object (`If-Match: *`).
    case present
}
