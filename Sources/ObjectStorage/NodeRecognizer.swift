import ArrayModel
import StorageModel

/// Recognises arrays and groups by the bytes of their metadata files.
enum NodeRecognizer {
    /// Says what a metadata file's bytes are; nil if they are not array metadata at all.
    static func fact(_ file: CatalogFile, bytes: [UInt8]) -> CatalogFact? {
        switch NodeRecognition.recognise(file.metadataFile, bytes: bytes) {
        case .array: CatalogFact(dialect: file.dialect, kind: .array)
        case .group: CatalogFact(dialect: file.dialect, kind: .group)
        case .unreadable(let error):
            CatalogFact(dialect: file.dialect, kind: .unreadable(note: error.description))
        case .foreign: nil
        }
    }

    /// What is said of a file that is longer than any metadata may be.
    static func factOfTooLong(_ file: CatalogFile, sizeBytes: Int64) -> CatalogFact? {
        switch file {
        case .info: nil
        case .zarrJSON, .zarray, .zgroup:
            CatalogFact(
                dialect: file.dialect,
                kind: .unreadable(note: "The metadata has \(sizeBytes) bytes, which is too many.")
            )
        }
    }
}

extension CatalogFile {
    fileprivate var metadataFile: MetadataFile {
        switch self {
        case .zarrJSON: .zarr3
        case .zarray: .zarr2Array
        case .zgroup: .zarr2Group
        case .info: .hubInfo
        }
    }

    fileprivate var dialect: StorageModel.ArrayDialect {
        switch self {
        case .zarrJSON: .zarr3
        case .zarray, .zgroup: .zarr2
        case .info: .hub0
        }
    }
}
