import ArrayModel

/// Which axes of an array a picture has, each another one.
public struct PlaneAxes: Hashable, Sendable {
    /// The axis whose indices are rows, from top to bottom.
    public let row: Int
    /// The axis whose indices are columns.
    public let column: Int
    /// The axis of colours, if there is one: red, green, blue and perhaps alpha.
    public let channel: Int?
}

/// Two axes of an array as rows and columns of a picture, at one place along the others.
public struct Plane: Hashable, Sendable {
    /// Which axes.
    public let axes: PlaneAxes
    /// The elements: whole along the axes above, one index along all others.
    public let selection: Selection

    /// Why there is no such plane.
    public enum Failure: Error, Hashable, Sendable {
        /// Not two different axes of the array, which has `rank`.
        case axesInvalid(rank: Int)
        /// Not one index for each of the other axes, of which there are `count`.
        case indexCount(count: Int)
        /// An index outside of its axis.
        case indexOutOfRange(axis: Int, index: Int, extent: Int)
        /// An axis without elements.
        case empty
    }

    /// Makes a plane.
    ///
    /// An array of bytes whose last axis has three or four elements is taken to be in colour, unless
    /// that axis is named.
    ///
    /// - Parameters:
    ///   - metadata: The array's.
    ///   - axes: Rows and columns, negative ones from the end; nil for the last two before the colours.
    ///     An array of one axis is one row.
    ///   - indices: A place along each of the other axes in their order, negative ones from the end; nil
    ///     for the middle.
    /// - Throws: ``Failure``, any case.
    public init(
        _ metadata: ArrayMetadata,
        axes: [Int]?,
        indices: [Int]?
    ) throws(Failure) {
        let (shape, rank) = (metadata.shape, metadata.rank)
        guard rank >= 2, !shape.contains(0) else {
            throw shape.contains(0) ? .empty : .axesInvalid(rank: rank)
        }
        let named = axes?.map { $0 < 0 ? $0 + rank : $0 }
        let isColoured =
            rank >= 3 && metadata.dataType == .uint8 && (3...4).contains(shape[rank - 1])
            && !(named?.contains(rank - 1) ?? false)
        let last = isColoured ? rank - 1 : rank
        let chosen = named ?? [last - 2, last - 1]
        guard
            chosen.count == 2, chosen[0] != chosen[1],
            chosen.allSatisfy({ (0..<rank).contains($0) })
        else { throw .axesInvalid(rank: rank) }
        let others = (0..<last).filter { !chosen.contains($0) }
        guard indices == nil || indices?.count == others.count else {
            throw .indexCount(count: others.count)
        }
        var texts = Array(repeating: ":", count: rank)
        for (place, axis) in others.enumerated() {
            let index = indices?[place] ?? shape[axis] / 2
            guard index < shape[axis], index >= -shape[axis] else {
                throw .indexOutOfRange(axis: axis, index: index, extent: shape[axis])
            }
            texts[axis] = String(index)
        }
        do {
            selection = try Selection(texts.joined(separator: ","), shape: shape)
        } catch {
            throw .axesInvalid(rank: rank)
        }
        self.axes = PlaneAxes(
            row: chosen[0],
            column: chosen[1],
            channel: isColoured ? rank - 1 : nil
        )
    }

    /// How many rows.
    public var height: Int { selection.axes[axes.row].count }
    /// How many columns.
    public var width: Int { selection.axes[axes.column].count }
    /// How many colours; 1 without.
    public var channels: Int { axes.channel.map { selection.axes[$0].count } ?? 1 }
}
