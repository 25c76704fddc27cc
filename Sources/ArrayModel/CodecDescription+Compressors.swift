extension CodecDescription {
    /// The description of a compressor that Zarr v3 and numcodecs call by the same name.
    ///
    /// - Parameters:
    ///   - name: The name, without numcodecs' prefix.
    ///   - configuration: Its parameters, of which readers need none: what is missing is the default.
    ///   - itemBytes: The length of an element.
    /// - Returns: The description; nil if `name` is none of `gzip`, `zlib`, `zstd` and `blosc`.
    ///
    /// Source: numcodecs 0.16, the defaults of `gzip.py`, `zlib.py`, `zstd.pyx`, `blosc.pyx`.
    public static func compressor(
        _ name: String,
        configuration: JSONValue,
        itemBytes: Int
    ) -> CodecDescription? {
        switch name {
        case "gzip": return .gzip(level: configuration["level"]?.integer ?? 1)
        case "zlib": return .zlib(level: configuration["level"]?.integer ?? 1)
        case "zstd":
            return .zstandard(
                level: configuration["level"]?.integer ?? 0,
                checksum: configuration["checksum"]?.bool == true ? .content : .none
            )
        case "blosc": return .blosc(BloscDescription(configuration, itemBytes: itemBytes))
        default: return nil
        }
    }
}
