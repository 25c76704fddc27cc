import CKernels
import Checksums

/// What is kept of one chunk, as it lies in the file of summaries.
///
/// Integers are little-endian; floats are their bits. Normative text: docs/formats/statistics.md.
///
///     offset  size  field          meaning
///          0    16  key            what decides the chunk's statistics, as a hash
///         16     1  form           0 integers, 1 floats, 2 complex numbers
///         17     1  kind           the type of the elements or their parts
///         18     1  parts          what is known beside counts and sums
///         19     5  –              0
///         24    96  first          the integers; the floats; the real parts
///        120    96  second         the imaginary parts, else 0
///        216     8  nanCount       complex numbers that are NaN, else 0
///        224     8  nonzeroCount   complex numbers that are not 0, else 0
///        232     4  –              0
///        236     4  checksum       CRC-32C of the bytes before
enum SummaryRecord {
    static let bytes = 240
    private static let partBytes = 96
    private static let checkedBytes = 236

    static func encode(_ item: SummaryStore.Item, to target: inout [UInt8]) {
        var record: [UInt8] = []
        record.reserveCapacity(bytes)
        append(item.key.high, &record)
        append(item.key.low, &record)
        let (form, kind, parts) = tags(item.reduction)
        record += [form, kind, parts.rawValue, 0, 0, 0, 0, 0]
        var counts = (nan: 0, nonzero: 0)
        switch item.reduction {
        case .integers(let part):
            encode(part, &record)
        case .floats(let part):
            encode(part, &record)
        case .complex(let part):
            encode(part.real, &record)
            encode(part.imaginary, &record)
            counts = (part.nanCount, part.nonzeroCount)
        }
        record += Array(repeating: 0, count: 216 - record.count)
        append(UInt64(counts.nan), &record)
        append(UInt64(counts.nonzero), &record)
        record += [0, 0, 0, 0]
        let check = CRC32C.checksum(record)
        withUnsafeBytes(of: check.littleEndian) { record.append(contentsOf: $0) }
        target += record
    }

    /// Reads a record; nil if it is not what was written.
    static func decode(_ record: UnsafeRawBufferPointer) -> SummaryStore.Item? {
        guard record.count == bytes else { return nil }
        let checked = UnsafeRawBufferPointer(rebasing: record[..<checkedBytes])
        let check = record.loadUnaligned(fromByteOffset: checkedBytes, as: UInt32.self)
        guard
            CRC32C.checksum(checked) == UInt32(littleEndian: check),
            UInt32(record[17]) <= NAVE_ITEM_FLOAT64.rawValue
        else { return nil }
        let key = SummaryKey(high: number(record, 0), low: number(record, 8))
        let kind = nave_item_kind(UInt32(record[17]))
        let parts = SummaryParts(rawValue: record[18])
        let reduction: Reduction
        switch record[16] {
        case 0: reduction = .integers(integers(record, kind, parts))
        case 1: reduction = .floats(floats(record, 24, kind, parts))
        case 2:
            reduction = .complex(
                ComplexReduction(
                    floats(record, 24, kind, parts),
                    floats(record, 24 + partBytes, kind, parts),
                    nanCount: Int(truncatingIfNeeded: number(record, 216)),
                    nonzeroCount: Int(truncatingIfNeeded: number(record, 224))
                )
            )
        default: return nil
        }
        return SummaryStore.Item(key: key, reduction: reduction)
    }

    private static func tags(_ reduction: Reduction) -> (UInt8, UInt8, SummaryParts) {
        switch reduction {
        case .integers(let part): (0, UInt8(part.kind.rawValue), part.parts)
        case .floats(let part): (1, UInt8(part.kind.rawValue), part.parts)
        case .complex(let part): (2, UInt8(part.real.kind.rawValue), part.real.parts)
        }
    }

    // 12 words: count, nonzeroCount, least, greatest, sum (2), squares (2), moments (4).
    private static func encode(_ part: IntegerReduction, _ record: inout [UInt8]) {
        append(UInt64(part.count), &record)
        append(UInt64(part.nonzeroCount), &record)
        append(UInt64(bitPattern: part.least), &record)
        append(UInt64(bitPattern: part.greatest), &record)
        for sum in [part.sum, part.squares] {
            append(UInt64(truncatingIfNeeded: sum), &record)
            append(UInt64(truncatingIfNeeded: sum >> 64), &record)
        }
        encode(part.moments, &record)
    }

    private static func integers(
        _ record: UnsafeRawBufferPointer,
        _ kind: nave_item_kind,
        _ parts: SummaryParts
    ) -> IntegerReduction {
        func wide(_ offset: Int) -> Int128 {
            Int128(Int64(bitPattern: number(record, offset + 8))) << 64
                | Int128(number(record, offset))
        }
        return IntegerReduction(
            kind: kind,
            parts: parts,
            counts: (
                Int(truncatingIfNeeded: number(record, 24)),
                Int(truncatingIfNeeded: number(record, 32))
            ),
            extrema: (
                Int64(bitPattern: number(record, 40)), Int64(bitPattern: number(record, 48))
            ),
            sums: (wide(56), wide(72)),
            moments: moments(record, 88)
        )
    }

    // 11 words: count, nanCount, nonzeroCount, least, greatest, sum, correction, moments (4); and 0.
    private static func encode(_ part: FloatReduction, _ record: inout [UInt8]) {
        for count in [part.count, part.nanCount, part.nonzeroCount] {
            append(UInt64(count), &record)
        }
        for value in [part.least, part.greatest, part.sum, part.correction] {
            append(value.bitPattern, &record)
        }
        encode(part.moments, &record)
        append(0, &record)
    }

    private static func floats(
        _ record: UnsafeRawBufferPointer,
        _ offset: Int,
        _ kind: nave_item_kind,
        _ parts: SummaryParts
    ) -> FloatReduction {
        func value(_ word: Int) -> Double {
            Double(bitPattern: number(record, offset + word * 8))
        }
        func count(_ word: Int) -> Int {
            Int(truncatingIfNeeded: number(record, offset + word * 8))
        }
        return FloatReduction(
            kind: kind,
            parts: parts,
            counts: (count(0), count(1), count(2)),
            extrema: (value(3), value(4)),
            sum: (value(5), value(6)),
            moments: moments(record, offset + 56)
        )
    }

    private static func encode(_ moments: Moments, _ record: inout [UInt8]) {
        append(UInt64(moments.count), &record)
        for value in [moments.pivot, moments.offset, moments.squaredDeviations] {
            append(value.bitPattern, &record)
        }
    }

    private static func moments(_ record: UnsafeRawBufferPointer, _ offset: Int) -> Moments {
        Moments(
            count: Int(truncatingIfNeeded: number(record, offset)),
            pivot: Double(bitPattern: number(record, offset + 8)),
            offset: Double(bitPattern: number(record, offset + 16)),
            squaredDeviations: Double(bitPattern: number(record, offset + 24))
        )
    }

    private static func append(_ number: UInt64, _ record: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { record.append(contentsOf: $0) }
    }

    private static func number(_ record: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: record.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
