/// Which volumes a Nave has, as each of them keeps it in `members.json`.
///
/// A Nave of one volume that never had others needs none. A JSON object of flat members, for people
/// to read; normative text: `docs/formats/members.md`.
///
///     member     value
///     format     "nave-members"
///     version    3
///     nave       the identifier of the Nave, a UUID
///     origin     the identifier that log and blobs carry: that of the volume the Nave began with
///     epoch      grows by one with every change of what follows
///     copies     on how many volumes everything is kept
///     members    the volumes, as UUIDs with a space between
///     seen       for each of them the last epoch that it is known to have in writing
///     log        those of them that hold the whole log
///     behind     those of them that may lack payloads: new, missing, or failed before
///     thin       1 if payloads may be on fewer volumes than `copies`, else 0
///     forgotten  volumes that were members and are not taken back
///
/// Version 1 had no `thin`; nothing is known of it there, so that it counts as 1. Versions 1 and 2 had no
/// `forgotten`, so that it counts as empty.
///
/// Invariants: no list has a volume twice; `log` and `behind` are among `members`, of `forgotten` none is;
/// `log` has at least one.
public struct VolumeMembership: Hashable, Sendable {
    /// The version that this program writes; it reads those before as well.
    public static let version: UInt64 = 3
    /// The longest file, in bytes; a longer one is not believed.
    public static let encodedBytesMax = 8192
    /// The most volumes a Nave has.
    public static let membersMax = 32
    /// The most volumes that are remembered as forgotten; of more the oldest are remembered no longer.
    public static let forgottenMax = 64
    private static let format = "nave-members"

    /// The Nave.
    public let naveID: UniqueID
    /// The identifier that log and blobs carry.
    public let originID: UniqueID
    /// Grows by one with every change.
    public private(set) var epoch: UInt64
    /// On how many volumes everything is kept, ≥ 1.
    public private(set) var copies: Int
    /// All volumes.
    public private(set) var members: [UniqueID]
    /// The last epoch that each of ``members`` is known to have in writing.
    public private(set) var seen: [UInt64]
    /// The volumes that hold the whole log.
    public private(set) var log: [UniqueID]
    /// The volumes that may lack payloads.
    public private(set) var behind: [UniqueID]
    /// Whether payloads may be on fewer volumes than ``copies``.
    public private(set) var isThin: Bool
    /// The volumes that were members and are not taken back, the one that was forgotten last at the end.
    public private(set) var forgotten: [UniqueID]

    /// The membership of a Nave that begins with one volume.
    public init(naveID: UniqueID, first: UniqueID, copies: Int) {
        self.naveID = naveID
        originID = first
        epoch = 0
        self.copies = copies
        members = [first]
        seen = [0]
        log = [first]
        behind = []
        isThin = false
        forgotten = []
    }

    /// Whether a volume is a member.
    public func contains(_ id: UniqueID) -> Bool { members.contains(id) }

    /// The next epoch, with a volume added that may lack something.
    public mutating func add(_ id: UniqueID) {
        precondition(!members.contains(id), "a volume is added once")
        precondition(!forgotten.contains(id), "a volume that was forgotten is not taken back")
        members.append(id)
        seen.append(0)
        behind.append(id)
        isThin = true
        epoch += 1
    }

    /// The next epoch, with a volume that can no longer be relied on.
    ///
    /// The last holder of the log stays one.
    public mutating func setBehind(_ id: UniqueID) {
        if log != [id] { log.removeAll { $0 == id } }
        if !behind.contains(id) { behind.append(id) }
        isThin = true
        epoch += 1
    }

    /// The next epoch, without a volume that is gone for good.
    ///
    /// - Parameter id: A member that holds no log which counts.
    public mutating func forget(_ id: UniqueID) {
        precondition(members.contains(id), "a member is forgotten")
        precondition(log != [id], "the last that holds the log stays")
        let kept = members.indices.filter { members[$0] != id }
        (members, seen) = (kept.map { members[$0] }, kept.map { seen[$0] })
        log.removeAll { $0 == id }
        behind.removeAll { $0 == id }
        forgotten = (forgotten + [id]).suffix(Self.forgottenMax)
        epoch += 1
    }

    /// The next epoch, with a volume that has all it should have.
    public mutating func setCurrent(_ id: UniqueID) {
        behind.removeAll { $0 == id }
        epoch += 1
    }

    /// The next epoch, with a volume that holds the whole log.
    public mutating func setHoldsLog(_ id: UniqueID) {
        precondition(members.contains(id), "a member holds the log")
        if !log.contains(id) { log.append(id) }
        epoch += 1
    }

    /// The next epoch, with another number of copies; if it is greater, payloads lack some.
    public mutating func setCopies(_ copies: Int) {
        if copies > self.copies { isThin = true }
        self.copies = copies
        epoch += 1
    }

    /// The next epoch, in which payloads may be on fewer volumes than ``copies``.
    public mutating func setThin() {
        isThin = true
        epoch += 1
    }

    /// The next epoch, in which every payload is on ``copies`` volumes.
    public mutating func setWhole() {
        isThin = false
        epoch += 1
    }

    /// Notes which volumes have this epoch in writing; before that none may be named.
    public mutating func note(writtenOn ids: [UniqueID]) {
        for (index, id) in members.enumerated() where ids.contains(id) { seen[index] = epoch }
    }

