import ArrayModel

/// Statistics, such as those along axes: an array of a number type, in C order, little-endian.
public struct StatisticArray: Hashable, Sendable {
    /// The type of the values: of counts `int64`, of sums and extrema that of NumPy, of all else
    /// `float64` or `complex128`.
    public let dataType: DataType
    /// The values.
    public private(set) var bytes: [UInt8] = []

    private init(_ statistic: Statistic, of elements: DataType) {
        dataType = Self.dataType(statistic, of: elements)
    }

    /// As many zeros, of the type that the values of a statistic have.
    init(_ statistic: Statistic, of elements: DataType, zeros count: Int) {
        self.init(statistic, of: elements)
        bytes = [UInt8](repeating: 0, count: count * dataType.itemBytes)
    }

    /// Floats that are not of one statistic.
    public init(_ values: [Double]) {
        dataType = .float64
        bytes.reserveCapacity(values.count * 8)
        for value in values { append(.float(value)) }
    }

    /// Counts that are not of one statistic.
    public init(_ counts: [Int]) {
        dataType = .int64
        bytes.reserveCapacity(counts.count * 8)
        for count in counts { append(.integer(Int128(count))) }
    }

    /// One value of a statistic of elements of a type.
    public init(_ statistic: Statistic, _ value: StatisticValue, of elements: DataType) {
        self.init(statistic, of: elements)
        append(value)
    }

    /// The type that the values of a statistic have.
    private static func dataType(_ statistic: Statistic, of elements: DataType) -> DataType {
        let isComplex = elements == .complex64 || elements == .complex128
        switch statistic {
        case .count, .nonzeroCount, .nanCount: return .int64
        case .standardDeviation, .variance: return .float64
        case .mean: return isComplex ? .complex128 : .float64
        case .sum:
            switch elements {
            case .bool, .int8, .int16, .int32, .int64: return .int64
            case .uint8, .uint16, .uint32, .uint64: return .uint64
            default: return isComplex ? .complex128 : .float64
            }
        case .minimum, .maximum:
            switch elements {
            case .float16, .bfloat16, .float32, .float64: return .float64
            default: return elements
            }
        }
    }

    /// Replaces a value.
    mutating func set(_ value: StatisticValue, at index: Int) {
        let start = index * dataType.itemBytes
        Self.forEachPart(of: value, itemBytes: dataType.itemBytes) { offset, part in
            for (place, byte) in part.enumerated() { bytes[start + offset + place] = byte }
        }
    }

    private mutating func append(_ value: StatisticValue) {
        Self.forEachPart(of: value, itemBytes: dataType.itemBytes) { _, part in
            bytes.append(contentsOf: part)
        }
    }

    /// Hands over the bytes of a value, and where each run of them goes in an item.
    private static func forEachPart(
        of value: StatisticValue,
        itemBytes: Int,
        use: (Int, Slice<UnsafeRawBufferPointer>) -> Void
    ) {
        func put(_ pattern: UInt64, at offset: Int, count: Int) {
            withUnsafeBytes(of: pattern.littleEndian) { use(offset, $0.prefix(count)) }
        }
        switch value {
        case .boolean(let flag): put(flag ? 1 : 0, at: 0, count: 1)
        case .integer(let number):
            put(UInt64(truncatingIfNeeded: number), at: 0, count: itemBytes)
        case .float(let number): put(number.bitPattern, at: 0, count: 8)
        case .complex(let real, let imaginary):
            put(real.bitPattern, at: 0, count: 8)
            put(imaginary.bitPattern, at: 8, count: 8)
        }
    }
}

/// What was computed along axes.
public struct AxisStatistics: Hashable, Sendable {
    /// The shape of every result: the selection's without the axes that were reduced.
    public let shape: [Int]
    /// The values of every statistic that was asked for.
    public let values: [Statistic: StatisticArray]
}
