/// The name of a multipart upload, as clients send it back.
public struct UploadID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The text: 32 lower-case hexadecimal digits.
    public let text: String

    /// Takes any text; one that was never given out finds no upload.
    public init(_ text: String) {
        self.text = text
    }

    /// The text itself.
    public var description: String { text }

    /// Whether the left one comes first, compared by bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// The checksum that a multipart upload was begun with.
public struct UploadChecksum: Hashable, Sendable {
    /// The algorithm of every part and of the whole.
    public let algorithm: ChecksumAlgorithm
    /// What the final checksum covers.
    public let scope: ChecksumScope

    /// Makes a choice of its parts.
    public init(algorithm: ChecksumAlgorithm, scope: ChecksumScope) {
        self.algorithm = algorithm
        self.scope = scope
    }
}

/// A multipart upload in progress.
public struct MultipartUpload: Hashable, Sendable {
    /// Its name.
    public let id: UploadID
    /// The line of the namespace it was begun in; tells namespaces of one name apart.
    public let namespaceLine: LineID
    /// The key that completion will write.
    public let key: ObjectKey
    /// When it was begun.
    public let initiated: WallTime
    /// What the client said about the object to be.
    public let attributes: ObjectAttributes
    /// The checksum it was begun with, if any.
    public let checksum: UploadChecksum?

    /// Makes an upload of its parts.
    public init(
        id: UploadID,
        namespaceLine: LineID,
        key: ObjectKey,
        initiated: WallTime,
        attributes: ObjectAttributes,
        checksum: UploadChecksum?
    ) {
        self.id = id
        self.namespaceLine = namespaceLine
        self.key = key
        self.initiated = initiated
        self.attributes = attributes
        self.checksum = checksum
    }
}

/// A part that was uploaded and is not yet part of an object.
public struct UploadedPart: Hashable, Sendable {
    /// The part numbers that S3 allows.
    ///
    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
    public static let numbers = 1...10_000
    /// The least length of every part but the last, in bytes.
    ///
    /// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
    public static let sizeBytesMin: Int64 = 5_242_880

    /// Its number.
    public let number: Int
    /// Its entity tag without quotes: the MD5 of its bytes in hexadecimal.
    public let entityTag: String
    /// When it was committed.
    public let modified: WallTime
    /// The checksum it was uploaded with, if any.
    public let checksum: ObjectChecksum?
    /// Its bytes.
    public let payload: Payload

    /// Makes a part of its values.
    public init(
        number: Int,
        entityTag: String,
        modified: WallTime,
        checksum: ObjectChecksum?,
        payload: Payload
    ) {
        self.number = number
        self.entityTag = entityTag
        self.modified = modified
        self.checksum = checksum
        self.payload = payload
    }

    /// The part's length, in bytes.
    public var sizeBytes: Int64 { payload.lengthBytes }
}
