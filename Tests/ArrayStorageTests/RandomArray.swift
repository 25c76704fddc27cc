import ArrayModel
import SeededRandom

@testable import ArrayStorage

/// A random array of `uint16` in a store, some of its chunks absent, beside its elements.
struct RandomArray {
    let metadata: ArrayMetadata
    let resolved: ResolvedArray
    private let values: [[Int]: UInt16]

    init(_ number: Int, store: TestStore, random: inout SeededGenerator) async throws {
        let rank = Int.random(in: 0...4, using: &random)
        let shape = (0..<rank).map { _ in Int.random(in: 1...9, using: &random) }
        let chunks = (0..<rank).map { _ in Int.random(in: 1...5, using: &random) }
        let transposed = Array(0..<rank).shuffled(using: &random)
        let codecs: [CodecDescription] = [.transpose(order: transposed), .bytes(.big)]
        metadata = plainMetadata(
            shape,
            chunks: chunks,
            .uint16,
            fill: [0xFE, 0xCA],
            codecs: codecs
        )
        let path = "random/\(number)"
        resolved = ArrayStorageTests.resolved(metadata, store: store, path: path)
        let grid = metadata.grid
        var values: [[Int]: UInt16] = [:]
        forEachIndex(shape) { values[$0] = 0xCAFE }
        var coordinates: [[Int]] = []
        forEachIndex(grid.chunkCounts) { coordinates.append($0) }
        for chunk in coordinates where Int.random(in: 0..<4, using: &random) > 0 {
            var stored: [UInt8] = []
            forEachIndex(transposed.map { chunks[$0] }) { position in
                var index = position
                for (axis, original) in transposed.enumerated() {
                    index[original] = chunk[original] * chunks[original] + position[axis]
                }
                let value = UInt16.random(in: 0...65_535, using: &random)
                stored.append(UInt8(value >> 8))
                stored.append(UInt8(value & 0xFF))
                if values[index] != nil { values[index] = value }
            }
            try await store.put(resolved.chunkKey(chunk), stored)
        }
        self.values = values
    }

    /// The elements of a selection, little-endian, in C order.
    func elements(_ selection: Selection) -> [UInt8] {
        var result: [UInt8] = []
        forEachIndex(selection.counts) { position in
            let index = zip(selection.axes, position).map { $0.start + $1 * $0.step }
            let value = values[index] ?? 0
            result.append(UInt8(value & 0xFF))
            result.append(UInt8(value >> 8))
        }
        return result
    }

    /// The values of a selection.
    func numbers(_ selection: Selection) -> [Int] {
        let bytes = elements(selection)
        return stride(from: 0, to: bytes.count, by: 2).map {
            Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8
        }
    }

    /// The text of some selection.
    func randomSelection(_ random: inout SeededGenerator) -> String {
        selectionText(metadata.shape, random: &random)
    }
}

/// The text of a random selection of an array of this shape.
func selectionText(_ shape: [Int], random: inout SeededGenerator) -> String {
    shape.map { extent in
        let first = Int.random(in: -extent..<extent, using: &random)
        let second = Int.random(in: (-extent - 1)...(extent + 1), using: &random)
        let step = [1, 1, 2, 3, -1, -2, 7].randomElement(using: &random) ?? 1
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "\(first)"
        case 1: return "::\(step)"
        case 2: return ":"
        default: return "\(first):\(second):\(step)"
        }
    }.joined(separator: ",")
}

/// Visits every index of a box in C order.
func forEachIndex(_ extents: [Int], _ body: ([Int]) -> Void) {
    guard !extents.contains(0) else { return }
    var index = extents.map { _ in 0 }
    while true {
        body(index)
        var axis = extents.count - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < extents[axis] { break }
            index[axis] = 0
            axis -= 1
        }
        if axis < 0 { return }
    }
}
