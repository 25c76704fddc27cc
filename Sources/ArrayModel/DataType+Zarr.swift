extension DataType {
    /// Reads the `data_type` of Zarr v3 metadata: a name, or a name with a configuration.
    ///
    /// A name that is not known gives an opaque type: the array is listed, but not sliced.
    ///
    /// - Throws: ``MetadataError/dataTypeInvalid(_:)`` or ``MetadataError/memberInvalid(_:)``.
    ///
    /// Source: Zarr core specification v3, section "Data types"; the extension registry's
    /// `numpy.datetime64`, `numpy.timedelta64`; zarr-python 3.1 for `raw_bytes` and the names of
    /// types with a length.
    init(zarrV3 value: JSONValue) throws(MetadataError) {
        let name: String
        let configuration: JSONValue?
        if let text = value.string {
            (name, configuration) = (text, nil)
        } else if let text = value["name"]?.string {
            (name, configuration) = (text, value["configuration"])
        } else {
            throw .memberInvalid("data_type")
        }
        guard !name.isEmpty, name.utf8.count <= 256 else { throw .dataTypeInvalid(name) }
        if let core = DataType(coreName: name) {
            self = core
            return
        }
        if name.utf8.first == UInt8(ascii: "r"), let bits = Int(name.dropFirst()) {
            guard bits > 0, bits % 8 == 0, bits / 8 <= ArrayLimits.itemBytesMax else {
                throw .dataTypeInvalid(name)
            }
            self = .rawBits(bytes: bits / 8)
            return
        }
        self = try Self.extension(name, configuration)
    }

    private static func `extension`(
        _ name: String,
        _ configuration: JSONValue?
    ) throws(MetadataError) -> DataType {
        let lengthBytes = configuration?["length_bytes"]?.integer
        if let lengthBytes, !(0...ArrayLimits.itemBytesMax).contains(lengthBytes) {
            throw .dataTypeInvalid(name)
        }
        switch name {
        case "raw_bytes":
            guard let lengthBytes, lengthBytes > 0 else { throw .dataTypeInvalid(name) }
            return .rawBits(bytes: lengthBytes)
        case "numpy.datetime64", "numpy.timedelta64":
            let unit = configuration?["unit"]?.string ?? "generic"
            let scale = configuration?["scale_factor"]?.integer ?? 1
            let text = scale == 1 ? unit : "\(scale)\(unit)"
            return name == "numpy.datetime64" ? .datetime64(unit: text) : .timedelta64(unit: text)
        default:
            return .opaque(name: name, itemBytes: lengthBytes ?? 0)
        }
    }
}
