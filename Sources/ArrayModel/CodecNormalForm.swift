/// Writes out what a codec of a request leaves to be understood, since other readers want all of it.
///
/// Source: Zarr v3 codec specifications `bytes`, `transpose`, `gzip`, `zstd`, `blosc`, `crc32c`; defaults of
/// zarr-python 3.1, `zarr/codecs`.
struct CodecNormalForm {
    /// The length of an element, in bytes.
    let itemBytes: Int
    /// The number of axes.
    let rank: Int
    /// How numbers are stored where the codec does not say.
    let byteOrder: ByteOrder?

    /// The codec as an object with its name, and a configuration where it has one.
    func codec(_ value: JSONValue) -> JSONValue {
        guard let name = value.string ?? value["name"]?.string else { return value }
        let given = value["configuration"]
        switch name {
        case "bytes", "endian": return bytes(given)
        case "transpose": return transpose(given) ?? value
        case "gzip": return Self.filled(name, given, [("level", .integer(5))])
        case "zstd":
            return Self.filled(name, given, [("level", .integer(0)), ("checksum", .bool(false))])
        case "blosc": return blosc(given)
        default: return value.string == nil ? value : .members(["name": .string(name)])
        }
    }

    private func bytes(_ given: JSONValue?) -> JSONValue {
        guard given?["endian"] == nil else { return Self.filled("bytes", given, []) }
        return TranslatedCodecs.bytes(byteOrder)
    }

    /// The orders `C` and `F` of older versions as lists of axes.
    private func transpose(_ given: JSONValue?) -> JSONValue? {
        let axes: [Int]
        switch given?["order"]?.string {
        case "C": axes = Array(0..<rank)
        case "F": axes = Array((0..<rank).reversed())
        default: return nil
        }
        return ZarrTranslation.named("transpose", ["order": .integers(axes)])
    }

    private func blosc(_ given: JSONValue?) -> JSONValue {
        let typeBytes = given?["typesize"]?.integer ?? 0
        let used = (1...255).contains(typeBytes) ? typeBytes : min(max(itemBytes, 1), 255)
        let others = given?.members?.filter { $0.name != "typesize" } ?? []
        return Self.filled(
            "blosc",
            .object([JSONMember(name: "typesize", value: .integer(used))] + others),
            [
                ("cname", .string("zstd")), ("clevel", .integer(5)),
                ("shuffle", .string(itemBytes > 1 ? "shuffle" : "bitshuffle")),
                ("blocksize", .integer(0)),
            ]
        )
    }

    /// A codec with what was given, and defaults for what was not.
    private static func filled(
        _ name: String,
        _ given: JSONValue?,
        _ defaults: [(String, JSONValue)]
    ) -> JSONValue {
        var members = given?.members ?? []
        for (member, value) in defaults where !members.contains(where: { $0.name == member }) {
            members.append(JSONMember(name: member, value: value))
        }
        return .object([
            JSONMember(name: "name", value: .string(name)),
            JSONMember(name: "configuration", value: .object(members)),
        ])
    }
}
