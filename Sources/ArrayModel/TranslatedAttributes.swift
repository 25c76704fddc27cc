/// The attributes of an array of an older dialect, where Zarr v3 has other places for some of them.
///
/// xarray keeps in Zarr v2 the names of the dimensions in an attribute of its own, and takes the fill
/// value for the one that marks missing values; in Zarr v3 it reads the former from the metadata and
/// the latter from an attribute.
///
/// Source: xarray 2026.9, `xarray/backends/zarr.py`: `DIMENSION_KEY`, `FillValueCoder`,
/// `open_store_variable`.
struct TranslatedAttributes {
    private static let dimensionsName = "_ARRAY_DIMENSIONS"
    private static let missingName = "_FillValue"

    /// The attributes for `zarr.json`.
    let attributes: JSONValue
    /// A name per axis, if the attributes had them.
    let dimensionNames: [String]?

    init(_ metadata: ArrayMetadata, document: JSONValue) {
        let members = metadata.attributes.members ?? []
        let names = metadata.attributes[Self.dimensionsName]?.elements?.compactMap(\.string)
        guard let names, names.count == metadata.rank,
            metadata.attributes[Self.dimensionsName]?.elements?.count == metadata.rank
        else {
            attributes = .object(members)
            dimensionNames = nil
            return
        }
        var kept = members.filter { $0.name != Self.dimensionsName }
        if metadata.attributes[Self.missingName] == nil,
            document["fill_value"] ?? .null != .null,
            let missing = Self.missingValue(metadata)
        {
            kept.append(JSONMember(name: Self.missingName, value: missing))
        }
        attributes = .object(kept)
        dimensionNames = names
    }

    /// The fill value as xarray spells it among attributes: whole numbers as they are, floats as the
    /// base64 of their eight bytes in double precision.
    private static func missingValue(_ metadata: ArrayMetadata) -> JSONValue? {
        let value = metadata.fillValue.zarrV3(metadata.dataType)
        switch metadata.dataType {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: return value
        case .float16, .float32, .float64: return value.flatMap(doubleText)
        case .complex64, .complex128:
            let parts = (value?.elements ?? []).compactMap(doubleText)
            return parts.count == 2 ? .array(parts) : nil
        case .bool, .bfloat16, .rawBits, .datetime64, .timedelta64, .opaque: return nil
        }
    }

    private static func doubleText(_ value: JSONValue) -> JSONValue? {
        guard case .number(let number) = value else { return nil }
        let bits = number.double.bitPattern
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64($0 * 8)) }
        return .string(Base64Text.encode(bytes))
    }
}
