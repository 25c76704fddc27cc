import StorageModel

/// Writes the answers to ListBuckets, ListObjects, ListObjectsV2 and ListObjectVersions.
///
/// Source: Amazon S3 API Reference, the response syntax of each.
public enum ListingDocument {
    /// Room for one line of a listing, with a key of usual length.
    private static let lineBytes = 320

    /// The answer to ListBuckets.
    ///
    /// - Parameters:
    ///   - buckets: The buckets of this page.
    ///   - owner: Who asks.
    ///   - request: What was asked.
    ///   - next: The name after which the next page begins, if more follow.
    /// - Returns: The document.
    public static func buckets(
        _ buckets: [Namespace],
        owner: PrincipalName,
        request: ListBucketsRequest,
        next: String?
    ) -> [UInt8] {
        var xml = XMLWriter(reservingBytes: 512 + buckets.count * 128)
        xml.openRoot("ListAllMyBucketsResult")
        xml.owner(owner)
        xml.open("Buckets")
        for bucket in buckets {
            xml.open("Bucket")
            xml.element("Name", bucket.name.text)
            xml.element("CreationDate", HTTPDate.iso8601(bucket.created))
            xml.close("Bucket")
        }
        xml.close("Buckets")
        if !request.prefix.isEmpty { xml.element("Prefix", request.prefix) }
        xml.element("ContinuationToken", ifPresent: next.map(ContinuationToken.after))
        xml.close("ListAllMyBucketsResult")
        return xml.bytes
    }

    /// The answer to ListObjects or ListObjectsV2.
    public static func objects(
        _ page: ListPage,
        of bucket: Namespace,
        request: ListObjectsRequest
    ) -> [UInt8] {
        let encoding = request.encoding
        var xml = XMLWriter(reservingBytes: 1024 + page.objects.count * lineBytes)
        xml.openRoot("ListBucketResult")
        xml.element("Name", bucket.name.text)
        switch request.version {
        case .one(let marker):
            // Clients decode the prefix of the second version only.
            xml.element("Prefix", request.prefix)
            xml.name("Marker", marker ?? "", encoding)
            // S3 gives the next marker only with a delimiter; else the last key is the marker.
            if request.delimiter != nil, let next = page.nextMarker {
                xml.name("NextMarker", next, encoding)
            }
        case .two(let token, let startAfter, _):
            xml.name("Prefix", request.prefix, encoding)
            xml.element(
                "ContinuationToken",
                ifPresent: token.map { $0.isEmpty ? "" : ContinuationToken.after($0) }
            )
            xml.element(
                "NextContinuationToken",
                ifPresent: page.nextMarker.map(ContinuationToken.after)
            )
            xml.element("KeyCount", page.objects.count + page.commonPrefixes.count)
            if let startAfter { xml.name("StartAfter", startAfter, encoding) }
        }
        xml.bounds(
            delimiter: request.delimiter,
            max: ("MaxKeys", request.keysMax),
            encoding: encoding,
            isTruncated: page.isTruncated
        )
        let owner = request.namesOwners ? bucket.owner : nil
        for object in page.objects {
            xml.append("<Contents>")
            xml.line(object, encoding: encoding, owner: owner)
            xml.append("</Contents>")
        }
        xml.commonPrefixes(page.commonPrefixes, encoding: encoding)
        xml.close("ListBucketResult")
        return xml.bytes
    }

    /// The answer to ListObjectVersions for a bucket without versioning: each object is the latest
    /// version, `null`, of its key.
    public static func versions(
        _ page: ListPage,
        of bucket: Namespace,
        request: ListVersionsRequest
    ) -> [UInt8] {
        let encoding = request.encoding
        var xml = XMLWriter(reservingBytes: 1024 + page.objects.count * (lineBytes + 128))
        xml.openRoot("ListVersionsResult")
        xml.element("Name", bucket.name.text)
        xml.name("Prefix", request.prefix, encoding)
        xml.name("KeyMarker", request.keyMarker ?? "", encoding)
        xml.element("VersionIdMarker", "")
        if let next = page.nextMarker {
            xml.name("NextKeyMarker", next, encoding)
            xml.element("NextVersionIdMarker", "null")
        }
        xml.bounds(
            delimiter: request.delimiter,
            max: ("MaxKeys", request.keysMax),
            encoding: encoding,
            isTruncated: page.isTruncated
        )
        for object in page.objects {
            xml.open("Version")
            xml.element("VersionId", "null")
            xml.element("IsLatest", true)
            xml.line(object, encoding: encoding, owner: bucket.owner)
            xml.close("Version")
        }
        xml.commonPrefixes(page.commonPrefixes, encoding: encoding)
        xml.close("ListVersionsResult")
        return xml.bytes
    }
}

extension ListObjectsRequest {
    /// Whether lines name the owner: always in the first version, on request in the second.
    var namesOwners: Bool {
        switch version {
        case .one, .two(_, _, .included): true
        case .two(_, _, .omitted): false
        }
    }
}

extension XMLWriter {
    /// Writes a name of a listing in the encoding the client asked for.
    mutating func name(_ element: StaticString, _ text: String, _ encoding: NameEncoding) {
        switch encoding {
        case .plain: self.element(element, text)
        case .url: self.element(element, PercentCoding.encode(text))
        }
    }

    /// Writes what bounds a listing.
    mutating func bounds(
        delimiter: String?,
        max: (name: StaticString, count: Int),
        encoding: NameEncoding,
        isTruncated: Bool
    ) {
        if let delimiter { name("Delimiter", delimiter, encoding) }
        element(max.name, max.count)
        switch encoding {
        case .plain: break
        case .url: element("EncodingType", "url")
        }
        element("IsTruncated", isTruncated)
    }

    /// Writes common prefixes.
    mutating func commonPrefixes(_ prefixes: [String], encoding: NameEncoding) {
        for prefix in prefixes {
            open("CommonPrefixes")
            name("Prefix", prefix, encoding)
            close("CommonPrefixes")
        }
    }

    /// Writes what a listing says of one object.
    mutating func line(_ object: ListedObject, encoding: NameEncoding, owner: PrincipalName?) {
        // Literals of several tags at once: this is written a thousand times per page.
        append("<Key>")
        switch encoding {
        case .plain: append(escaping: object.key.text)
        case .url: append(escaping: PercentCoding.encode(object.key.text))
        }
        append("</Key><LastModified>")
        append(object.modified)
        append("</LastModified><ETag>&quot;")
        append(escaping: object.entityTag)
        append("&quot;</ETag><Size>")
        append(number: object.sizeBytes)
        append("</Size>")
        if let owner { self.owner(owner) }
        append("<StorageClass>STANDARD</StorageClass>")
    }

    /// Writes an entity tag in its quotes.
    mutating func entityTag(_ text: String) {
        append("<ETag>&quot;")
        append(escaping: text)
        append("&quot;</ETag>")
    }
}
