import StorageModel

/// What a volume says about itself, in `volume.json` at its top.
///
/// A JSON object with one member per line, for people to read; normative text:
/// `docs/formats/volume.md`.
///
///     member   value
///     format   "nave-volume"
///     version  1; a change of what a volume holds takes a new one
///     volume   the volume's identifier, a UUID
///     nave     the identifier of the Nave that the volume belongs to, a UUID
///     created  when it was made, in milliseconds since 1970-01-01T00:00:00Z
public struct VolumeLabel: Hashable, Sendable {
    /// The version that this program writes, and the only one that it reads.
    public static let version: UInt64 = 1
    /// The longest label, in bytes; a longer one is not believed.
    public static let encodedBytesMax = 4096
    private static let format = "nave-volume"

    /// The volume's identifier.
    public let volumeID: UniqueID
    /// The identifier of the Nave that the volume belongs to.
    public let naveID: UniqueID
    /// When it was made.
    public let created: WallTime

    /// Makes a label of its values.
    public init(volumeID: UniqueID, naveID: UniqueID, created: WallTime) {
        self.volumeID = volumeID
        self.naveID = naveID
        self.created = created
    }

    /// Reads a label.
    ///
    /// - Throws: ``FormatError``; `.versionUnknown` before anything else about a label of a
    ///   version that this program does not know.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= Self.encodedBytesMax else { throw .textInvalid(offset: 0) }
        var text = LabelText(bytes)
        let members = try text.members()
        guard members["format"] == .text(Self.format) else { throw .fieldInvalid(.format) }
        guard case .number(let version) = members["version"] else {
            throw .fieldInvalid(.version)
        }
        guard version == Self.version else { throw .versionUnknown(version) }
        guard case .text(let volume) = members["volume"], let volumeID = UniqueID(volume) else {
            throw .fieldInvalid(.volumeID)
        }
        guard case .text(let nave) = members["nave"], let naveID = UniqueID(nave) else {
            throw .fieldInvalid(.naveID)
        }
        guard case .number(let created) = members["created"],
            let milliseconds = Int64(exactly: created)
        else { throw .fieldInvalid(.created) }
        self.init(
            volumeID: volumeID,
            naveID: naveID,
            created: WallTime(milliseconds: milliseconds)
        )
    }

    /// The bytes of the label.
    public func encoded() -> [UInt8] {
        Array(
            """
            {
              "format": "\(Self.format)",
              "version": \(Self.version),
              "volume": "\(volumeID)",
              "nave": "\(naveID)",
              "created": \(max(0, created.milliseconds))
            }

            """.utf8
        )
    }
}

/// A reader of the JSON that labels are written in: one object of texts and whole numbers.
///
/// Texts have no escapes. A member that is there twice is refused.
struct LabelText {
    enum Value: Hashable {
        case text(String)
        case number(UInt64)
    }

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func members() throws(FormatError) -> [String: Value] {
        var members: [String: Value] = [:]
        try take("{")
        if next != UInt8(ascii: "}") {
            repeat {
                let name = try text()
                try take(":")
                guard members.updateValue(try value(), forKey: name) == nil else { throw invalid }
            } while takeIfThere(",")
        }
        try take("}")
        guard next == nil else { throw invalid }
        return members
    }

    private mutating func value() throws(FormatError) -> Value {
        if next == UInt8(ascii: "\"") { return .text(try text()) }
        let start = offset
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            offset += 1
        }
        let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let number = UInt64(digits), digits == "\(number)" else { throw invalid }
        return .number(number)
    }

    private mutating func text() throws(FormatError) -> String {
        try take("\"")
        let start = offset
        while let byte = peek, byte != UInt8(ascii: "\"") {
            guard (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") else { throw invalid }
            offset += 1
        }
        defer { offset += 1 }
        guard peek != nil else { throw invalid }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private var invalid: FormatError { .textInvalid(offset: offset) }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// The next byte that is no white space, which is passed over.
    private var next: UInt8? {
        mutating get {
            while let byte = peek, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { offset += 1 }
            return peek
        }
    }

    private mutating func takeIfThere(_ mark: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: mark) else { return false }
        offset += 1
        return true
    }

    private mutating func take(_ mark: Unicode.Scalar) throws(FormatError) {
        guard takeIfThere(mark) else { throw invalid }
    }
}
