/// Headers that ask for something Nave does not do, which must be refused rather than ignored:
/// a client that asks for encryption or a lock relies on having it.
public enum UnsupportedHeaders {
    /// Refuses a request that carries any of them.
    ///
    /// - Throws: ``S3Error/notImplemented(feature:)`` or ``S3Error/invalidStorageClass(_:)``.
    public static func refuse(_ headers: HeaderList) throws(S3Error) {
        for field in headers.fields where isAmazon(field.name) {
            try refuse(field.name.lowercased(), HeaderList.trimmed(field.value))
        }
    }

    private static func refuse(_ name: String, _ value: String) throws(S3Error) {
        switch name {
        case "x-amz-storage-class": try requireStorageClass(value)
        case "x-amz-tagging" where !value.isEmpty:
            throw .notImplemented(feature: "object tags (x-amz-tagging)")
        case "x-amz-website-redirect-location":
            throw .notImplemented(feature: "website redirects (\(name))")
        case "x-amz-write-offset-bytes":
            throw .notImplemented(feature: "appending (\(name))")
        case "x-amz-rename-source":
            throw .notImplemented(feature: "renaming (\(name))")
        case "x-amz-bucket-object-lock-enabled" where value.lowercased() == "false": return
        default:
            if name.hasPrefix("x-amz-server-side-encryption")
                || name.hasPrefix("x-amz-copy-source-server-side-encryption")
            {
                throw .notImplemented(feature: "server-side encryption (\(name))")
            }
            if name.hasPrefix("x-amz-object-lock-") || name == "x-amz-bucket-object-lock-enabled" {
                throw .notImplemented(feature: "object lock (\(name))")
            }
            if name.hasPrefix("x-amz-if-match-") {
                throw .notImplemented(feature: "the precondition \(name)")
            }
        }
    }

    /// The storage classes that S3 knows; whichever is asked for, there is one here.
    ///
    /// Source: Amazon S3 API Reference, PutObject, `x-amz-storage-class`.
    private static let storageClasses: Set<String> = [
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
        "GLACIER", "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE",
    ]

    private static func requireStorageClass(_ name: String) throws(S3Error) {
        guard name.isEmpty || storageClasses.contains(name) else {
            throw .invalidStorageClass(name)
        }
    }

    private static func isAmazon(_ name: String) -> Bool {
        name.utf8.count > 12
            && (name.utf8.first == UInt8(ascii: "x")
                || name.utf8.first == UInt8(ascii: "X"))
    }
}
