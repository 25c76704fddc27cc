import ArrayModel
import CKernels

/// The running statistics of elements of one type.
enum Reduction: Hashable, Sendable {
    case integers(IntegerReduction)
    case floats(FloatReduction)
    indirect case complex(ComplexReduction)

    /// Begins with no elements.
    ///
    /// - Throws: ``ArrayReadError/dataTypeNotSliceable(_:)``, as raw bits have no statistics.
    init(_ type: DataType, parts: SummaryParts) throws(ArrayReadError) {
        guard let kind = nave_item_kind(type) else { throw .dataTypeNotSliceable(type.name) }
        switch type {
        case .complex64, .complex128:
            self = .complex(ComplexReduction(kind: kind, parts: parts))
        case .float16, .bfloat16, .float32, .float64:
            self = .floats(FloatReduction(kind: kind, parts: parts))
        case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .rawBits,
            .datetime64, .timedelta64, .opaque:
            self = .integers(IntegerReduction(kind: kind, parts: parts))
        }
    }

    /// How many elements were taken in.
    var count: Int {
        switch self {
        case .integers(let part): part.count
        case .floats(let part): part.count + part.nanCount
        case .complex(let part): part.count + part.nanCount
        }
    }

    /// What is known beside counts and sums.
    var parts: SummaryParts {
        switch self {
        case .integers(let part): part.parts
        case .floats(let part): part.parts
        case .complex(let part): part.real.parts
        }
    }

    /// Takes in adjacent items, aligned for their components.
    mutating func add(_ items: UnsafeRawPointer, count: Int) {
        switch self {
        case .integers(var part):
            part.add(items, count: count)
            self = .integers(part)
        case .floats(var part):
            part.add(items, count: count)
            self = .floats(part)
        case .complex(var part):
            part.add(items, count: count)
            self = .complex(part)
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
            case .complex(var part):
                part.add(start, repeated: times)
                self = .complex(part)
            }
        }
    }

    /// Whether another is of elements of the same type.
    func isLike(_ other: Self) -> Bool {
        switch (self, other) {
        case (.integers(let mine), .integers(let theirs)): mine.kind == theirs.kind
        case (.floats(let mine), .floats(let theirs)): mine.kind == theirs.kind
        case (.complex(let mine), .complex(let theirs)): mine.real.kind == theirs.real.kind
        case (.integers, _), (.floats, _), (.complex, _): false
        }
    }

    /// Takes in what another of the same type has taken in, which knows no less.
    mutating func merge(_ other: Self) {
        switch (self, other) {
        case (.integers(var mine), .integers(let theirs)):
            mine.merge(theirs)
            self = .integers(mine)
        case (.floats(var mine), .floats(let theirs)):
            mine.merge(theirs)
            self = .floats(mine)
        case (.complex(var mine), .complex(let theirs)):
            mine.merge(theirs)
            self = .complex(mine)
        case (.integers, _), (.floats, _), (.complex, _):
            preconditionFailure("reductions of one selection are of one type")
        }
    }

    /// The value of a statistic, or `nil` for the extrema of nothing.
    func value(_ statistic: Statistic, _ options: StatisticOptions) -> StatisticValue? {
        switch self {
        case .integers(let part): part.value(statistic, options)
        case .floats(let part): part.value(statistic, options)
        case .complex(let part): part.value(statistic, options)
        }
    }
}

extension nave_item_kind {
    /// The kind of the elements of a type, or of the parts of its complex numbers; nil if they have no
    /// order and no sums.
    init?(_ type: DataType) {
        switch type {
        case .bool: self = NAVE_ITEM_BOOL
        case .int8: self = NAVE_ITEM_INT8
        case .int16: self = NAVE_ITEM_INT16
        case .int32: self = NAVE_ITEM_INT32
        case .int64: self = NAVE_ITEM_INT64
        case .uint8: self = NAVE_ITEM_UINT8
        case .uint16: self = NAVE_ITEM_UINT16
        case .uint32: self = NAVE_ITEM_UINT32
        case .uint64: self = NAVE_ITEM_UINT64
        case .float16: self = NAVE_ITEM_FLOAT16
        case .bfloat16: self = NAVE_ITEM_BFLOAT16
        case .float32, .complex64: self = NAVE_ITEM_FLOAT32
        case .float64, .complex128: self = NAVE_ITEM_FLOAT64
        case .rawBits, .datetime64, .timedelta64, .opaque: return nil
        }
    }
}

extension Statistic {
    /// Whether the statistic has a meaning for elements of a type: complex numbers have no order that
    /// anybody asks for, raw bits are no numbers.
    public func isDefined(for dataType: DataType) -> Bool {
        switch self {
        case .minimum, .maximum:
            dataType != .complex64 && dataType != .complex128
                && nave_item_kind(dataType) != nil
        case .sum, .mean, .standardDeviation, .variance, .count, .nonzeroCount, .nanCount:
            nave_item_kind(dataType) != nil
        }
    }
}
