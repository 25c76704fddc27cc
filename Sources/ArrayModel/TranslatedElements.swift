/// The data type and the fill value of an older dialect in the words of Zarr v3.
///
/// Source: Zarr core specification v3, section "Data types"; the names with a configuration are those
/// of zarr-python 3.1, `zarr/core/dtype/npy`.
struct TranslatedElements {
    /// The codecs of numcodecs that turn elements of any length into bytes, and the types they make.
    private static let lengthPrefixed = [
        "vlen-utf8": "string", "vlen-bytes": "variable_length_bytes",
    ]

    /// The `data_type`.
    let dataType: JSONValue
    /// The `fill_value`.
    let fillValue: JSONValue
    /// The order of the stored bytes; nil where it has no meaning.
    let byteOrder: ByteOrder?
    /// The filter of Zarr v2 that serializes elements of any length, which is Zarr v3's codec as well.
    let serializer: String?

    /// Translates the type of an array; nil if Zarr v3 has no word for it.
    init?(_ metadata: ArrayMetadata, document: JSONValue) {
        let spelling = metadata.fillValue.spelling
        switch metadata.dataType {
        case .datetime64(let unit):
            self.init(Self.time("numpy.datetime64", unit), Self.time(spelling), metadata)
        case .timedelta64(let unit):
            self.init(Self.time("numpy.timedelta64", unit), Self.time(spelling), metadata)
        case .rawBits(let bytes):
            guard let fill = metadata.fillValue.zarrV3(metadata.dataType) else { return nil }
            self.init(Self.sized("raw_bytes", bytes), fill, metadata)
        case .opaque(_, let itemBytes):
            self.init(opaque: document, itemBytes: itemBytes, spelling: spelling)
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .bfloat16, .float32, .float64, .complex64, .complex128:
            guard let fill = metadata.fillValue.zarrV3(metadata.dataType) else { return nil }
            self.init(.string(metadata.dataType.name), fill, metadata)
        }
    }

    private init(_ dataType: JSONValue, _ fillValue: JSONValue, _ metadata: ArrayMetadata) {
        self.init(
            dataType: dataType,
            fillValue: fillValue,
            byteOrder: metadata.byteOrder,
            serializer: nil
        )
    }

    private init(
        dataType: JSONValue,
        fillValue: JSONValue,
        byteOrder: ByteOrder?,
        serializer: String?
    ) {
        self.dataType = dataType
        self.fillValue = fillValue
        self.byteOrder = byteOrder
        self.serializer = serializer
    }

    // MARK: - Types that are not sliced

    /// Translates text, byte strings, objects and records of Zarr v2.
    private init?(opaque document: JSONValue, itemBytes: Int, spelling: JSONValue) {
        let text: JSONValue = spelling.string.map { .string($0) } ?? .string("")
        if let fields = document["dtype"]?.elements {
            guard let fields = Self.fields(fields), itemBytes > 0 else { return nil }
            let zeros = Base64Text.encode([UInt8](repeating: 0, count: itemBytes))
            self.init(
                dataType: ZarrTranslation.named("structured", ["fields": .array(fields)]),
                fillValue: .string(spelling.string ?? zeros),
                byteOrder: nil,
                serializer: nil
            )
            return
        }
        let type = Array((document["dtype"]?.string ?? "").utf8)
        guard type.count >= 2 else { return nil }
        switch type[1] {
        case UInt8(ascii: "S") where itemBytes > 0:
            self.init(
                dataType: Self.sized("null_terminated_bytes", itemBytes),
                fillValue: text,
                byteOrder: nil,
                serializer: nil
            )
        case UInt8(ascii: "U") where itemBytes > 0:
            self.init(
                dataType: Self.sized("fixed_length_utf32", itemBytes),
                fillValue: text,
                byteOrder: type[0] == UInt8(ascii: ">") ? .big : .little,
                serializer: nil
            )
        case UInt8(ascii: "O"):
            let filters = document["filters"]?.elements ?? []
            guard let name = filters.last?["id"]?.string, let type = Self.lengthPrefixed[name]
            else {
                return nil
            }
            self.init(dataType: .string(type), fillValue: text, byteOrder: nil, serializer: name)
        default: return nil
        }
    }

    /// The fields of a record: a name and a type each; nil if one is no little-endian number.
    private static func fields(_ fields: [JSONValue]) -> [JSONValue]? {
        var result: [JSONValue] = []
        for field in fields {
            guard let parts = field.elements, parts.count == 2, parts[0].string != nil,
                let type = try? NumPyType(parts[1]), type.byteOrder != .big,
                DataType(coreName: type.dataType.name) != nil
            else { return nil }
            result.append(.array([parts[0], .string(type.dataType.name)]))
        }
        return result
    }

    private static func sized(_ name: String, _ bytes: Int) -> JSONValue {
        ZarrTranslation.named(name, ["length_bytes": .integer(bytes)])
    }

    /// A unit such as `ns` or `25s`, which is a scale and a unit.
    private static func time(_ name: String, _ unit: String) -> JSONValue {
        let digits = unit.prefix { ("0"..."9").contains($0) }
        return ZarrTranslation.named(
            name,
            [
                "unit": .string(String(unit.dropFirst(digits.count))),
                "scale_factor": .integer(Int(digits) ?? 1),
            ]
        )
    }

    private static func time(_ spelling: JSONValue) -> JSONValue {
        spelling == .null ? .string("NaT") : spelling
    }
}
