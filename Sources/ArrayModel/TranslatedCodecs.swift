/// The codecs of an older dialect in the words of Zarr v3.
///
/// Source: Zarr v3 codec specifications `bytes`, `transpose`, `gzip`, `zstd`, `blosc`; for all others
/// the names `numcodecs.…` that zarr-python 3.1 writes (`zarr/codecs/numcodecs`), with the
/// configuration of numcodecs.
enum TranslatedCodecs {
    /// Filters that make an array of an array; they come before the order of the axes.
    private static let arrayFilters: Set<String> = [
        "delta", "fixedscaleoffset", "quantize", "astype", "packbits", "bitround",
    ]
    /// Whether a codec of Zarr v3 makes an array of an array, and so stands before the one to bytes.
    static func isArrayCodec(_ name: String) -> Bool {
        let prefix = "numcodecs."
        return name == "transpose"
            || name.hasPrefix(prefix) && arrayFilters.contains(String(name.dropFirst(prefix.count)))
    }

    /// Filters that make bytes of an array, in place of the codec `bytes`.
    private static let serializers: Set<String> = ["pcodec", "zfpy"]

    /// The chain from a chunk's elements to its stored bytes.
    static func stored(
        _ metadata: ArrayMetadata,
        document: JSONValue,
        elements: TranslatedElements
    ) -> [JSONValue] {
        var before: [JSONValue] = []
        var serializer = bytes(elements.byteOrder)
        var after: [JSONValue] = []
        for filter in document["filters"]?.elements ?? [] {
            let name = filter["id"]?.string ?? ""
            if name == elements.serializer {
                serializer = ZarrTranslation.named(name, [:])
            } else if serializers.contains(name) {
                serializer = numcodecs(name, filter)
            } else if arrayFilters.contains(name) {
                before.append(numcodecs(name, filter))
            } else {
                after.append(numcodecs(name, filter))
            }
        }
        if metadata.order == .columnMajor {
            let axes = Array((0..<metadata.rank).reversed())
            before.append(ZarrTranslation.named("transpose", ["order": .integers(axes)]))
        }
        if let compressor = document["compressor"], compressor != .null {
            after.append(compression(compressor, itemBytes: metadata.dataType.itemBytes))
        }
        return before + [serializer] + after
    }

    /// The codec that puts elements one after the other.
    static func bytes(_ order: ByteOrder?) -> JSONValue {
        guard let order else { return .members(["name": .string("bytes")]) }
        return ZarrTranslation.named(
            "bytes",
            ["endian": .string(order == .little ? "little" : "big")]
        )
    }

    private static func compression(_ compressor: JSONValue, itemBytes: Int) -> JSONValue {
        let name = compressor["id"]?.string ?? ""
        switch name {
        case "gzip":
            let level = compressor["level"]?.integer ?? 5
            return ZarrTranslation.named("gzip", ["level": .integer(min(max(level, 0), 9))])
        case "zstd":
            return ZarrTranslation.named(
                "zstd",
                [
                    "level": .integer(min(max(compressor["level"]?.integer ?? 0, -131_072), 22)),
                    "checksum": .bool(compressor["checksum"]?.bool ?? false),
                ]
            )
        case "blosc": return blosc(compressor, itemBytes: itemBytes)
        default: return numcodecs(name, compressor)
        }
    }

    /// Blosc, whose frames hold all that a reader needs; the rest tells how they were made.
    ///
    /// Source: numcodecs 0.16, `blosc.pyx`: shuffle -1 is by bit for items of one byte, else by byte.
    private static func blosc(_ compressor: JSONValue, itemBytes: Int) -> JSONValue {
        let shuffle =
            switch compressor["shuffle"]?.integer {
            case 0: "noshuffle"
            case 2: "bitshuffle"
            case -1 where itemBytes == 1: "bitshuffle"
            default: "shuffle"
            }
        let names = ["lz4", "lz4hc", "blosclz", "zstd", "snappy", "zlib"]
        let name = compressor["cname"]?.string ?? "lz4"
        return ZarrTranslation.named(
            "blosc",
            [
                "typesize": .integer(min(max(itemBytes, 1), 255)),
                "cname": .string(names.contains(name) ? name : "lz4"),
                "clevel": .integer(min(max(compressor["clevel"]?.integer ?? 5, 0), 9)),
                "shuffle": .string(shuffle),
                "blocksize": .integer(max(compressor["blocksize"]?.integer ?? 0, 0)),
            ]
        )
    }

    /// A codec of numcodecs under its name in Zarr v3.
    private static func numcodecs(_ name: String, _ configuration: JSONValue) -> JSONValue {
        let members = (configuration.members ?? []).filter { $0.name != "id" }
        return .members(["name": .string("numcodecs.\(name)"), "configuration": .object(members)])
    }
}
