import StorageModel

/// The names of a volume's files; see `docs/formats/volume.md`.
struct VolumeLayout: Hashable, Sendable {
    let directory: String

    var label: String { "\(directory)/volume.json" }
    var members: String { "\(directory)/members.json" }
    var lock: String { "\(directory)/\(VolumeCopy.lockName)" }
    var log: String { "\(directory)/log" }
    var blobs: String { "\(directory)/blobs" }
    var snapshots: String { "\(directory)/snapshots" }

    /// Ends the name of a file that is being made; one that is found is litter of a crash.
    static let unfinishedSuffix = ".new"

    func segment(_ first: LogPosition) -> String {
        "\(log)/\(Self.hexadecimal(UInt64(bitPattern: first.bytes))).log"
    }

    /// The directory of a blob, named for the first two digits of its number.
    func blobDirectory(_ id: BlobID) -> String {
        "\(blobs)/\(Self.fanOut(id))"
    }

    func blob(_ id: BlobID) -> String {
        "\(blobDirectory(id))/\(Self.hexadecimal(id.number)).blob"
    }

    func snapshot(_ position: LogPosition) -> String {
        "\(snapshots)/\(Self.hexadecimal(UInt64(bitPattern: position.bytes))).snapshot"
    }

    /// Where a blob is written before it is whole.
    func unfinishedBlob(_ id: BlobID) -> String {
        blob(id) + Self.unfinishedSuffix
    }

    static func fanOut(_ id: BlobID) -> String {
        String(hexadecimal(id.number).prefix(2))
    }

    /// The first address of the segment of a file's name; `nil` if it is no segment's name.
    static func segmentPosition(ofName name: String) -> LogPosition? {
        guard let number = number(ofName: name, suffix: ".log") else { return nil }
        return Int64(exactly: number).map(LogPosition.init)
    }

    /// The position of the snapshot of a file's name; `nil` if it is no snapshot's name.
    static func snapshotPosition(ofName name: String) -> LogPosition? {
        guard let number = number(ofName: name, suffix: ".snapshot") else { return nil }
        return Int64(exactly: number).map(LogPosition.init)
    }

    /// The number of the blob of a file's name; `nil` if it is no blob's name.
    static func blobID(ofName name: String) -> BlobID? {
        number(ofName: name, suffix: ".blob").map(BlobID.init)
    }

    private static func number(ofName name: String, suffix: String) -> UInt64? {
        guard name.utf8.count == 16 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let digits = String(name.prefix(16))
        guard let number = UInt64(digits, radix: 16), hexadecimal(number) == digits else {
            return nil
        }
        return number
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
