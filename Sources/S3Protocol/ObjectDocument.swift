import StorageModel

/// Writes the documents about one object, or one bucket without more to say.
///
/// Source: Amazon S3 API Reference, CopyObject, UploadPartCopy, GetObjectAttributes,
/// GetObjectTagging, GetBucketLocation, GetBucketRequestPayment.
public enum ObjectDocument {
    /// The answer to CopyObject.
    public static func copied(_ entry: ObjectEntry) -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("CopyObjectResult")
        xml.element("LastModified", HTTPDate.iso8601(entry.modified))
        xml.entityTag(entry.entityTag)
        if let checksum = entry.checksums.first { xml.checksum(checksum) }
        xml.close("CopyObjectResult")
        return xml.bytes
    }

    /// The answer to UploadPartCopy.
    public static func copied(_ part: UploadedPart) -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("CopyPartResult")
        xml.element("LastModified", HTTPDate.iso8601(part.modified))
        xml.entityTag(part.entityTag)
        if let checksum = part.checksum {
            xml.element(checksum.algorithm.elementName, checksum.text)
        }
        xml.close("CopyPartResult")
        return xml.bytes
    }

    /// The answer to GetObjectAttributes.
    public static func attributes(_ entry: ObjectEntry, request: AttributesRequest) -> [UInt8] {
        let wanted = request.attributes
        var xml = XMLWriter()
        xml.openRoot("GetObjectAttributesResponse")
        // Alone among the documents, this one has the tag without quotes.
        if wanted.contains(.entityTag) { xml.element("ETag", entry.entityTag) }
        if wanted.contains(.checksum), let checksum = entry.checksums.first {
            xml.open("Checksum")
            xml.checksum(checksum)
            xml.close("Checksum")
        }
        if wanted.contains(.parts), !entry.parts.isEmpty { parts(of: entry, request, into: &xml) }
        if wanted.contains(.storageClass) { xml.element("StorageClass", "STANDARD") }
        if wanted.contains(.size) { xml.element("ObjectSize", entry.sizeBytes) }
        xml.close("GetObjectAttributesResponse")
        return xml.bytes
    }

    private static func parts(
        of entry: ObjectEntry,
        _ request: AttributesRequest,
        into xml: inout XMLWriter
    ) {
        xml.open("ObjectParts")
        xml.element("PartsCount", entry.parts.count)
        // S3 lists the parts only where each has a checksum that the composite is made of.
        let later = entry.parts.filter { $0.number > request.partMarker }
        let page = later.prefix(request.partsMax)
        xml.element("PartNumberMarker", request.partMarker)
        xml.element("NextPartNumberMarker", page.last?.number ?? 0)
        xml.element("MaxParts", request.partsMax)
        xml.element("IsTruncated", page.count < later.count)
        for part in page {
            xml.open("Part")
            xml.element("PartNumber", part.number)
            xml.element("Size", part.sizeBytes)
            if let checksum = part.checksum {
                xml.element(checksum.algorithm.elementName, checksum.text)
            }
            xml.close("Part")
        }
        xml.close("ObjectParts")
    }

    /// The answer to GetObjectTagging: no tags.
    public static func noTags() -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("Tagging")
        xml.append("<TagSet></TagSet>")
        xml.close("Tagging")
        return xml.bytes
    }

    /// The answer to GetBucketLocation: the empty constraint, which means us-east-1.
    public static func location() -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("LocationConstraint")
        xml.close("LocationConstraint")
        return xml.bytes
    }

    /// The answer to a read of a bucket's feature that was never configured.
    ///
    /// - Throws: ``S3Error/notConfigured(_:)`` where S3 answers so.
    public static func feature(_ feature: BucketFeature) throws(S3Error) -> [UInt8] {
        var xml = XMLWriter()
        switch feature.answerWhenAbsent {
        case .emptyDocument(let root):
            xml.openRoot(root)
            xml.close(root)
        case .payerIsOwner:
            xml.openRoot("RequestPaymentConfiguration")
            xml.element("Payer", "BucketOwner")
            xml.close("RequestPaymentConfiguration")
        case .missing: throw .notConfigured(feature)
        }
        return xml.bytes
    }
}
