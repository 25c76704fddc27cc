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

    /// A member of nested lists.
    struct List {
        let name: String
        let values: StatisticArray
        let shape: [Int]
    }

    /// Adds a member that is an object of nested lists, behind all others.
    mutating func add(_ name: String, lists members: [List]) {
        lists += Array(",\n  \"\(name)\": {".utf8)
        for (index, member) in members.enumerated() {
            if index > 0 { lists.append(UInt8(ascii: ",")) }
            lists += Array("\n    \"\(member.name)\": ".utf8)
            guard !member.shape.contains(0) else {
                lists += NestedListWriter.empty(shape: member.shape).serialized()
                continue
            }
            var writer = NestedListWriter(
                dataType: member.values.dataType,
                shape: member.shape
            )
            member.values.bytes.withUnsafeBytes { writer.append($0, to: &lists) }
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
