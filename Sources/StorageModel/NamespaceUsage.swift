/// How much a namespace holds.
public struct NamespaceUsage: Hashable, Sendable {
    /// Objects that its keys show, those of its versions and drafts included.
    public let objects: Int64
    /// Their lengths together, in bytes.
    public let objectBytes: Int64
    /// States of keys that are stored: those that are shown and those that commits and forks still show,
    /// each once however many versions show it.
    public let keptObjects: Int64
    /// Their lengths together, in bytes.
    public let keptBytes: Int64

    /// Makes a usage of its parts.
    public init(objects: Int64, objectBytes: Int64, keptObjects: Int64, keptBytes: Int64) {
        self.objects = objects
        self.objectBytes = objectBytes
        self.keptObjects = keptObjects
        self.keptBytes = keptBytes
    }
}
