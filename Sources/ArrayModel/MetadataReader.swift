/// Reads the members that the dialects share out of a metadata document.
struct MetadataReader {
    let document: JSONValue

    /// Parses a document that must be an object.
    init(_ bytes: [UInt8]) throws(MetadataError) {
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw .json(error)
        }
        guard document.members != nil else { throw .documentNotObject }
    }

    /// The value of a member that must be there.
    func required(_ name: String) throws(MetadataError) -> JSONValue {
        guard let value = document[name] else { throw .memberMissing(name) }
        return value
    }

    /// The text of a member that must be there.
    func requiredString(_ name: String) throws(MetadataError) -> String {
        guard let text = try required(name).string else { throw .memberInvalid(name) }
        return text
    }

    /// The shape of an array.
    func shape() throws(MetadataError) -> [Int] {
        try Self.extents(try required("shape"), member: "shape")
    }

    /// The attributes, an empty object if there are none.
    func attributes() throws(MetadataError) -> JSONValue {
        guard let value = document["attributes"], value != .null else { return .object([]) }
        guard value.members != nil else { throw .memberInvalid("attributes") }
        return value
    }

    /// A list of extents, none of them negative.
    static func extents(_ value: JSONValue, member: String) throws(MetadataError) -> [Int] {
        guard let elements = value.elements else { throw .memberInvalid(member) }
        guard elements.count <= ArrayLimits.rankMax else { throw .rankTooLarge(elements.count) }
        var result: [Int] = []
        for element in elements {
            guard case .number = element else { throw .memberInvalid(member) }
            guard let extent = element.integer, extent >= 0 else {
                throw .extentInvalid(member: member, axis: result.count)
            }
            result.append(extent)
        }
        return result
    }

    /// A chunk shape for an array of `shape`: extents are positive, but for an axis of no elements,
    /// where zarr-python writes 0 and 1 alike and 1 is returned.
    static func chunkShape(
        _ value: JSONValue,
        member: String,
        shape: [Int]
    ) throws(MetadataError) -> [Int] {
        let extents = try extents(value, member: member)
        guard extents.count == shape.count else {
            throw .rankMismatch(member: member, expected: shape.count, found: extents.count)
        }
        var result: [Int] = []
        for (axis, extent) in extents.enumerated() {
            guard extent > 0 || shape[axis] == 0 else {
                throw .extentInvalid(member: member, axis: axis)
            }
            result.append(max(extent, 1))
        }
        return result
    }

    /// Checks that all bytes of the array, and of all its chunks at full size, can be counted.
    static func checkSize(
        shape: [Int],
        chunkShape: [Int],
        itemBytes: Int
    ) throws(MetadataError) {
        let itemBytes = max(itemBytes, 1)
        guard product(chunkShape, times: itemBytes) != nil else { throw .sizeOverflow }
        // A chunk reaches beyond the edge; the index one past its last element must fit as well.
        for (extent, chunk) in zip(shape, chunkShape) {
            guard !extent.addingReportingOverflow(chunk).overflow else { throw .sizeOverflow }
        }
        guard shape.contains(0) || product(shape, times: itemBytes) != nil else {
            throw .sizeOverflow
        }
    }

    private static func product(_ factors: [Int], times first: Int) -> Int? {
        var result = first
        for factor in factors {
            let (next, overflow) = result.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            result = next
        }
        return result
    }
}
