import CKernels

/// The stored elements of some cells, in the order in which they were met.
struct CellElements: Sendable {
    /// The most elements of a cell.
    let capacity: Int
    /// How many of each cell there are.
    private(set) var filled: [Int]
    private let itemBytes: Int
    private var items: [UInt8]

    /// Makes room for `capacity` elements of each of `cellCount` cells.
    init(cellCount: Int, capacity: Int, itemBytes: Int) {
        self.capacity = capacity
        self.itemBytes = itemBytes
        filled = [Int](repeating: 0, count: cellCount)
        // Only what is written is read; pages that nothing is written to take no memory.
        let bytes = cellCount * capacity * itemBytes
        items = [UInt8](unsafeUninitializedCapacity: bytes) { _, count in count = bytes }
    }

    /// Takes in elements of cells, counted from `firstCell`.
    mutating func append(_ run: CellRun, firstCell: Int) {
        run.cells.withUnsafeBufferPointer { cells in
            items.withUnsafeMutableBytes { items in
                nave_append_to_cells(
                    itemBytes,
                    items.baseAddress,
                    capacity,
                    &filled,
                    cells.baseAddress,
                    cells.count,
                    firstCell,
                    run.items,
                    run.each
                )
            }
        }
    }

    /// Forgets the elements.
    mutating func clear() {
        for cell in filled.indices { filled[cell] = 0 }
    }

    /// Hands the elements of a cell over, if there are any, and forgets them.
    mutating func empty(_ cell: Int, into use: (UnsafeRawPointer, Int) -> Void) {
        guard filled[cell] > 0 else { return }
        items.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            use(start + cell * capacity * itemBytes, filled[cell])
        }
        filled[cell] = 0
    }

    /// Writes the keys of a cell's elements to the front of `keys`, in order.
    func orderedKeys(
        of cell: Int,
        _ kind: nave_item_kind,
        into keys: inout [UInt64],
        scratch: inout [UInt64]
    ) {
        items.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            let first = start + cell * capacity * itemBytes
            nave_order_keys(kind, first, filled[cell], &keys)
        }
        nave_sort_keys(&keys, &scratch, filled[cell], itemBytes)
    }
}
