import StorageModel

extension ObjectAttributes {
    /// The most bytes that names and values of user metadata may have together.
    ///
    /// Source: Amazon S3 User Guide, "Working with object metadata": 2 KB.
    public static let userMetadataBytesMax = 2048
    /// The most bytes that one kept system header may have.
    static let systemHeaderBytesMax = 4096

    /// What begins the name of a header with user metadata.
    public static let userMetadataPrefix = "x-amz-meta-"

    /// The system headers that S3 keeps.
    static let systemHeaderNames = [
        "content-type", "content-encoding", "content-language", "content-disposition",
        "cache-control", "expires",
    ]

    /// Takes the attributes of an object from the headers of a write.
    ///
    /// `aws-chunked` is taken out of `Content-Encoding`, because it describes the request.
    ///
    /// - Throws: ``S3Error/metadataTooLarge(sizeBytes:maxBytes:)`` or
    ///   ``S3Error/invalidArgument(name:value:)`` for a system header of unreasonable length.
    public init(headers: HeaderList) throws(S3Error) {
        var system: [HeaderField] = []
        for name in Self.systemHeaderNames {
            guard let value = headers[name] else { continue }
            guard value.utf8.count <= Self.systemHeaderBytesMax else {
                throw .invalidArgument(name: name, value: value)
            }
            guard name == "content-encoding" else {
                system.append(HeaderField(name, value))
                continue
            }
            let kept = Self.withoutChunkedEncoding(value)
            if !kept.isEmpty { system.append(HeaderField(name, kept)) }
        }
        self.init(systemHeaders: system, userMetadata: try Self.userMetadata(headers))
    }

    private static func userMetadata(_ headers: HeaderList) throws(S3Error) -> [HeaderField] {
        var fields: [HeaderField] = []
        var sizeBytes = 0
        for field in headers.fields(withPrefix: userMetadataPrefix) where !field.suffix.isEmpty {
            sizeBytes += field.suffix.utf8.count + field.value.utf8.count
            // A name that comes twice is one field with both values, as in any HTTP list.
            if let index = fields.firstIndex(where: { $0.name == field.suffix }) {
                fields[index] = HeaderField(
                    field.suffix,
                    fields[index].value + "," + field.value
                )
            } else {
                fields.append(HeaderField(field.suffix, field.value))
            }
            guard sizeBytes <= userMetadataBytesMax else {
                throw .metadataTooLarge(sizeBytes: sizeBytes, maxBytes: userMetadataBytesMax)
            }
        }
        return fields
    }

    private static func withoutChunkedEncoding(_ value: String) -> String {
        guard value.lowercased().contains("aws-chunked") else { return value }
        return value.split(separator: ",")
            .map { HeaderList.trimmed(String($0)) }
            .filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
            .joined(separator: ",")
    }
}
