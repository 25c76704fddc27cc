import CKernels

/// Finds elements by their rank without sorting.
///
/// It counts the leading digits of 16 bits, then the next ones among the elements that share them, so
/// every pass over the elements narrows a rank down to one of 65,536 parts. Exact for any number of
/// elements, in one pass for items of up to 16 bits, two for 32 and four for 64.
struct RankSearch: Sendable {
    private static let digitBits = 16
    /// The most leading digits that are counted in one pass; each takes half a megabyte a part.
    private static let prefixesMax = 4

    /// A rank that is not found yet.
    private struct Rank {
        let wanted: Int
        /// The rank among the elements that share the digits that are known.
        var remaining: Int
        /// The leading digits that are known.
        var prefix: UInt64 = 0
    }

    let pass: ElementPass
    /// The bits of an item.
    let itemBits: Int

    /// How many digits a key has; booleans and bytes have less than one, which counts as one.
    private var digits: Int { max(itemBits / Self.digitBits, 1) }

    /// The ordered keys of the elements at ascending ranks.
    func keys(at ranks: [Int]) async throws(ArrayReadError) -> [Int: UInt64] {
        var open = ranks.map { Rank(wanted: $0, remaining: $0) }
        for depth in 0..<digits {
            var next: [Rank] = []
            let prefixes = Array(Set(open.map(\.prefix))).sorted()
            for first in stride(from: 0, to: prefixes.count, by: Self.prefixesMax) {
                let part = Array(prefixes[first..<min(first + Self.prefixesMax, prefixes.count)])
                let tables = try await count(part, depth: depth)
                for rank in open {
                    guard let table = part.firstIndex(of: rank.prefix) else { continue }
                    next.append(try Self.narrowed(rank, tables[table]))
                }
            }
            open = next
        }
        return Dictionary(open.map { ($0.wanted, $0.prefix) }) { first, _ in first }
    }

    /// How often every next digit follows each of some leading digits.
    private func count(
        _ prefixes: [UInt64],
        depth: Int
    ) async throws(ArrayReadError) -> [[UInt64]] {
        let shift = UInt64((digits - 1 - depth) * Self.digitBits)
        let width = 1 << Self.digitBits
        let kind = pass.kind
        let isFloat = kind.rawValue >= NAVE_ITEM_FLOAT16.rawValue
        var total = prefixes.map { _ in [UInt64](repeating: 0, count: width) }
        try await pass.run(
            empty: [UInt32](repeating: 0, count: width * prefixes.count),
            merge: { counts, times in
                for (index, count) in counts.enumerated() where count > 0 {
                    total[index / width][index % width] += UInt64(count) * UInt64(times)
                }
            },
            visit: { items, count, counts in
                Self.count(kind, items, count) { key in
                    guard !isFloat || key != .max else { return }
                    let digit = Int(truncatingIfNeeded: key >> shift & 0xFFFF)
                    let leading = depth == 0 ? 0 : key >> (shift + UInt64(Self.digitBits))
                    for (table, prefix) in prefixes.enumerated() where prefix == leading {
                        counts[table * width + digit] &+= 1
                    }
                }
            }
        )
        return total
    }

    /// Uses the ordered keys of items.
    private static func count(
        _ kind: nave_item_kind,
        _ items: UnsafeRawPointer,
        _ count: Int,
        use: (UInt64) -> Void
    ) {
        let block = 1024
        let itemBytes = bytes(of: kind)
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: block) { keys in
            guard let start = keys.baseAddress else { return }
            for first in stride(from: 0, to: count, by: block) {
                let part = min(block, count - first)
                nave_order_keys(kind, items + first * itemBytes, part, start)
                for index in 0..<part { use(start[index]) }
            }
        }
    }

    private static func bytes(of kind: nave_item_kind) -> Int {
        switch kind {
        case NAVE_ITEM_BOOL, NAVE_ITEM_INT8, NAVE_ITEM_UINT8: 1
        case NAVE_ITEM_INT16, NAVE_ITEM_UINT16, NAVE_ITEM_FLOAT16, NAVE_ITEM_BFLOAT16: 2
        case NAVE_ITEM_INT32, NAVE_ITEM_UINT32, NAVE_ITEM_FLOAT32: 4
        default: 8
        }
    }

    /// A rank with one digit more.
    private static func narrowed(_ rank: Rank, _ table: [UInt64]) throws(ArrayReadError) -> Rank {
        var remaining = UInt64(rank.remaining)
        for (digit, count) in table.enumerated() {
            if remaining < count {
                return Rank(
                    wanted: rank.wanted,
                    remaining: Int(remaining),
                    prefix: rank.prefix << UInt64(digitBits) | UInt64(digit)
                )
            }
            remaining -= count
        }
        throw .statisticUndefined(.changing)
    }
}
