import StorageModel

/// What a backup says about itself, in `backup.json` at its top.
///
/// A JSON object with one member per line, for people to read; normative text:
/// `docs/formats/backup.md`.
///
///     member      value
///     format      "nave-backup"
///     version     1; a change of what a backup holds takes a new one
///     volume      the identifier of the volume that it is of, a UUID
///     nave        the identifier of the Nave that the volume belongs to, a UUID
///     log_start   the address of the first byte of the log that is kept
///     position    the log counts up to this address; what follows it is of a backup that was begun
///     record      the address of the last record before `position`; equal to it if there is none
///     checksum    the checksum of that record, 16 hexadecimal digits; with the one before it, it
///                 tells whether a log goes on from this one
///     completed   when it was complete, in milliseconds since 1970-01-01T00:00:00Z
///     blobs       how many blobs the state at `position` needs
///     blob_bytes  what their files take together
///     damaged     how many payloads, in blobs or in the log, could not be read whole
public struct BackupManifest: Hashable, Sendable {
    /// The version that this program writes, and the only one that it reads.
    public static let version: UInt64 = 1
    /// The longest manifest, in bytes; a longer one is not believed.
    public static let encodedBytesMax = 4096
    private static let format = "nave-backup"

    /// The last record that a backup holds.
    public struct LastRecord: Hashable, Sendable {
        /// Its address.
        public let position: LogPosition
        /// Its checksum.
        public let checksum: UInt64

        /// Makes a mark of its values.
        public init(position: LogPosition, checksum: UInt64) {
            self.position = position
            self.checksum = checksum
        }
    }

    /// The volume that it is of.
    public var volumeID: UniqueID
    /// The Nave that the volume belongs to.
    public var naveID: UniqueID
    /// The first address of the log that is kept.
    public var logStart: LogPosition
    /// The address up to which the log counts.
    public var position: LogPosition
    /// The last record before it.
    public var last: LastRecord
    /// When it was complete.
    public var completed: WallTime
    /// How many blobs it needs.
    public var blobCount: Int64
    /// What their files take together, in bytes.
    public var blobBytes: Int64
    /// How many payloads, in blobs or in the log, could not be read whole.
    public var damagedPayloadCount: Int64

    /// Makes a manifest of its values.
    public init(
        volumeID: UniqueID,
        naveID: UniqueID,
        logStart: LogPosition,
        position: LogPosition,
        last: LastRecord,
        completed: WallTime,
        blobCount: Int64,
        blobBytes: Int64,
        damagedPayloadCount: Int64
    ) {
        self.volumeID = volumeID
        self.naveID = naveID
        self.logStart = logStart
        self.position = position
        self.last = last
        self.completed = completed
        self.blobCount = blobCount
        self.blobBytes = blobBytes
        self.damagedPayloadCount = damagedPayloadCount
    }

    /// Reads a manifest.
    ///
    /// - Throws: ``FormatError``; `.versionUnknown` before anything else about a manifest of a
    ///   version that this program does not know.
    public init(decoding bytes: [UInt8]) throws(FormatError) {
        guard bytes.count <= Self.encodedBytesMax else { throw .textInvalid(offset: 0) }
        var text = LabelText(bytes)
        let members = ManifestMembers(try text.members())
        guard members.text("format") == Self.format else { throw .fieldInvalid(.format) }
        guard case .number(let version) = members.values["version"] else {
            throw .fieldInvalid(.version)
        }
        guard version == Self.version else { throw .versionUnknown(version) }
        guard let volumeID = members.text("volume").flatMap(UniqueID.init) else {
            throw .fieldInvalid(.volumeID)
        }
        guard let naveID = members.text("nave").flatMap(UniqueID.init) else {
            throw .fieldInvalid(.naveID)
        }
        guard let start = members.number("log_start"), let position = members.number("position"),
            let record = members.number("record"), start <= record, record <= position
        else { throw .fieldInvalid(.position) }
        guard let digits = members.text("checksum"), digits.utf8.count == 16,
            let checksum = UInt64(digits, radix: 16)
        else { throw .fieldInvalid(.checksum) }
        guard let completed = members.number("completed") else { throw .fieldInvalid(.created) }
        guard let blobs = members.number("blobs"), let bytes = members.number("blob_bytes"),
            let damaged = members.number("damaged")
        else { throw .fieldInvalid(.blobCount) }
        self.init(
            volumeID: volumeID,
            naveID: naveID,
            logStart: LogPosition(start),
            position: LogPosition(position),
            last: LastRecord(position: LogPosition(record), checksum: checksum),
            completed: WallTime(milliseconds: completed),
            blobCount: blobs,
            blobBytes: bytes,
            damagedPayloadCount: damaged
        )
    }

    /// The bytes of the manifest.
    public func encoded() -> [UInt8] {
        let digits = String(last.checksum, radix: 16)
        let checksum = String(repeating: "0", count: 16 - digits.utf8.count) + digits
        return Array(
            """
            {
              "format": "\(Self.format)",
              "version": \(Self.version),
              "volume": "\(volumeID)",
              "nave": "\(naveID)",
              "log_start": \(logStart.bytes),
              "position": \(position.bytes),
              "record": \(last.position.bytes),
              "checksum": "\(checksum)",
              "completed": \(max(0, completed.milliseconds)),
              "blobs": \(blobCount),
              "blob_bytes": \(blobBytes),
              "damaged": \(damagedPayloadCount)
            }

            """.utf8
        )
    }
}

/// The members of a manifest, by name.
private struct ManifestMembers {
    let values: [String: LabelText.Value]

    init(_ values: [String: LabelText.Value]) {
        self.values = values
    }

    func text(_ name: String) -> String? {
        guard case .text(let text) = values[name] else { return nil }
        return text
    }

    func number(_ name: String) -> Int64? {
        guard case .number(let number) = values[name] else { return nil }
        return Int64(exactly: number)
    }
}
