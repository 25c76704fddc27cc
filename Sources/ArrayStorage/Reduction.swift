import ArrayModel
import CKernels

/// The running statistics of elements of one type.
enum Reduction: Sendable {
    case integers(IntegerReduction)
    case floats(FloatReduction)
    /// Real and imaginary parts.
    case complex(FloatReduction, FloatReduction)

    /// Begins with no elements.
    ///
    /// - Throws: ``ArrayReadError/statisticUnsupported(_:dataType:)``.
    init(_ type: DataType, wanted: Set<Statistic>) throws(ArrayReadError) {
        func integers(_ kind: nave_item_kind) -> Self {
            .integers(IntegerReduction(type, kind: kind, wanted: wanted))
        }
        func floats(_ kind: nave_item_kind) -> FloatReduction {
            FloatReduction(kind: kind, wanted: wanted)
        }
        switch type {
        case .bool: self = integers(NAVE_ITEM_BOOL)
        case .int8: self = integers(NAVE_ITEM_INT8)
        case .int16: self = integers(NAVE_ITEM_INT16)
        case .int32: self = integers(NAVE_ITEM_INT32)
        case .int64: self = integers(NAVE_ITEM_INT64)
        case .uint8: self = integers(NAVE_ITEM_UINT8)
        case .uint16: self = integers(NAVE_ITEM_UINT16)
        case .uint32: self = integers(NAVE_ITEM_UINT32)
        case .uint64: self = integers(NAVE_ITEM_UINT64)
        case .float16: self = .floats(floats(NAVE_ITEM_FLOAT16))
        case .bfloat16: self = .floats(floats(NAVE_ITEM_BFLOAT16))
        case .float32: self = .floats(floats(NAVE_ITEM_FLOAT32))
        case .float64: self = .floats(floats(NAVE_ITEM_FLOAT64))
        case .complex64, .complex128:
            // NumPy orders complex numbers lexicographically; that is no order anybody asks for.
            for statistic in [Statistic.minimum, .maximum] where wanted.contains(statistic) {
                throw .statisticUnsupported(statistic, dataType: type.name)
            }
            let kind = type == .complex64 ? NAVE_ITEM_FLOAT32 : NAVE_ITEM_FLOAT64
            self = .complex(floats(kind), floats(kind))
        case .rawBits, .datetime64, .timedelta64, .opaque:
            guard let statistic = wanted.first else { throw .dataTypeNotSliceable(type.name) }
            throw .statisticUnsupported(statistic, dataType: type.name)
        }
    }

    /// How many elements were taken in.
    var count: Int {
        switch self {
        case .integers(let part): part.count
        case .floats(let part): part.count
        case .complex(let real, _): real.count
        }
    }

    /// Takes in adjacent items, aligned for their components.
    ///
    /// - Parameters:
    ///   - items: The items.
    ///   - count: How many.
    ///   - itemBytes: The length of one.
    mutating func add(_ items: UnsafeRawPointer, count: Int, itemBytes: Int) {
        switch self {
        case .integers(var part):
            part.add(items, count: count)
            self = .integers(part)
        case .floats(var part):
            part.add(items, count: count)
            self = .floats(part)
        case .complex(var real, var imaginary):
            let component = itemBytes / 2
            let parts = UnsafeMutableRawPointer.allocate(
                byteCount: max(count * itemBytes, 1),
                alignment: 64
            )
            defer { parts.deallocate() }
            let second = parts + count * component
            nave_copy_box(parts, [component], items, [itemBytes], [count], 1, component)
            nave_copy_box(
                second,
                [component],
                items + component,
                [itemBytes],
                [count],
                1,
                component
            )
            real.add(parts, count: count)
            imaginary.add(second, count: count)
            self = .complex(real, imaginary)
        }
    }

    /// Takes in one item many times.
    mutating func add(_ item: [UInt8], repeated times: Int) {
        // An allocation of its own is aligned for every component.
        item.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            switch self {
            case .integers(var part):
                part.add(start, repeated: times)
                self = .integers(part)
            case .floats(var part):
                part.add(start, repeated: times)
                self = .floats(part)
            case .complex(var real, var imaginary):
                real.add(start, repeated: times)
                imaginary.add(start + bytes.count / 2, repeated: times)
                self = .complex(real, imaginary)
            }
        }
    }

    /// Takes in what another of the same type has taken in.
    mutating func merge(_ other: Self) {
        switch (self, other) {
        case (.integers(var mine), .integers(let theirs)):
            mine.merge(theirs)
            self = .integers(mine)
        case (.floats(var mine), .floats(let theirs)):
            mine.merge(theirs)
            self = .floats(mine)
        case (.complex(var real, var imaginary), .complex(let theirReal, let theirImaginary)):
            real.merge(theirReal)
            imaginary.merge(theirImaginary)
            self = .complex(real, imaginary)
        case (.integers, _), (.floats, _), (.complex, _):
            preconditionFailure("reductions of one selection are of one type")
        }
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic) -> StatisticValue? {
        switch self {
        case .integers(let part): return part.value(statistic)
        case .floats(let part): return part.value(statistic)
        case .complex(let real, let imaginary):
            switch statistic {
            case .sum: return .complex(real: real.total, imaginary: imaginary.total)
            case .mean: return .complex(real: real.mean, imaginary: imaginary.mean)
            case .standardDeviation:
                guard count > 0 else { return .float(.nan) }
                let spread =
                    real.moments.squaredDeviations + imaginary.moments.squaredDeviations
                return .float((spread / Double(count)).squareRoot())
            case .minimum, .maximum: return nil
            }
        }
    }
}
