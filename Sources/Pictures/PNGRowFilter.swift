/// Prepares rows for compression: of the filters of PNG the one whose result is smallest in sum.
///
/// Source: W3C Portable Network Graphics specification, third edition, section 9 "Filtering" and
/// section 12.7 "Filter selection".
struct PNGRowFilter: Sendable {
    private enum Filter: UInt8, CaseIterable {
        case none = 0
        case left = 1
        case up = 2
        case paeth = 4
    }

    private let layout: PictureLayout
    /// The distance to the same sample of the pixel before, in bytes; at least one.
    private let pixelBytes: Int
    private var previous: [UInt8]
    private var current: [UInt8]
    private var candidates: [[UInt8]]

    init(_ layout: PictureLayout) {
        self.layout = layout
        let rowBytes = layout.sample == .bit ? (layout.width + 7) / 8 : layout.rowBytes
        pixelBytes = layout.channels * layout.sample.bytes
        previous = Array(repeating: 0, count: rowBytes)
        current = previous
        candidates = Filter.allCases.map { [$0.rawValue] + Array(repeating: 0, count: rowBytes) }
    }

    /// The row as it is compressed: the filter's number and the filtered bytes.
    mutating func filtered(_ row: UnsafeRawBufferPointer) -> [UInt8] {
        load(row)
        defer { swap(&current, &previous) }
        // Packed bits compress best as they are.
        guard layout.sample != .bit else {
            candidates[0].replaceSubrange(1..., with: current)
            return candidates[0]
        }
        var best = (index: 0, cost: Int.max)
        for (index, filter) in Filter.allCases.enumerated() {
            let cost = apply(filter, to: &candidates[index])
            if cost < best.cost { best = (index, cost) }
        }
        return candidates[best.index]
    }

    /// Puts a row into the form of the file: bits packed, words with their high byte first.
    private mutating func load(_ row: UnsafeRawBufferPointer) {
        switch layout.sample {
        case .byte:
            current.withUnsafeMutableBytes { $0.copyMemory(from: row) }
        case .word:
            for index in stride(from: 0, to: row.count - 1, by: 2) {
                current[index] = row[index + 1]
                current[index + 1] = row[index]
            }
        case .bit:
            for index in current.indices { current[index] = 0 }
            for (index, value) in row.enumerated() where value != 0 {
                current[index / 8] |= 0x80 >> UInt8(index % 8)
            }
        }
    }

    /// Filters the current row.
    ///
    /// - Returns: The sum of the magnitudes of the bytes, taken as signed.
    private func apply(_ filter: Filter, to result: inout [UInt8]) -> Int {
        let distance = pixelBytes
        return current.withUnsafeBufferPointer { row in
            previous.withUnsafeBufferPointer { above in
                result.withUnsafeMutableBufferPointer { target in
                    var cost = 0
                    for index in row.indices {
                        let left = index < distance ? 0 : row[index &- distance]
                        let predicted: UInt8 =
                            switch filter {
                            case .none: 0
                            case .left: left
                            case .up: above[index]
                            case .paeth:
                                Self.paeth(
                                    left,
                                    above[index],
                                    index < distance ? 0 : above[index &- distance]
                                )
                            }
                        let difference = row[index] &- predicted
                        target[index &+ 1] = difference
                        cost &+= Int(Int8(bitPattern: difference).magnitude)
                    }
                    return cost
                }
            }
        }
    }

    private static func paeth(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
        let estimate = Int(left) + Int(above) - Int(corner)
        let (toLeft, toAbove, toCorner) = (
            abs(estimate - Int(left)), abs(estimate - Int(above)), abs(estimate - Int(corner))
        )
        if toLeft <= toAbove && toLeft <= toCorner { return left }
        return toAbove <= toCorner ? above : corner
    }
}
