import ArrayModel
import ArrayStorage
import StorageModel

/// How arrays and groups are spelled in the API's JSON.
enum DescriptionDocument {
    /// How much is said of one array.
    enum Detail {
        case listed
        case described

        var attributesBytesMax: Int {
            switch self {
            case .listed: ArrayServiceLimits.listedAttributesBytesMax
            case .described: ArrayServiceLimits.describedAttributesBytesMax
            }
        }
    }

    /// One array or group.
    static func value(_ description: ArrayDescription, _ detail: Detail) -> JSONValue {
        .object(members(description, detail))
    }

    /// The members of one array or group.
    static func members(_ description: ArrayDescription, _ detail: Detail) -> [JSONMember] {
        let node = description.node
        let place = node.place
        var members: [JSONMember] = [
            JSONMember(name: "reference", value: .string(reference(description).text)),
            JSONMember(name: "namespace", value: .string(description.namespace.name.text)),
            JSONMember(name: "name", value: .string(place.name)),
            JSONMember(name: "tag", value: .string(place.tag)),
        ]
        if !place.member.isEmpty {
            members.append(JSONMember(name: "member", value: .string(place.member)))
        }
        members += content(description, detail)
        if let tally = node.tally {
            members += [
                JSONMember(name: "chunks_stored", value: .integer(tally.chunks)),
                JSONMember(name: "bytes_stored", value: .integer(tally.storedBytes)),
                JSONMember(name: "content_hash", value: .string(tally.contentHash.hexadecimal)),
            ]
        }
        let changed = max(node.tally?.changed ?? node.modified, node.modified)
        members += [
            JSONMember(name: "changed", value: .string(changed.timestamp))
        ]
        // What was committed has no keys in the bucket, and is not changed.
        if description.digest == nil {
            let prefix = JSONValue.string(keyPrefix(description))
            members.append(JSONMember(name: "key_prefix", value: prefix))
            let entityTag = JSONValue.string("\"\(description.state.text)\"")
            members.append(JSONMember(name: "metadata_entity_tag", value: entityTag))
        }
        return members
    }

    private static func content(_ description: ArrayDescription, _ detail: Detail) -> [JSONMember] {
        let dialect = JSONMember(
            name: "dialect",
            value: .string(dialectName(description.node.fact.dialect))
        )
        switch description.content {
        case .array(let metadata):
            return [JSONMember(name: "kind", value: .string("array")), dialect]
                + array(metadata) + attributes(metadata.attributes, detail)
        case .group(let value):
            return [JSONMember(name: "kind", value: .string("group")), dialect]
                + attributes(value, detail)
        case .unreadable(let note):
            return [
                JSONMember(name: "kind", value: .string("unreadable")), dialect,
                JSONMember(name: "note", value: .string(note)),
            ]
        case .changing:
            return [
                JSONMember(name: "kind", value: .string("unreadable")), dialect,
                JSONMember(
                    name: "note",
                    value: .string("The metadata changed while it was read.")
                ),
            ]
        }
    }

    private static func array(_ metadata: ArrayMetadata) -> [JSONMember] {
        var members = [
            JSONMember(name: "shape", value: .integers(metadata.shape)),
            JSONMember(name: "dtype", value: .string(metadata.dataType.name)),
            JSONMember(name: "chunk_shape", value: .integers(metadata.chunkShape)),
        ]
        for case .sharding(let shards) in metadata.codecs {
            members.append(
                JSONMember(name: "inner_chunk_shape", value: .integers(shards.chunkShape))
            )
        }
        members += [
            JSONMember(name: "codecs", value: .array(metadata.codecs.map { .string($0.name) })),
            JSONMember(name: "order", value: .string(metadata.order.letter)),
            JSONMember(name: "byte_order", value: byteOrder(metadata)),
            JSONMember(name: "fill_value", value: metadata.fillValue.spelling),
        ]
        if let names = metadata.dimensionNames {
            let values = names.map { $0.map(JSONValue.string) ?? .null }
            members.append(JSONMember(name: "dimension_names", value: .array(values)))
        }
        if !metadata.dataType.isSliceable {
            let note = "Arrays of this type are stored and listed, but cannot be sliced."
            members.append(JSONMember(name: "note", value: .string(note)))
        }
        members.append(
            JSONMember(name: "chunks_total", value: .integer(metadata.grid.chunkCount))
        )
        return members
    }

    private static func byteOrder(_ metadata: ArrayMetadata) -> JSONValue {
        switch metadata.byteOrder {
        case .little: .string("little")
        case .big: .string("big")
        case nil: .null
        }
    }

    /// The attributes, or how long they are where that is too long to show.
    private static func attributes(_ value: JSONValue, _ detail: Detail) -> [JSONMember] {
        let length = value.serialized().count
        guard length <= detail.attributesBytesMax else {
            return [JSONMember(name: "attributes_bytes", value: .integer(length))]
        }
        return [JSONMember(name: "attributes", value: value)]
    }

    private static func reference(_ description: ArrayDescription) -> ArrayReference {
        let place = description.node.place
        let isPlain =
            description.digest == nil && place.tag == ArrayReference.defaultTag
            && place.member.isEmpty
        return ArrayReference(
            namespace: description.namespace.name.text,
            name: place.name,
            explicitTag: isPlain || description.digest != nil ? nil : place.tag,
            digest: description.digest,
            member: place.member
        )
    }

    /// What the keys of an array begin with, as S3 clients see them.
    private static func keyPrefix(_ description: ArrayDescription) -> String {
        let node = description.node
        let below = node.path.isEmpty ? "" : node.path + "/"
        return node.line == description.namespace.line
            ? below : "\(node.place.name):\(node.place.tag)/\(below)"
    }

    private static func dialectName(_ dialect: StorageModel.ArrayDialect) -> String {
        switch dialect {
        case .zarr3: ArrayMetadata.Dialect.zarr3.rawValue
        case .zarr2: ArrayMetadata.Dialect.zarr2.rawValue
        case .hub0: ArrayMetadata.Dialect.hub0.rawValue
        }
    }
}
