/// The type of the elements of an array.
///
/// Numbers and raw bits can be sliced; the other types are listed with their name and are stored
/// and served as objects, but Nave does not look inside their chunks.
public enum DataType: Hashable, Sendable {
    case bool
    case int8
    case int16
    case int32
    case int64
    case uint8
    case uint16
    case uint32
    case uint64
    case float16
    /// The upper half of a `float32`; NumPy itself has no such type.
    case bfloat16
    case float32
    case float64
    case complex64
    case complex128
    /// Bytes without a meaning: Zarr's `r*`, NumPy's `V`; `bytes` is at least 1.
    case rawBits(bytes: Int)
    /// A point in time as NumPy keeps it: a count of units since 1970 in eight bytes.
    case datetime64(unit: String)
    /// A span of time as NumPy keeps it: a count of units in eight bytes.
    case timedelta64(unit: String)
    /// Any other type: text, objects, records, extensions. `itemBytes` is 0 if it is not fixed.
    case opaque(name: String, itemBytes: Int)

    /// The length of one element, in bytes; 0 for an opaque type of no fixed length.
    public var itemBytes: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64, .complex64, .datetime64, .timedelta64: 8
        case .complex128: 16
        case .rawBits(let bytes): bytes
        case .opaque(_, let itemBytes): itemBytes
        }
    }

    /// Whether regions of an array of this type can be read through the array API.
    public var isSliceable: Bool {
        switch self {
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .bfloat16, .float32, .float64, .complex64, .complex128, .rawBits:
            true
        case .datetime64, .timedelta64, .opaque: false
        }
    }

    /// The length of the runs whose bytes are reversed between byte orders: half an element for
    /// complex numbers, 1 where order has no meaning.
    public var swapUnitBytes: Int {
        switch self {
        case .complex64: 4
        case .complex128: 8
        case .rawBits, .opaque: 1
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .bfloat16, .float32, .float64, .datetime64, .timedelta64:
            itemBytes
        }
    }

    /// The name in Zarr v3's words, for example `float32`; used in every answer of the array API.
    public var name: String {
        switch self {
        case .bool: "bool"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .float32: "float32"
        case .float64: "float64"
        case .complex64: "complex64"
        case .complex128: "complex128"
        case .rawBits(let bytes): "r\(bytes * 8)"
        case .datetime64(let unit): "datetime64[\(unit)]"
        case .timedelta64(let unit): "timedelta64[\(unit)]"
        case .opaque(let name, _): name
        }
    }
}
