/// A file whose presence makes a prefix an array or a group.
public enum MetadataFile: String, Hashable, Sendable, CaseIterable {
    /// Zarr v3, array or group.
    case zarr3 = "zarr.json"
    /// Zarr v2, array.
    case zarr2Array = ".zarray"
    /// Zarr v2, group.
    case zarr2Group = ".zgroup"
    /// The original Hub client, array or dataset.
    case hubInfo = "info.txt"

    /// Finds the kind of metadata by the last segment of a key; `nil` for every other name.
    public init?(lastSegment: String) {
        // Compared by bytes: `String ==` would also accept canonically equivalent spellings.
        guard
            let match = Self.allCases.first(where: {
                $0.rawValue.utf8.elementsEqual(lastSegment.utf8)
            })
        else { return nil }
        self = match
    }

    /// The name of the file.
    public var fileName: String { rawValue }
}

/// What a metadata file turned out to be.
public enum NodeRecognition: Hashable, Sendable {
    /// An array that can be described.
    case array(ArrayMetadata)
    /// A group, or a dataset of the original Hub client.
    case group
    /// Metadata that breaks the rules of its dialect or uses what Nave does not know.
    case unreadable(MetadataError)
    /// Not array metadata at all, as an `info.txt` that somebody wrote for people.
    case foreign

    /// Reads a metadata file.
    ///
    /// Work is linear in the length of the document, and a document longer than
    /// ``ArrayLimits/metadataBytesMax`` is not read.
    ///
    /// - Parameters:
    ///   - file: Which file it is.
    ///   - bytes: Its whole content.
    /// - Returns: What it describes; never fails otherwise.
    public static func recognise(_ file: MetadataFile, bytes: [UInt8]) -> NodeRecognition {
        do throws(MetadataError) {
            switch file {
            case .zarr3: return try ZarrV3Metadata.recognise(bytes)
            case .zarr2Array: return .array(try ZarrV2Metadata.array(bytes))
            case .zarr2Group: return try ZarrV2Metadata.group(bytes)
            case .hubInfo: return try HubMetadata.recognise(bytes)
            }
        } catch {
            return .unreadable(error)
        }
    }
}
