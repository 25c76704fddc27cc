/// Reads the members of a request to create an array.
struct SpecificationReader {
    private static let known = [
        "kind", "dialect", "shape", "dtype", "chunks", "shards", "codecs", "compressor", "order",
        "fill_value", "dimension_names", "attributes",
    ]

    private let document: JSONValue

    /// Takes a document whose members are all known.
    init(_ value: JSONValue) throws(ArraySpecificationError) {
        guard let members = value.members else { throw .notObject }
        for member in members where !Self.known.contains(member.name) {
            throw .memberUnknown(member.name, allowed: Self.known)
        }
        document = value
    }

    subscript(name: String) -> JSONValue? {
        guard let value = document[name], value != .null else { return nil }
        return value
    }

    /// Whether a member is there and says that there is nothing.
    func isNull(_ name: String) -> Bool { document[name] == .null }

    /// Refuses members that are known and have no meaning here.
    func refuseAll(but allowed: [String]) throws(ArraySpecificationError) {
        for member in document.members ?? [] where !allowed.contains(member.name) {
            throw .memberUnknown(member.name, allowed: allowed)
        }
    }

    func dialect() throws(ArraySpecificationError) -> ArrayMetadata.Dialect {
        let names = ArrayMetadata.Dialect.allCases.map(\.rawValue)
        guard let name = try choice("dialect", names) else { return .zarr3 }
        return ArrayMetadata.Dialect(rawValue: name) ?? .zarr3
    }

    /// One of some words; nil if it is not there.
    func choice(_ name: String, _ words: [String]) throws(ArraySpecificationError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string, words.contains(text) else {
            let list = words.map { "\"\($0)\"" }.joined(separator: ", ")
            throw .memberInvalid(name, expected: "one of \(list)")
        }
        return text
    }

    func shape() throws(ArraySpecificationError) -> [Int] {
        guard let value = self["shape"] else { throw .memberMissing("shape") }
        return try ArraySpecification.extents(value, member: "shape")
    }

    /// A list of extents; nil if it is not there.
    func extents(_ name: String) throws(ArraySpecificationError) -> [Int]? {
        guard let value = self[name] else { return nil }
        return try ArraySpecification.extents(value, member: name)
    }

    /// The extents of stored chunks; chosen if none are named.
    func chunkShape(
        _ shape: [Int],
        itemBytes: Int
    ) throws(ArraySpecificationError) -> [Int] {
        guard let extents = try extents("chunks") else {
            return ChunkShapeChoice.chunkShape(for: shape, itemBytes: itemBytes)
        }
        guard extents.count == shape.count, extents.allSatisfy({ $0 > 0 }) else {
            throw .memberInvalid("chunks", expected: "a list of \(shape.count) positive extents")
        }
        return extents
    }

    /// The type of the elements, by a name of Zarr v3 or of NumPy.
    func dataType() throws(ArraySpecificationError) -> NumPyType {
        guard let value = self["dtype"] else { throw .memberMissing("dtype") }
        let expected = "a data type such as \"float32\", \"<f4\" or \"r16\""
        guard let text = value.string, let type = NumPyType(anyName: text),
            type.dataType.isSliceable
        else { throw .memberInvalid("dtype", expected: expected) }
        return type
    }

    func attributes() throws(ArraySpecificationError) -> JSONValue {
        guard let value = self["attributes"] else { return .object([]) }
        guard value.members != nil else {
            throw .memberInvalid("attributes", expected: "an object")
        }
        return value
    }

    /// The fill value as it is spelled, or the type's zero.
    ///
    /// Complex numbers become pairs, since zarr-python opens no others, and what is not finite a word.
    /// One that does not fit stays as it is, and is refused with the document.
    func fillValue(_ type: DataType) -> JSONValue {
        guard let value = self["fill_value"] else { return Self.zero(type) }
        switch type {
        case .complex64, .complex128:
            return (try? FillValue(value, dataType: type))?.zarrV3(type)?.quotingNonFinite ?? value
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float16,
            .bfloat16, .float32, .float64, .rawBits, .datetime64, .timedelta64, .opaque:
            return value.quotingNonFinite
        }
    }

    /// Zero as zarr-python spells it.
    private static func zero(_ type: DataType) -> JSONValue {
        switch type {
        case .bool: .bool(false)
        case .float16, .bfloat16, .float32, .float64: .double(0)
        case .complex64, .complex128: .array([.double(0), .double(0)])
        case .rawBits(let bytes): .array(Array(repeating: .integer(0), count: bytes))
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .datetime64,
            .timedelta64, .opaque:
            .integer(0)
        }
    }
}

extension JSONValue {
    /// The same number, or list of numbers, with words in place of what is not finite.
    fileprivate var quotingNonFinite: JSONValue {
        switch self {
        case .number(let number): number.isFinite ? self : .string(number.text)
        case .array(let elements): .array(elements.map(\.quotingNonFinite))
        case .null, .bool, .string, .object: self
        }
    }
}
