import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore

/// The answer about statistics, member by member; lists of values are spelled straight from their
/// bytes, as a JSON tree of them would be many times as large.
struct StatisticsDocument {
    private var members: [JSONMember]
    private var lists: [UInt8] = []

    /// Begins with what was asked.
    init(_ wanted: StatisticsRequest, _ selection: Selection, _ dataType: DataType) {
        members = [
            JSONMember(name: "reference", value: .string(wanted.reference.text)),
            JSONMember(name: "slice", value: .string(wanted.slice)),
            JSONMember(name: "dtype", value: .string(dataType.name)),
            JSONMember(name: "shape", value: .integers(selection.shape)),
        ]
    }

    /// Adds a member.
    mutating func add(_ name: String, _ value: JSONValue) {
        members.append(JSONMember(name: name, value: value))
    }

    /// Adds the member `statistics` of nested lists.
    mutating func add(lists values: [(name: String, values: StatisticArray)], shape: [Int]) {
        lists = Array(",\n  \"statistics\": {".utf8)
        for (index, entry) in values.enumerated() {
            if index > 0 { lists.append(UInt8(ascii: ",")) }
            lists += Array("\n    \"\(entry.name)\": ".utf8)
            guard !shape.contains(0) else {
                lists += NestedListWriter.empty(shape: shape).serialized()
                continue
            }
            var writer = NestedListWriter(dataType: entry.values.dataType, shape: shape)
            entry.values.bytes.withUnsafeBytes { writer.append($0, to: &lists) }
        }
        lists += Array("\n  }".utf8)
    }

    /// The answer.
    var response: HTTPResponse {
        guard !lists.isEmpty else { return .document(.object(members)) }
        var text = JSONValue.object(members).serialized(.readable)
        // Before the brace and the line feed that end the document, and the line feed before them.
        text.removeLast(3)
        text += lists
        text += Array("\n}\n".utf8)
        return HTTPResponse(
            status: .ok,
            headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(bytes: text))
        )
    }
}
