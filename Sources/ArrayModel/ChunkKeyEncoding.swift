/// How the coordinates of a chunk become its key, relative to the array's prefix.
///
/// Source: Zarr core specification v3, section "Chunk key encoding"; Zarr specification v2, section
/// "Chunks"; the original client's `chunknames` in `hub/marray/bbox.py`, `hub` 0.2.0.4.
public enum ChunkKeyEncoding: Hashable, Sendable {
    /// What stands between two coordinates.
    public enum Separator: UInt8, Hashable, Sendable {
        case slash = 0x2F
        case period = 0x2E

        /// The character.
        public var text: String {
            switch self {
            case .slash: "/"
            case .period: "."
            }
        }
    }

    /// `c/1/0` or `c.1.0`; `c` for a scalar.
    case zarr3(Separator)
    /// `1.0` or `1/0`; `0` for a scalar.
    case zarr2(Separator)
    /// `512-1024_0-512`: the first and one past the last element per axis, clipped to the shape.
    case hub0

    /// The key of a chunk.
    ///
    /// - Parameters:
    ///   - coordinates: The chunk's coordinates, within `grid`.
    ///   - grid: The array's grid.
    /// - Returns: The key without the array's prefix and without a leading `/`.
    public func key(_ coordinates: [Int], grid: ChunkGrid) -> String {
        switch self {
        case .zarr3(let separator):
            return coordinates.reduce(into: "c") { key, coordinate in
                key += separator.text
                key += String(coordinate)
            }
        case .zarr2(let separator):
            guard !coordinates.isEmpty else { return "0" }
            return coordinates.map(String.init).joined(separator: separator.text)
        case .hub0:
            return coordinates.indices.map { axis in
                let elements = grid.elements(ofChunk: coordinates[axis], axis: axis)
                return "\(elements.lowerBound)-\(elements.upperBound)"
            }.joined(separator: "_")
        }
    }

    /// The coordinates of the chunk that a key names.
    ///
    /// - Parameters:
    ///   - key: A key without the array's prefix.
    ///   - grid: The array's grid.
    /// - Returns: The coordinates, or `nil` if `key` is not exactly the key of a chunk of `grid`.
    public func coordinates(_ key: String, grid: ChunkGrid) -> [Int]? {
        let utf8 = Array(key.utf8)
        let coordinates: [Int]?
        switch self {
        case .zarr3(let separator):
            let segments = utf8.split(
                separator: separator.rawValue,
                omittingEmptySubsequences: false
            )
            guard let first = segments.first, first.elementsEqual("c".utf8) else { return nil }
            coordinates = Self.numbers(segments.dropFirst())
        case .zarr2(let separator):
            if grid.rank == 0 { return key == "0" ? [] : nil }
            coordinates = Self.numbers(
                utf8.split(separator: separator.rawValue, omittingEmptySubsequences: false)[...]
            )
        case .hub0:
            coordinates = Self.hubCoordinates(utf8, grid: grid)
        }
        guard let coordinates, grid.contains(coordinates) else { return nil }
        // A number may be spelled `01`; only the spelling that is written names a chunk.
        return self.key(coordinates, grid: grid) == key ? coordinates : nil
    }

    private static func numbers(_ segments: ArraySlice<ArraySlice<UInt8>>) -> [Int]? {
        guard segments.count <= ArrayLimits.rankMax else { return nil }
        var result: [Int] = []
        for segment in segments {
            guard let number = number(segment) else { return nil }
            result.append(number)
        }
        return result
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...19).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int(digit) - 0x30)
            guard !tensOverflow, !sumOverflow else { return nil }
            value = sum
        }
        return value
    }

    private static func hubCoordinates(_ key: [UInt8], grid: ChunkGrid) -> [Int]? {
        let ranges = key.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard ranges.count == grid.rank else { return nil }
        var result: [Int] = []
        for (axis, range) in ranges.enumerated() {
            let bounds = range.split(
                separator: UInt8(ascii: "-"),
                omittingEmptySubsequences: false
            )
            guard bounds.count == 2, let lower = number(bounds[0]) else { return nil }
            result.append(lower / grid.chunkShape[axis])
        }
        return result
    }
}
