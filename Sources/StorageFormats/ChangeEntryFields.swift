import StorageModel

// The fields of an object that a change and the index write alike.

extension ChangeByteWriter {
    mutating func attributes(_ attributes: ObjectAttributes) {
        headers(attributes.systemHeaders)
        headers(attributes.userMetadata)
    }

    private mutating func headers(_ headers: [HeaderField]) {
        count(headers.count)
        for header in headers {
            text(header.name)
            text(header.value)
        }
    }

    mutating func checksums(_ checksums: [ObjectChecksum]) {
        count(checksums.count)
        for checksum in checksums {
            byte(checksum.algorithm.rawValue)
            byte(checksum.scope.rawValue)
            text(checksum.text)
        }
    }

    mutating func uploadChecksum(_ checksum: UploadChecksum?) {
        guard let checksum else { return byte(0) }
        byte(1)
        byte(checksum.algorithm.rawValue)
        byte(checksum.scope.rawValue)
    }

    mutating func parts(_ parts: [CompletedPart]) {
        count(parts.count)
        for part in parts {
            count(part.number)
            unsigned(UInt64(bitPattern: part.sizeBytes))
            checksums(part.checksum.map { [$0] } ?? [])
        }
    }

    mutating func runs(_ runs: [PayloadRun]) {
        count(runs.count)
        for run in runs {
            switch run {
            case .recorded:
                byte(0)
            case .recordedPart(let offset, let lengthBytes, let blockChecksums):
                byte(3)
                count(offset)
                blocks(lengthBytes: lengthBytes, checksums: blockChecksums)
            case .stored(.inline(let position, let lengthBytes, let blockChecksums)):
                byte(1)
                unsigned(UInt64(bitPattern: position.bytes))
                blocks(lengthBytes: lengthBytes, checksums: blockChecksums)
            case .stored(.blob(let id, let offset, let lengthBytes)):
                byte(2)
                fixed64(id.number)
                unsigned(UInt64(bitPattern: offset))
                unsigned(UInt64(bitPattern: lengthBytes))
            }
        }
    }

    private mutating func blocks(lengthBytes: Int, checksums: [UInt64]) {
        precondition(
            checksums.count == ChangeByteReader.blockCount(lengthBytes: lengthBytes),
            "a run has one checksum per block"
        )
        count(lengthBytes)
        for checksum in checksums { fixed64(checksum) }
    }
}

extension ChangeByteReader {
    /// The blocks of a run, the last of which may be shorter.
    static func blockCount(lengthBytes: Int) -> Int {
        let (whole, rest) = lengthBytes.quotientAndRemainder(dividingBy: Payload.blockBytes)
        return whole + (rest > 0 ? 1 : 0)
    }

    mutating func presence() throws(ChangeFormatError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw .valueInvalid(field: .presence, offset: offset)
        }
    }

    mutating func attributes() throws(ChangeFormatError) -> ObjectAttributes {
        ObjectAttributes(systemHeaders: try headers(), userMetadata: try headers())
    }

    private mutating func headers() throws(ChangeFormatError) -> [HeaderField] {
        let count = try count(bytesEach: 2)
        var headers: [HeaderField] = []
        headers.reserveCapacity(count)
        for _ in 0..<count { headers.append(HeaderField(try text(), try text())) }
        return headers
    }

    private mutating func algorithm() throws(ChangeFormatError) -> ChecksumAlgorithm {
        guard let algorithm = ChecksumAlgorithm(rawValue: try byte()) else {
            throw .valueInvalid(field: .checksumAlgorithm, offset: offset)
        }
        return algorithm
    }

    private mutating func scope() throws(ChangeFormatError) -> ChecksumScope {
        guard let scope = ChecksumScope(rawValue: try byte()) else {
            throw .valueInvalid(field: .checksumScope, offset: offset)
        }
        return scope
    }

    mutating func checksums() throws(ChangeFormatError) -> [ObjectChecksum] {
        let count = try count(bytesEach: 3)
        var checksums: [ObjectChecksum] = []
        checksums.reserveCapacity(count)
        for _ in 0..<count {
            checksums.append(
                ObjectChecksum(algorithm: try algorithm(), scope: try scope(), text: try text())
            )
        }
        return checksums
    }

    mutating func uploadChecksum() throws(ChangeFormatError) -> UploadChecksum? {
        guard try presence() else { return nil }
        return UploadChecksum(algorithm: try algorithm(), scope: try scope())
    }

    mutating func partNumber() throws(ChangeFormatError) -> Int {
        let number = try number()
        guard UploadedPart.numbers.contains(Int(number)) else {
            throw .valueInvalid(field: .partNumber, offset: offset)
        }
        return Int(number)
    }

    mutating func parts() throws(ChangeFormatError) -> [CompletedPart] {
        let count = try count(bytesEach: 3)
        var parts: [CompletedPart] = []
        parts.reserveCapacity(count)
        for _ in 0..<count {
            parts.append(
                CompletedPart(
                    number: try partNumber(),
                    sizeBytes: try number(),
                    checksum: try checksums().first
                )
            )
        }
        return parts
    }

    /// Runs whose lengths together leave room for the record's own payload in 63 bits.
    mutating func runs() throws(ChangeFormatError) -> [PayloadRun] {
        let count = try count(bytesEach: 1)
        var runs: [PayloadRun] = []
        runs.reserveCapacity(count)
        var totalBytes: Int64 = 0
        for _ in 0..<count {
            let run = try run()
            let (sum, overflow) = totalBytes.addingReportingOverflow(run.ownLengthBytes)
            guard !overflow, sum <= Int64.max / 2 else {
                throw .valueInvalid(field: .runLength, offset: offset)
            }
            totalBytes = sum
            runs.append(run)
        }
        return runs
    }

    private mutating func run() throws(ChangeFormatError) -> PayloadRun {
        switch try byte() {
        case 0:
            return .recorded
        case 1:
            let position = LogPosition(try number())
            let (lengthBytes, checksums) = try blocks()
            return .stored(
                .inline(position: position, lengthBytes: lengthBytes, blockChecksums: checksums)
            )
        case 2:
            return .stored(
                .blob(
                    BlobID(try fixed64()),
                    offset: try number(),
                    lengthBytes: try number()
                )
            )
        case 3:
            let start = Int(try number())
            let (lengthBytes, checksums) = try blocks()
            guard lengthBytes > 0 else { throw .valueInvalid(field: .runLength, offset: offset) }
            return .recordedPart(
                offset: start,
                lengthBytes: lengthBytes,
                blockChecksums: checksums
            )
        default: throw .valueInvalid(field: .runKind, offset: offset)
        }
    }

    private mutating func blocks() throws(ChangeFormatError) -> (Int, [UInt64]) {
        let lengthBytes = Int(try number())
        let count = Self.blockCount(lengthBytes: lengthBytes)
        guard count <= remainingBytes / 8 else { throw .truncated(offset: offset) }
        var checksums: [UInt64] = []
        checksums.reserveCapacity(count)
        for _ in 0..<count { checksums.append(try fixed64()) }
        return (lengthBytes, checksums)
    }
}

extension PayloadRun {
    /// The length that the run itself says, in bytes; 0 where the record says it.
    fileprivate var ownLengthBytes: Int64 {
        switch self {
        case .recorded: 0
        case .recordedPart(_, let lengthBytes, _): Int64(lengthBytes)
        case .stored(let extent): extent.lengthBytes
        }
    }
}
