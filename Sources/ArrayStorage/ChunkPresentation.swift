import ArrayModel

extension ArrayReader {
    /// In which form the Zarr view gives the chunks of an array.
    ///
    /// The form depends on the metadata alone, so that the document and the chunks agree.
    func presentation(of array: ResolvedArray) -> ZarrTranslation.Chunks {
        if Self.isReadableAsStored(array.metadata) { return .stored }
        return (try? StoredArray(array, limits: engine.limits)) == nil ? .stored : .decoded
    }

    /// Whether readers of Zarr v3 know every codec of the chain, in its place.
    ///
    /// Source: Zarr v3 codec specifications; what zarr-python 3.1 and tensorstore 0.1 read.
    private static func isReadableAsStored(_ metadata: ArrayMetadata) -> Bool {
        guard metadata.dialect != .zarr3 else { return true }
        var isBytes = false
        for codec in metadata.codecs {
            switch codec.name {
            case "transpose": guard !isBytes else { return false }
            case "bytes": isBytes = true
            case "gzip", "zstd", "blosc": guard isBytes else { return false }
            default: return false
            }
        }
        return isBytes
    }
}