    /// Notes that what a volume has in writing, of an epoch, is taken into account here.
    mutating func note(_ id: UniqueID, hasWritten written: UInt64) {
        epoch = max(epoch, written)
        guard let index = members.firstIndex(of: id) else { return }
        seen[index] = max(seen[index], written)
    }

    /// Begins an epoch after one that another list had.
    mutating func pass(_ other: UInt64) { epoch = max(epoch, other + 1) }

    /// Whether it is the same list, but for what is known of who has it in writing.
    func isSame(as other: Self) -> Bool {
        var other = other
        guard other.members.count == members.count else { return false }
        other.seen = seen
        return self == other
    }

    /// Whether this list comes after what a volume has in writing.
    func hasSeen(_ other: Self, on volume: UniqueID) -> Bool {
        guard epoch > other.epoch, let index = members.firstIndex(of: volume) else { return false }
        return seen[index] >= other.epoch
    }
}

extension VolumeMembership {
    /// Reads a membership.
    ///
    /// - Throws: ``FormatError``; `.versionUnknown` before anything else about a file of a version
    ///   that this program does not know.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= Self.encodedBytesMax else { throw .textInvalid(offset: 0) }
        var text = LabelText(bytes)
        let fields = try text.members()
        guard fields["format"] == .text(Self.format) else { throw .fieldInvalid(.format) }
        guard case .number(let version) = fields["version"] else {
            throw .fieldInvalid(.version)
        }
        guard (1...Self.version).contains(version) else { throw .versionUnknown(version) }
        guard case .number(let epoch) = fields["epoch"], epoch < UInt64(Int64.max) else {
            throw .fieldInvalid(.epoch)
        }
        guard case .number(let copies) = fields["copies"],
            (1...UInt64(Self.membersMax)).contains(copies)
        else { throw .fieldInvalid(.copies) }
        naveID = try Self.identifier(fields["nave"], .naveID)
        originID = try Self.identifier(fields["origin"], .originID)
        self.epoch = epoch
        self.copies = Int(copies)
        members = try Self.identifiers(fields["members"], .members)
        seen = try Self.epochs(fields["seen"])
        log = try Self.identifiers(fields["log"], .log)
        behind = try Self.identifiers(fields["behind"], .behind)
        isThin = version == 1 ? true : try Self.truth(fields["thin"], .thin)
        forgotten = version < 3 ? [] : try Self.identifiers(fields["forgotten"], .forgotten)
        guard (1...Self.membersMax).contains(members.count) else { throw .fieldInvalid(.members) }
        guard seen.count == members.count, seen.allSatisfy({ $0 <= epoch }) else {
            throw .fieldInvalid(.epoch)
        }
        guard !log.isEmpty, log.allSatisfy(members.contains) else { throw .fieldInvalid(.log) }
        guard behind.allSatisfy(members.contains) else { throw .fieldInvalid(.behind) }
        guard forgotten.count <= Self.forgottenMax, !forgotten.contains(where: members.contains)
        else { throw .fieldInvalid(.forgotten) }
    }

    /// The bytes of the file.
    public func encoded() -> [UInt8] {
        Array(
            """
            {
              "format": "\(Self.format)",
              "version": \(Self.version),
              "nave": "\(naveID)",
              "origin": "\(originID)",
              "epoch": \(epoch),
              "copies": \(copies),
              "members": "\(Self.text(members))",
              "seen": "\(seen.map(String.init).joined(separator: " "))",
              "log": "\(Self.text(log))",
              "behind": "\(Self.text(behind))",
              "thin": \(isThin ? 1 : 0),
              "forgotten": "\(Self.text(forgotten))"
            }

            """.utf8
        )
    }

    private static func text(_ ids: [UniqueID]) -> String {
        ids.map(\.description).joined(separator: " ")
    }

    private static func identifier(
        _ value: LabelText.Value?,
        _ field: FormatField
    ) throws(FormatError) -> UniqueID {
        guard case .text(let text) = value, let id = UniqueID(text) else {
            throw .fieldInvalid(field)
        }
        return id
    }

    private static func identifiers(
        _ value: LabelText.Value?,
        _ field: FormatField
    ) throws(FormatError) -> [UniqueID] {
        guard case .text(let text) = value else { throw .fieldInvalid(field) }
        var ids: [UniqueID] = []
        for word in text.split(separator: " ") {
            guard let id = UniqueID(String(word)), !ids.contains(id) else {
                throw .fieldInvalid(field)
            }
            ids.append(id)
        }
        return ids
    }

    private static func truth(
        _ value: LabelText.Value?,
        _ field: FormatField
    ) throws(FormatError) -> Bool {
        switch value {
        case .number(0): return false
        case .number(1): return true
        case .number, .text, nil: throw .fieldInvalid(field)
        }
    }

    private static func epochs(_ value: LabelText.Value?) throws(FormatError) -> [UInt64] {
        guard case .text(let text) = value else { throw .fieldInvalid(.epoch) }
        var epochs: [UInt64] = []
        for word in text.split(separator: " ") {
            guard let epoch = UInt64(word) else { throw .fieldInvalid(.epoch) }
            epochs.append(epoch)
        }
        return epochs
    }
}
