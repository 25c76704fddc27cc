import StorageModel

/// Reads and writes the documents of DeleteObjects.
///
/// Source: Amazon S3 API Reference, DeleteObjects.
public struct DeletionDocument: Hashable, Sendable {
    /// The most keys that one request may name.
    public static let keysMax = 1000

    /// The keys as the client wrote them; each is checked, and fails, on its own.
    public let items: [Item]
    /// Whether the answer lists only what failed.
    public let isQuiet: Bool

    /// One key to delete.
    public struct Item: Hashable, Sendable {
        /// The key's text.
        public let key: String
        /// The version asked for, if any.
        public let version: String?
        /// The entity tag that the object must have, without quotes, if any.
        public let entityTag: String?
    }

    /// Reads a request's document.
    ///
    /// - Throws: ``S3Error/malformedXML`` when it is not one, names no key, or more than
    ///   ``keysMax``.
    public init(_ bytes: [UInt8]) throws(S3Error) {
        let root = try XMLReader.document(bytes, root: "Delete")
        let objects = root.children.filter { $0.name == "Object" }
        guard (1...Self.keysMax).contains(objects.count) else { throw .malformedXML }
        var items: [Item] = []
        items.reserveCapacity(objects.count)
        for object in objects {
            // White space belongs to a key.
            guard let key = object.child("Key")?.text, !key.isEmpty else { throw .malformedXML }
            if object.child("LastModifiedTime") != nil || object.child("Size") != nil {
                throw .notImplemented(feature: "deleting by modification time or size")
            }
            items.append(
                Item(
                    key: key,
                    version: object.text(of: "VersionId").flatMap { $0.isEmpty ? nil : $0 },
                    entityTag: object.text(of: "ETag").map(EntityTagCondition.unquoted)
                )
            )
        }
        self.items = items
        isQuiet = root.text(of: "Quiet")?.lowercased() == "true"
    }

    /// Writes the answer.
    ///
    /// - Parameter outcomes: For each item, in order, the error that kept it from being deleted.
    /// - Returns: The document.
    public func answer(_ outcomes: [S3Error?]) -> [UInt8] {
        var xml = XMLWriter(reservingBytes: 256 + items.count * 96)
        xml.openRoot("DeleteResult")
        for (item, error) in zip(items, outcomes) {
            if let error {
                xml.open("Error")
                xml.element("Key", item.key)
                xml.element("VersionId", ifPresent: item.version)
                xml.element("Code", error.code)
                xml.element("Message", S3Error.printable(error.message))
                xml.close("Error")
            } else if !isQuiet {
                xml.open("Deleted")
                xml.element("Key", item.key)
                xml.element("VersionId", ifPresent: item.version)
                xml.close("Deleted")
            }
        }
        xml.close("DeleteResult")
        return xml.bytes
    }
}

/// Reads the document of CreateBucket.
///
/// Source: Amazon S3 API Reference, CreateBucket.
public enum BucketConfigurationDocument {
    /// Checks a document; there is one place here, so any location is as good as another.
    ///
    /// - Throws: ``S3Error/malformedXML``.
    public static func check(_ bytes: [UInt8]) throws(S3Error) {
        guard !bytes.isEmpty else { return }
        _ = try XMLReader.document(bytes, root: "CreateBucketConfiguration")
    }
}
