/// What somebody wants a new array or group to be: the JSON of a request to create one.
///
/// Its documents are the metadata as the dialect spells it; they are read back with
/// ``NodeRecognition`` before they are stored, so that nothing is created that could not be described.
public struct ArraySpecification: Hashable, Sendable {
    /// The layout.
    public let dialect: ArrayMetadata.Dialect
    /// The metadata files: their names below the array's path, and their content.
    ///
    /// The first one makes the path an array or a group.
    public let documents: [Document]

    /// One metadata file.
    public struct Document: Hashable, Sendable {
        /// Its name below the array's path.
        public let fileName: String
        /// Its content.
        public let content: JSONValue

        init(_ fileName: String, _ content: JSONValue) {
            self.fileName = fileName
            self.content = content
        }

        /// The document of a group; nil for a layout that has none.
        ///
        /// - Parameters:
        ///   - dialect: The layout.
        ///   - attributes: Those of the group, which Zarr v2 has in a document of their own.
        public init?(groupIn dialect: ArrayMetadata.Dialect, attributes: JSONValue = .object([])) {
            switch dialect {
            case .zarr3:
                self.init(
                    MetadataFile.zarr3.fileName,
                    .members([
                        "zarr_format": .integer(3), "node_type": .string("group"),
                        "attributes": attributes,
                    ])
                )
            case .zarr2:
                self.init(
                    MetadataFile.zarr2Group.fileName,
                    .members(["zarr_format": .integer(2)])
                )
            case .hub0: return nil
            }
        }
    }

    /// Reads a request.
    ///
    /// - Throws: ``ArraySpecificationError``, any case.
    public init(_ value: JSONValue) throws(ArraySpecificationError) {
        let reader = try SpecificationReader(value)
        dialect = try reader.dialect()
        switch try reader.choice("kind", ["array", "group"]) ?? "array" {
        case "group":
            try reader.refuseAll(but: ["kind", "dialect", "attributes"])
            documents = try Self.group(reader, dialect)
        default:
            switch dialect {
            case .zarr3: documents = try ZarrV3Specification.documents(reader)
            case .zarr2: documents = try ZarrV2Specification.documents(reader)
            case .hub0: documents = try HubSpecification.documents(reader)
            }
        }
    }

    /// What the documents say, read as the server reads them.
    ///
    /// - Throws: ``ArraySpecificationError/metadata(_:)``.
    public func recognised() throws(ArraySpecificationError) -> NodeRecognition {
        guard let document = documents.first,
            let file = MetadataFile(lastSegment: document.fileName)
        else { throw .notObject }
        let recognition = NodeRecognition.recognise(file, bytes: document.content.serialized())
        if case .unreadable(let error) = recognition { throw .metadata(error) }
        return recognition
    }

    /// A list of extents, as a member of a request.
    ///
    /// - Throws: ``ArraySpecificationError/memberInvalid(_:expected:)``, which says what is wrong with which
    ///   one, and ``ArraySpecificationError/metadata(_:)`` for too many.
    public static func extents(
        _ value: JSONValue,
        member name: String
    ) throws(ArraySpecificationError) -> [Int] {
        let expected = "a list of whole numbers from 0 on that fit into 64 bits"
        do throws(MetadataError) {
            return try MetadataReader.extents(value, member: name)
        } catch {
            if case .extentInvalid(_, let axis) = error, let extent = value.elements?[axis] {
                let text = String(decoding: extent.serialized().prefix(40), as: UTF8.self)
                throw .memberInvalid(name, expected: "\(expected); that of axis \(axis) is \(text)")
            }
            if case .memberInvalid = error { throw .memberInvalid(name, expected: expected) }
            throw .metadata(error)
        }
    }

    private static func group(
        _ reader: SpecificationReader,
        _ dialect: ArrayMetadata.Dialect
    ) throws(ArraySpecificationError) -> [Document] {
        let attributes = try reader.attributes()
        guard let group = Document(groupIn: dialect, attributes: attributes) else {
            throw .memberInvalid("kind", expected: "\"array\" in the dialect hub0")
        }
        return dialect == .zarr2 ? [group] + ZarrV2Specification.attributes(attributes) : [group]
    }
}

/// Why a request does not describe an array that can be created.
public enum ArraySpecificationError: Error, Hashable, Sendable {
    /// It is not JSON.
    case json(JSONError)
    /// It is no JSON object.
    case notObject
    /// A member that must be there is not.
    case memberMissing(String)
    /// None of some members is there.
    case membersMissing([String])
    /// A member that is not known.
    case memberUnknown(String, allowed: [String])
    /// A member whose value is not allowed.
    case memberInvalid(String, expected: String)
    /// The metadata that follows from it breaks the rules of its dialect.
    case metadata(MetadataError)
}

extension ArraySpecificationError: CustomStringConvertible {
    /// The error as a sentence.
    public var description: String {
        switch self {
        case .json(let error): "The body is not valid JSON: \(error.description)"
        case .notObject: "The body must be a JSON object."
        case .memberMissing(let name): "The member \"\(name)\" is missing."
        case .membersMissing(let names):
            "There is nothing to do: give \(names.map { "\"\($0)\"" }.joined(separator: ", or ")), or both."
        case .memberUnknown(let name, let allowed):
            "The member \"\(name)\" is not known here; there are \(allowed.joined(separator: ", "))."
        case .memberInvalid(let name, let expected):
            "The member \"\(name)\" must be \(expected)."
        case .metadata(let error): error.description
        }
    }
}
