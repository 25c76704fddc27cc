import ArrayModel

extension StoredArray {
    /// What the keys of all chunks that a selection touches begin with, as far as whole coordinates go.
    ///
    /// A listing below this prefix finds them, and passes by the chunks of other rows, metadata, and
    /// what else may be stored beside them.
    func listingPrefix(_ selection: Selection) -> String {
        guard !selection.counts.contains(0) else { return keyPrefix }
        var lower: [Int] = []
        var upper: [Int] = []
        for (axis, taken) in selection.axes.enumerated() {
            let extent = grid.chunkShape[axis]
            if let list = selection.list, list.axis == axis {
                lower.append((list.indices.min() ?? 0) / extent)
                upper.append((list.indices.max() ?? 0) / extent)
                continue
            }
            let first = taken.start / extent
            let last = (taken.start + (taken.count - 1) * taken.step) / extent
            lower.append(min(first, last))
            upper.append(max(first, last))
        }
        // Keys of chunks between these two agree on every axis on which the two agree, and their
        // common beginning up to a separator is made of such axes.
        let (one, other) = (key(lower).utf8, key(upper).utf8)
        var common = keyPrefix.utf8.count
        for (index, (left, right)) in zip(one, other).enumerated() {
            guard left == right else { break }
            let isSeparator =
                left == UInt8(ascii: "/") || left == UInt8(ascii: ".") || left == UInt8(ascii: "_")
            if isSeparator { common = max(common, index + 1) }
        }
        return String(decoding: one.prefix(common), as: UTF8.self)
    }
}
