import CKernels

/// The running statistics of complex numbers: of their real and imaginary parts.
///
/// A number is NaN if one of its parts is, and zero if both are.
struct ComplexReduction: Hashable, Sendable {
    private(set) var real: FloatReduction
    private(set) var imaginary: FloatReduction
    private(set) var nanCount = 0
    private(set) var nonzeroCount = 0

    /// Begins with no elements, whose parts are of `kind`.
    init(kind: nave_item_kind, parts: SummaryParts) {
        real = FloatReduction(kind: kind, parts: parts)
        imaginary = FloatReduction(kind: kind, parts: parts)
    }

    /// Restores what was kept.
    init(_ real: FloatReduction, _ imaginary: FloatReduction, nanCount: Int, nonzeroCount: Int) {
        self.real = real
        self.imaginary = imaginary
        self.nanCount = nanCount
        self.nonzeroCount = nonzeroCount
    }

    /// How many elements are not NaN.
    var count: Int { real.count }

    private var partBytes: Int { real.kind == NAVE_ITEM_FLOAT64 ? 8 : 4 }

    /// Takes in adjacent numbers, aligned for their parts.
    mutating func add(_ items: UnsafeRawPointer, count added: Int) {
        guard added > 0 else { return }
        let part = partBytes
        let room = UnsafeMutableRawPointer.allocate(byteCount: added * part * 4, alignment: 64)
        defer { room.deallocate() }
        let numbers = nave_drop_nan(real.kind, room, items, added, 1)
        nanCount += added - numbers
        if real.parts.contains(.nonzeroCount) {
            nonzeroCount += nave_count_nonzero(real.kind, room, numbers, 1)
        }
        let first = room + added * part * 2
        let second = first + numbers * part
        nave_copy_box(first, [part], room, [part * 2], [numbers], 1, part)
        nave_copy_box(second, [part], room + part, [part * 2], [numbers], 1, part)
        real.addNumbers(first, count: numbers)
        imaginary.addNumbers(second, count: numbers)
    }

    /// Takes in one number many times.
    mutating func add(_ value: UnsafeRawPointer, repeated times: Int) {
        guard times > 0 else { return }
        let first = nave_sum_floats(real.kind, value, 1).sum
        let second = nave_sum_floats(real.kind, value + partBytes, 1).sum
        guard !first.isNaN, !second.isNaN else {
            nanCount += times
            return
        }
        if first != 0 || second != 0 { nonzeroCount += times }
        real.add(value, repeated: times)
        imaginary.add(value + partBytes, repeated: times)
    }

    /// Takes in what another has taken in, which knows no less.
    mutating func merge(_ other: Self) {
        real.merge(other.real)
        imaginary.merge(other.imaginary)
        nanCount += other.nanCount
        nonzeroCount += other.nonzeroCount
    }

    /// The value of a statistic; complex numbers have no order, so no extrema.
    func value(_ statistic: Statistic, _ options: StatisticOptions) -> StatisticValue? {
        let isNaN = nanCount > 0 && options.nan == .propagate
        switch statistic {
        case .count:
            return .integer(Int128(options.nan == .skip ? count : count + nanCount))
        case .nanCount: return .integer(Int128(nanCount))
        case .nonzeroCount:
            return .integer(Int128(options.nan == .skip ? nonzeroCount : nonzeroCount + nanCount))
        case .sum:
            return isNaN
                ? .complex(real: .nan, imaginary: .nan)
                : .complex(real: real.total, imaginary: imaginary.total)
        case .mean:
            let divisor = isNaN || count == 0 ? .nan : Double(count)
            return .complex(real: real.total / divisor, imaginary: imaginary.total / divisor)
        case .standardDeviation:
            return .float(isNaN ? .nan : variance(options).squareRoot())
        case .variance: return .float(isNaN ? .nan : variance(options))
        case .minimum, .maximum: return nil
        }
    }

    private func variance(_ options: StatisticOptions) -> Double {
        let delta = options.deltaDegreesOfFreedom
        return real.moments.variance(deltaDegreesOfFreedom: delta)
            + imaginary.moments.variance(deltaDegreesOfFreedom: delta)
    }
}
