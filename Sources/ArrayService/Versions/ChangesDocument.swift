import ArrayModel
import StorageModel

/// How events are spelled in a stream of server-sent events.
///
/// Source: HTML standard, section "Server-sent events".
enum ChangesDocument {
    /// One event: its number is the id with which a client goes on after a break.
    static func text(_ event: ArrayEvent, in namespace: Namespace) -> String {
        let data = String(decoding: value(event, in: namespace).serialized(), as: UTF8.self)
        return "id: \(event.number)\nevent: \(word(event.kind))\ndata: \(data)\n\n"
    }

    /// Says after which event a stream begins: a client that is cut off before it was told any goes on from
    /// there.
    ///
    /// It has an id and no data: clients take the id and tell nobody.
    static func opening(at number: Int64) -> String { "id: \(number)\n\n" }

    /// What keeps a quiet connection alive; clients pass it over.
    static let heartbeat = ": nothing new\n\n"

    /// Says that events before `number` are no longer kept, so that a client that lacks them reads anew, and
    /// goes on with that one.
    static func reset(before number: Int64) -> String {
        "id: \(number - 1)\nevent: reset\ndata: {\"oldest\": \(number)}\n\n"
    }

    private static func value(_ event: ArrayEvent, in namespace: Namespace) -> JSONValue {
        let place = event.place
        var members = [
            JSONMember(name: "namespace", value: .string(namespace.name.text)),
            JSONMember(name: "name", value: .string(place.name)),
            JSONMember(name: "tag", value: .string(place.tag)),
            JSONMember(name: "time", value: .string(event.time.timestamp)),
            JSONMember(name: "actor", value: event.actor.map { .string($0.text) } ?? .null),
        ]
        if !place.member.isEmpty {
            members.append(JSONMember(name: "member", value: .string(place.member)))
        }
        if !event.key.isEmpty {
            members.append(JSONMember(name: "key", value: .string(event.key)))
        }
        if !event.detail.isEmpty {
            let name = event.kind == .renamed ? "before" : "digest"
            members.append(JSONMember(name: name, value: .string(event.detail)))
        }
        return .object(members)
    }

    private static func word(_ kind: ArrayEvent.Kind) -> String {
        switch kind {
        case .written: "written"
        case .deleted: "deleted"
        case .forked: "forked"
        case .committed: "committed"
        case .sealed: "sealed"
        case .unsealed: "unsealed"
        case .rolledBack: "rolled_back"
        case .renamed: "renamed"
        case .versionDeleted: "version_deleted"
        case .draftCreated: "draft_created"
        case .draftDiscarded: "draft_discarded"
        }
    }
}
