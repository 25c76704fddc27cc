/// Spells arrays and groups of the older dialects as documents of Zarr v3, as `zarr.json` holds them.
///
/// What a reader of Zarr v3 then sees has the same elements, attributes and dimension names; what it
/// has to do to a chunk is said by ``Chunks``.
///
/// Source: Zarr core specification v3.1, section "Metadata"; for what is beyond the core, what
/// zarr-python 3.1 writes and reads.
public enum ZarrTranslation {
    /// In which form the chunks are given to whoever reads the document.
    public enum Chunks: Hashable, Sendable {
        /// As they are stored; the codecs of the dialect are named in the words of Zarr v3.
        case stored
        /// Decoded: full chunks, in C order, little-endian.
        case decoded
    }

    /// The document of an array.
    ///
    /// - Parameters:
    ///   - metadata: The array, with its attributes.
    ///   - document: The metadata file of the dialect, parsed.
    ///   - chunks: The form of its chunks.
    /// - Returns: The document, or nil if Zarr v3 has no word for the data type.
    public static func array(
        _ metadata: ArrayMetadata,
        document: JSONValue,
        chunks: Chunks
    ) -> JSONValue? {
        guard let elements = TranslatedElements(metadata, document: document) else { return nil }
        let codecs: [JSONValue]
        switch chunks {
        case .stored:
            codecs = TranslatedCodecs.stored(metadata, document: document, elements: elements)
        case .decoded:
            let hasOrder = metadata.dataType.swapUnitBytes > 1
            codecs = [TranslatedCodecs.bytes(hasOrder ? .little : nil)]
        }
        let attributes = TranslatedAttributes(metadata, document: document)
        var members = [
            JSONMember(name: "zarr_format", value: .integer(3)),
            JSONMember(name: "node_type", value: .string("array")),
            JSONMember(name: "shape", value: .integers(metadata.shape)),
            JSONMember(name: "data_type", value: elements.dataType),
            JSONMember(
                name: "chunk_grid",
                value: named("regular", ["chunk_shape": .integers(metadata.chunkShape)])
            ),
            JSONMember(name: "chunk_key_encoding", value: chunkKeys(metadata.chunkKeys)),
            JSONMember(name: "fill_value", value: elements.fillValue),
            JSONMember(name: "codecs", value: .array(codecs)),
            JSONMember(name: "attributes", value: attributes.attributes),
        ]
        if let names = attributes.dimensionNames {
            members.append(
                JSONMember(name: "dimension_names", value: .array(names.map { .string($0) }))
            )
        }
        members.append(JSONMember(name: "storage_transformers", value: .array([])))
        return .object(members)
    }

    /// The document of a group.
    public static func group(attributes: JSONValue) -> JSONValue {
        .members([
            "zarr_format": .integer(3), "node_type": .string("group"), "attributes": attributes,
        ])
    }

    /// A document with the documents of everything below it, so that a client need not list keys.
    ///
    /// - Parameters:
    ///   - group: The document of a group; what it says of members itself is replaced.
    ///   - members: The documents below it, by their paths relative to it.
    /// - Returns: The document of the group with those of its members in it.
    ///
    /// Source: zarr-python 3.1, `zarr/core/group.py`, `ConsolidatedMetadata`.
    public static func consolidated(_ group: JSONValue, members: [JSONMember]) -> JSONValue {
        let name = "consolidated_metadata"
        let kept = (group.members ?? []).filter { $0.name != name }
        return .object(kept + [JSONMember(name: name, value: consolidation(members))])
    }

    /// The document of a group among the members of another: its own members are listed there, too.
    public static func member(_ group: JSONValue) -> JSONValue {
        consolidated(group, members: [])
    }

    private static func consolidation(_ members: [JSONMember]) -> JSONValue {
        .members([
            "kind": .string("inline"), "must_understand": .bool(false),
            "metadata": .object(members),
        ])
    }

    /// The keys as a client asks for them: those of Zarr v2 as they are stored, those of the original
    /// Hub layout by their coordinates.
    private static func chunkKeys(_ encoding: ChunkKeyEncoding) -> JSONValue {
        switch encoding {
        case .zarr2(let separator): named("v2", ["separator": .string(separator.text)])
        case .zarr3(let separator): named("default", ["separator": .string(separator.text)])
        case .hub0:
            named("default", ["separator": .string(ChunkKeyEncoding.Separator.slash.text)])
        }
    }

    /// A name with a configuration.
    static func named(
        _ name: String,
        _ configuration: KeyValuePairs<String, JSONValue>
    ) -> JSONValue {
        .members(["name": .string(name), "configuration": .members(configuration)])
    }
}
