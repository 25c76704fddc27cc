import StorageFormats
import StorageModel
import Volumes

/// Objects to be written and keys to be deleted by one change: all of it takes place, or nothing.
///
/// Invariant: no key is written or deleted twice; a condition may be on any key.
public struct WriteBatch: Sendable {
    /// An object that a key is to get.
    public struct Put: Sendable {
        /// The key in the namespace.
        public let key: ObjectKey
        /// The object's bytes.
        public let payload: StagedPayload
        /// The entity tag without quotes.
        public let entityTag: String
        /// System headers and user metadata.
        public let attributes: ObjectAttributes
        /// What the key must hold before.
        public let expectation: KeyExpectation

        /// Makes a put of its parts.
        public init(
            key: ObjectKey,
            payload: StagedPayload,
            entityTag: String,
            attributes: ObjectAttributes = ObjectAttributes(),
            expectation: KeyExpectation
        ) {
            self.key = key
            self.payload = payload
            self.entityTag = entityTag
            self.attributes = attributes
            self.expectation = expectation
        }
    }

    /// What a key must hold that need not be written.
    public struct Condition: Hashable, Sendable {
        /// The key in the namespace.
        public let key: ObjectKey
        /// What it must hold.
        public let expectation: KeyExpectation

        /// Makes a condition of its parts.
        public init(key: ObjectKey, expectation: KeyExpectation) {
            self.key = key
            self.expectation = expectation
        }
    }

    /// The objects.
    public var puts: [Put] = []
    /// Keys that lose their objects; one that holds none is no error.
    public var deletions: [ObjectKey] = []
    /// What must hold for any of it to take place.
    public var conditions: [Condition] = []

    /// Makes an empty batch.
    public init() {}

    /// A key that is written or deleted twice, which no batch may.
    var repeatedKey: ObjectKey? {
        guard puts.count + deletions.count > 1 else { return nil }
        var seen = Set<ObjectKey>(minimumCapacity: puts.count + deletions.count)
        return puts.lazy.map(\.key).first { !seen.insert($0).inserted }
            ?? deletions.first { !seen.insert($0).inserted }
    }
}

/// A batch as the committer decides it.
struct BatchProposal: Sendable {
    /// An object that a key is to get.
    struct Put: Sendable {
        let key: ObjectKey
        let entry: NewEntry
        /// What the bytes say if the key names a metadata file.
        let fact: CatalogFact?
        let expectation: KeyExpectation
    }

    let namespace: Namespace
    let puts: [Put]
    let deletions: [ObjectKey]
    let conditions: [WriteBatch.Condition]
    /// What `PayloadRun.recordedPart` in the entries stands for parts of.
    let payload: LogPayload
}
