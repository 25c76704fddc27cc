import StorageModel

/// The part of an object that the index keeps as one column: everything but what it sorts, lists or
/// compares by.
///
/// See `docs/formats/index.md`.
public struct StoredEntry: Hashable, Sendable {
    /// The version that this program writes.
    public static let formatVersion: UInt8 = 1

    /// System headers and user metadata.
    public let attributes: ObjectAttributes
    /// Checksums kept with the object.
    public let checksums: [ObjectChecksum]
    /// The parts it was completed from.
    public let parts: [CompletedPart]
    /// Its bytes.
    public let payload: Payload

    /// Makes a stored entry of its parts.
    public init(
        attributes: ObjectAttributes,
        checksums: [ObjectChecksum],
        parts: [CompletedPart],
        payload: Payload
    ) {
        self.attributes = attributes
        self.checksums = checksums
        self.parts = parts
        self.payload = payload
    }

    /// The entry as the index keeps it.
    public func encoded() -> [UInt8] {
        var writer = ChangeByteWriter(reservingBytes: 64)
        writer.byte(Self.formatVersion)
        writer.runs(payload.extents.map { .stored($0) })
        writer.attributes(attributes)
        writer.checksums(checksums)
        writer.parts(parts)
        return writer.bytes
    }

    /// Reads what ``encoded()`` wrote.
    ///
    /// - Throws: ``ChangeFormatError`` for everything else; never traps.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(ChangeFormatError) {
        var reader = ChangeByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.formatVersion else { throw .versionUnknown(Int(version)) }
        let payload = try Self.payload(&reader)
        let attributes = try reader.attributes()
        let checksums = try reader.checksums()
        let parts = try reader.parts()
        try reader.finish()
        self.init(attributes: attributes, checksums: checksums, parts: parts, payload: payload)
    }

    /// Reads only where the bytes of an encoded entry are.
    ///
    /// - Throws: ``ChangeFormatError``.
    public static func payload(
        of bytes: UnsafeRawBufferPointer
    ) throws(ChangeFormatError) -> Payload {
        var reader = ChangeByteReader(bytes)
        let version = try reader.byte()
        guard version == formatVersion else { throw .versionUnknown(Int(version)) }
        return try payload(&reader)
    }

    private static func payload(
        _ reader: inout ChangeByteReader
    ) throws(ChangeFormatError) -> Payload {
        var extents: [Extent] = []
        for run in try reader.runs() {
            guard case .stored(let extent) = run else {
                throw .valueInvalid(field: .runKind, offset: reader.offset)
            }
            extents.append(extent)
        }
        return Payload(extents: extents)
    }
}

extension NewEntry {
    /// The object as it is once its record has a number, a time and a place in the log.
    ///
    /// - Returns: Nil if it lies in the record and the record has no payload, or a shorter one.
    public func entry(
        sequence: Int64,
        modified: WallTime,
        recordPayload: Extent?
    ) -> ObjectEntry? {
        guard let payload = Payload(runs: payload, recordPayload: recordPayload) else { return nil }
        return ObjectEntry(
            sequence: sequence,
            entityTag: entityTag,
            modified: modified,
            attributes: attributes,
            checksums: checksums,
            parts: parts,
            payload: payload
        )
    }
}

extension Payload {
    /// The payload that a change names, in a record whose own payload is `recordPayload`.
    ///
    /// - Returns: Nil if a run lies in the record and the record has no payload, or a shorter one.
    public init?(runs: [PayloadRun], recordPayload: Extent?) {
        var extents: [Extent] = []
        extents.reserveCapacity(runs.count)
        for run in runs {
            switch run {
            case .stored(let extent): extents.append(extent)
            case .recorded:
                guard let recordPayload else { return nil }
                extents.append(recordPayload)
            case .recordedPart(let offset, let lengthBytes, let blockChecksums):
                guard case .inline(let base, let recordBytes, _) = recordPayload,
                    offset <= recordBytes, lengthBytes <= recordBytes - offset
                else { return nil }
                extents.append(
                    .inline(
                        position: LogPosition(base.bytes + Int64(offset)),
                        lengthBytes: lengthBytes,
                        blockChecksums: blockChecksums
                    )
                )
            }
        }
        self.init(extents: extents)
    }
}
