/// One stored object: what a look-up returns.
public struct ObjectEntry: Hashable, Sendable {
    /// The number of the change that made it; grows by one per committed change.
    public let sequence: Int64
    /// The entity tag without quotes: 32 hexadecimal digits, followed by `-N` for N parts.
    public let entityTag: String
    /// When it was committed.
    public let modified: WallTime
    /// System headers and user metadata.
    public let attributes: ObjectAttributes
    /// Checksums kept with it.
    public let checksums: [ObjectChecksum]
    /// The parts it was completed from, in order; empty unless it was a multipart upload.
    public let parts: [CompletedPart]
    /// Its bytes.
    public let payload: Payload

    /// Makes an entry of its parts.
    public init(
        sequence: Int64,
        entityTag: String,
        modified: WallTime,
        attributes: ObjectAttributes,
        checksums: [ObjectChecksum],
        parts: [CompletedPart],
        payload: Payload
    ) {
        self.sequence = sequence
        self.entityTag = entityTag
        self.modified = modified
        self.attributes = attributes
        self.checksums = checksums
        self.parts = parts
        self.payload = payload
    }

    /// The object's length, in bytes.
    public var sizeBytes: Int64 { payload.lengthBytes }
}

/// One part of a completed multipart upload.
public struct CompletedPart: Hashable, Sendable {
    /// The part's number, 1 to 10,000.
    public let number: Int
    /// Its length, in bytes.
    public let sizeBytes: Int64
    /// The checksum it was uploaded with, if any.
    public let checksum: ObjectChecksum?

    /// Makes a part of its values.
    public init(number: Int, sizeBytes: Int64, checksum: ObjectChecksum?) {
        self.number = number
        self.sizeBytes = sizeBytes
        self.checksum = checksum
    }
}
