import StorageModel

/// What creating a namespace did.
public enum NamespaceCreation: Hashable, Sendable {
    /// It was created.
    case created(Namespace)
    /// It existed and belongs to the same principal; nothing changed.
    case alreadyYours(Namespace)
}

/// What deleting a key did.
public enum DeleteOutcome: Hashable, Sendable {
    /// The object was deleted.
    case deleted
    /// The key held no object; nothing changed.
    case absent
    /// The key is one of a sealed version; nothing changed.
    case sealed(VersionName)
}

/// A part that completion relies on, as the client listed it.
public struct PartReference: Hashable, Sendable {
    /// The part's number.
    public let number: Int
    /// The entity tag that the client was given, without quotes.
    public let entityTag: String
    /// The checksum text that the client listed, if any; must equal that of the part.
    public let checksumText: String?

    /// Makes a reference of its parts.
    public init(number: Int, entityTag: String, checksumText: String? = nil) {
        self.number = number
        self.entityTag = entityTag
        self.checksumText = checksumText
    }
}
