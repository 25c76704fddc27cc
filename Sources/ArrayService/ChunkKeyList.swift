import ArrayModel
import ArrayStorage

/// What the body of a request for many chunks asks for: `{"keys": ["c/0/0", "c/0/1"]}`, and with
/// `"entity_tags": ["\"…\"", null]` what the client has of them.
struct ChunkKeyList: Hashable, Sendable {
    /// Keys of chunks below the array, in the order of the answer.
    let keys: [String]
    /// Nothing, or for each key the entity tag, with its quotation marks, of what the client has.
    let entityTags: [String?]

    /// The members of the body.
    static let members = ["keys", "entity_tags"]

    /// Reads the members of a body.
    ///
    /// - Throws: ``ArrayServiceError/body(_:)``, which names the first key that is none.
    init(_ body: JSONBody?) throws(ArrayServiceError) {
        guard let body else { throw .body(.notObject) }
        guard let value = body["keys"] else { throw .body(.memberMissing("keys")) }
        let countMax = ArrayServiceLimits.chunkKeysMax
        guard let elements = value.elements, elements.count <= countMax else {
            throw .body(
                .memberInvalid("keys", expected: "a list of at most \(countMax) keys of chunks")
            )
        }
        var keys: [String] = []
        for (index, element) in elements.enumerated() {
            guard let key = element.string, ZarrPath.isChunkKey(key) else {
                throw .body(
                    .memberInvalid(
                        "keys[\(index)]",
                        expected: "the key of a chunk, such as c/0/1, not \(Self.shown(element))"
                    )
                )
            }
            keys.append(key)
        }
        self.keys = keys
        entityTags = try Self.entityTags(body["entity_tags"], count: keys.count)
    }

    private static func entityTags(
        _ value: JSONValue?,
        count: Int
    ) throws(ArrayServiceError) -> [String?] {
        guard let value, value != .null else { return [] }
        let expected = "a list of as many entity tags or nulls as there are keys"
        guard let elements = value.elements, elements.count == count else {
            throw .body(.memberInvalid("entity_tags", expected: expected))
        }
        var tags: [String?] = []
        for element in elements {
            guard element == .null || element.string != nil else {
                throw .body(.memberInvalid("entity_tags", expected: expected))
            }
            tags.append(element.string)
        }
        return tags
    }

    /// A value as it is told in an error; long ones are cut.
    private static func shown(_ value: JSONValue) -> String {
        let text = value.serialized().prefix(shownBytesMax)
        return String(decoding: text, as: UTF8.self)
    }

    private static let shownBytesMax = 200
}
