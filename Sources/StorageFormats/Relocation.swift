import StorageModel

/// What a run of payload bytes in the log belongs to: one row of the index.
public enum ExtentOwner: Hashable, Sendable {
    /// The object that a change put under a key.
    case object(LineKey, sequence: Int64)
    /// A part of an upload.
    case part(UploadID, number: Int)
}

/// A run of payload bytes in the log that moves into the payload of a later record, so that the
/// segment it lies in can be given back to the disk.
///
/// Only the place changes: length and checksums stay as the owner's row has them.
public struct Relocation: Hashable, Sendable {
    /// Whose bytes they are.
    public let owner: ExtentOwner
    /// The address of the first byte so far.
    public let from: LogPosition
    /// The length of the run, in bytes.
    public let lengthBytes: Int
    /// Where the run begins in the payload of the record that moves it.
    public let payloadOffset: Int

    /// Makes a relocation of its values.
    public init(owner: ExtentOwner, from: LogPosition, lengthBytes: Int, payloadOffset: Int) {
        precondition(lengthBytes > 0, "a run has bytes")
        precondition(payloadOffset >= 0, "a run begins within the payload")
        self.owner = owner
        self.from = from
        self.lengthBytes = lengthBytes
        self.payloadOffset = payloadOffset
    }
}

extension ChangeByteWriter {
    mutating func relocations(_ relocations: [Relocation]) {
        count(relocations.count)
        for relocation in relocations {
            switch relocation.owner {
            case .object(let place, let sequence):
                byte(0)
                signed(place.line.number)
                text(place.key.text)
                unsigned(UInt64(bitPattern: sequence))
            case .part(let upload, let number):
                byte(1)
                text(upload.text)
                count(number)
            }
            unsigned(UInt64(bitPattern: relocation.from.bytes))
            count(relocation.lengthBytes)
            count(relocation.payloadOffset)
        }
    }
}

extension ChangeByteReader {
    mutating func relocations() throws(ChangeFormatError) -> [Relocation] {
        let count = try count(bytesEach: 6)
        var relocations: [Relocation] = []
        relocations.reserveCapacity(count)
        for _ in 0..<count {
            let owner = try extentOwner()
            let from = LogPosition(try number())
            let lengthBytes = Int(try number())
            guard lengthBytes > 0 else { throw .valueInvalid(field: .runLength, offset: offset) }
            relocations.append(
                Relocation(
                    owner: owner,
                    from: from,
                    lengthBytes: lengthBytes,
                    payloadOffset: Int(try number())
                )
            )
        }
        return relocations
    }

    private mutating func extentOwner() throws(ChangeFormatError) -> ExtentOwner {
        switch try byte() {
        case 0:
            let line = LineID(try signed())
            let key = ObjectKey(trusted: try text())
            return .object(LineKey(line: line, key: key), sequence: try number())
        case 1:
            let upload = UploadID(try text())
            return .part(upload, number: try partNumber())
        default: throw .valueInvalid(field: .ownerKind, offset: offset)
        }
    }
}
