import StorageModel

/// Reads and writes the documents of multipart uploads.
///
/// Source: Amazon S3 API Reference, CreateMultipartUpload, CompleteMultipartUpload, ListParts and
/// ListMultipartUploads.
public enum MultipartDocument {
    /// The answer to CreateMultipartUpload.
    public static func initiated(
        _ upload: UploadID,
        bucket: NamespaceName,
        key: ObjectKey
    ) -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("InitiateMultipartUploadResult")
        xml.element("Bucket", bucket.text)
        xml.element("Key", key.text)
        xml.element("UploadId", upload.text)
        xml.close("InitiateMultipartUploadResult")
        return xml.bytes
    }

    /// The answer to CompleteMultipartUpload.
    public static func completed(
        location: String,
        bucket: NamespaceName,
        key: ObjectKey,
        entityTag: String,
        checksum: ObjectChecksum?
    ) -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("CompleteMultipartUploadResult")
        xml.element("Location", location)
        xml.element("Bucket", bucket.text)
        xml.element("Key", key.text)
        xml.entityTag(entityTag)
        if let checksum { xml.checksum(checksum) }
        xml.close("CompleteMultipartUploadResult")
        return xml.bytes
    }

    /// The answer to ListParts.
    public static func parts(
        _ parts: [UploadedPart],
        of upload: MultipartUpload,
        bucket: Namespace,
        request: ListPartsRequest,
        isTruncated: Bool
    ) -> [UInt8] {
        var xml = XMLWriter(reservingBytes: 1024 + parts.count * 256)
        xml.openRoot("ListPartsResult")
        xml.element("Bucket", bucket.name.text)
        xml.element("Key", upload.key.text)
        xml.element("UploadId", upload.id.text)
        xml.element("PartNumberMarker", request.partMarker)
        xml.element("NextPartNumberMarker", parts.last?.number ?? 0)
        xml.element("MaxParts", request.partsMax)
        xml.element("IsTruncated", isTruncated)
        xml.open("Initiator")
        xml.element("ID", bucket.owner.text)
        xml.element("DisplayName", bucket.owner.text)
        xml.close("Initiator")
        xml.owner(bucket.owner)
        xml.append("<StorageClass>STANDARD</StorageClass>")
        xml.choice(upload.checksum)
        for part in parts {
            xml.open("Part")
            xml.element("PartNumber", part.number)
            xml.element("LastModified", HTTPDate.iso8601(part.modified))
            xml.entityTag(part.entityTag)
            xml.element("Size", part.sizeBytes)
            if let checksum = part.checksum {
                xml.element(checksum.algorithm.elementName, checksum.text)
            }
            xml.close("Part")
        }
        xml.close("ListPartsResult")
        return xml.bytes
    }

    /// The answer to ListMultipartUploads.
    public static func uploads(
        _ page: UploadPage,
        of bucket: Namespace,
        request: ListUploadsRequest
    ) -> [UInt8] {
        let encoding = request.encoding
        var xml = XMLWriter(reservingBytes: 1024 + page.uploads.count * 512)
        xml.openRoot("ListMultipartUploadsResult")
        xml.element("Bucket", bucket.name.text)
        xml.name("KeyMarker", request.query.keyMarker, encoding)
        xml.element("UploadIdMarker", request.query.uploadMarker?.text ?? "")
        if let next = page.next {
            xml.name("NextKeyMarker", next.key, encoding)
            xml.element("NextUploadIdMarker", next.upload?.text ?? "")
        }
        xml.name("Prefix", request.query.prefix, encoding)
        xml.bounds(
            delimiter: request.query.delimiter,
            max: ("MaxUploads", request.uploadsMax),
            encoding: encoding,
            isTruncated: page.next != nil
        )
        for upload in page.uploads {
            xml.open("Upload")
            xml.name("Key", upload.key.text, encoding)
            xml.element("UploadId", upload.id.text)
            xml.open("Initiator")
            xml.element("ID", bucket.owner.text)
            xml.element("DisplayName", bucket.owner.text)
            xml.close("Initiator")
            xml.owner(bucket.owner)
            xml.append("<StorageClass>STANDARD</StorageClass>")
            xml.element("Initiated", HTTPDate.iso8601(upload.initiated))
            xml.choice(upload.checksum)
            xml.close("Upload")
        }
        xml.commonPrefixes(page.commonPrefixes, encoding: encoding)
        xml.close("ListMultipartUploadsResult")
        return xml.bytes
    }

    /// Reads the document of CompleteMultipartUpload.
    ///
    /// - Throws: ``S3Error/malformedXML`` when it is not one, names no part, or names more than
    ///   10,000.
    public static func completion(_ bytes: [UInt8]) throws(S3Error) -> [ListedPart] {
        let root = try XMLReader.document(bytes, root: "CompleteMultipartUpload")
        let items = root.children.filter { $0.name == "Part" }
        guard UploadedPart.numbers.contains(items.count) else { throw .malformedXML }
        var parts: [ListedPart] = []
        parts.reserveCapacity(items.count)
        for item in items {
            guard let numberText = item.text(of: "PartNumber"), let number = Int32(numberText),
                let entityTag = item.text(of: "ETag")
            else { throw .malformedXML }
            var checksums: [ObjectChecksum] = []
            for algorithm in ChecksumAlgorithm.allCases {
                guard let text = item.text(of: algorithm.elementName.description) else { continue }
                checksums.append(
                    ObjectChecksum(algorithm: algorithm, scope: .fullObject, text: text)
                )
            }
            parts.append(
                ListedPart(
                    number: Int(number),
                    entityTag: EntityTagCondition.unquoted(entityTag),
                    checksums: checksums
                )
            )
        }
        return parts
    }
}

/// A part as the client lists it to complete an upload.
public struct ListedPart: Hashable, Sendable {
    /// The number the client gives; any number.
    public let number: Int
    /// Its entity tag, without quotes.
    public let entityTag: String
    /// The checksums the client states of it.
    public let checksums: [ObjectChecksum]
}

extension XMLReader {
    /// Parses a document and checks the name of its root.
    ///
    /// - Throws: ``S3Error/malformedXML`` or ``S3Error/maxMessageLengthExceeded(maxBytes:)``.
    static func document(_ bytes: [UInt8], root name: String) throws(S3Error) -> XMLElement {
        let root: XMLElement
        do {
            root = try parse(bytes)
        } catch {
            switch error {
            case .tooLong: throw .maxMessageLengthExceeded(maxBytes: documentBytesMax)
            case .tooComplex, .notWellFormed: throw .malformedXML
            }
        }
        guard root.name == name else { throw .malformedXML }
        return root
    }
}

extension XMLWriter {
    /// Writes a checksum and what it covers.
    mutating func checksum(_ checksum: ObjectChecksum) {
        element(checksum.algorithm.elementName, checksum.text)
        element("ChecksumType", checksum.scope.name)
    }

    /// Writes the checksum that an upload was begun with.
    mutating func choice(_ choice: UploadChecksum?) {
        guard let choice else { return }
        element("ChecksumAlgorithm", choice.algorithm.name)
        element("ChecksumType", choice.scope.name)
    }
}
