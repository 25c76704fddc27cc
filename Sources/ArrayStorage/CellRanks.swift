import CKernels

/// The search for the elements at some ranks of every one of some cells, by counting the digits of their
/// keys: every pass over the elements finds one digit more.
///
/// Invariants: the prefixes of a cell ascend as its ranks do; of ranks with equal prefixes, the first has
/// the counts of all.
struct CellRanks: Sendable {
    private let places: PercentilePlaces
    private let order: ElementOrder
    private let digitBits: Int
    private let ranks: Int
    /// How many elements a cell has.
    private let cellElements: Int
    private var bitsFound = 0
    /// How many elements of a cell are no NaN; known after the first pass.
    private var numberCounts: [Int]
    /// The digits that are known, of every rank of every cell.
    private var prefixes: [UInt64]
    /// The rank among the elements that share them.
    private var remaining: [Int]
    private var counts: [UInt64]
    /// How many elements of a cell were met in this pass.
    private var met: [Int]
    /// Whether the elements were the same in every pass, as far as it shows.
    private(set) var isConsistent = true

    /// The bytes that a cell takes.
    static func cellBytes(ranks: Int, digitBits: Int) -> Int {
        ranks * ((8 << digitBits) + 16) + 16
    }

    /// Begins to search.
    ///
    /// - Parameters:
    ///   - cellCount: How many cells there are.
    ///   - cellElements: How many elements each has, at least 1.
    ///   - places: What is looked for.
    ///   - order: The order of the elements.
    ///   - digitBits: The bits of a digit, of which the bits of a key are a multiple.
    init(
        cellCount: Int,
        cellElements: Int,
        places: PercentilePlaces,
        order: ElementOrder,
        digitBits: Int
    ) {
        self.places = places
        self.order = order
        self.digitBits = digitBits
        self.cellElements = cellElements
        ranks = places.ranksMax
        numberCounts = Array(repeating: 0, count: cellCount)
        met = numberCounts
        prefixes = Array(repeating: 0, count: cellCount * ranks)
        remaining = Array(repeating: 0, count: cellCount * ranks)
        counts = Array(repeating: 0, count: cellCount * ranks << digitBits)
    }

    private var shift: Int { order.keyBits - bitsFound - digitBits }

    /// Counts the digits of elements.
    mutating func count(_ run: CellRun, firstCell: Int) {
        run.cells.withUnsafeBufferPointer { cells in
            nave_count_digits(
                order.kind,
                cells.baseAddress,
                cells.count,
                firstCell,
                run.items,
                run.each,
                prefixes,
                ranks,
                UInt32(shift),
                UInt32(digitBits),
                &counts
            )
        }
        for cell in run.cells { met[cell - firstCell] += run.each }
    }

    /// Ends a pass: finds one digit more of every rank.
    ///
    /// - Parameter fill: The key of what a cell has where nothing is stored.
    mutating func narrow(fill: UInt64) {
        for cell in met.indices {
            if !order.isNaN(fill) { count(fill, times: cellElements - met[cell], of: cell) }
            if bitsFound == 0 { begin(cell) }
            if numberCounts[cell] > 0 { narrow(cell) }
        }
        bitsFound += digitBits
        if bitsFound < order.keyBits { forgetPass() }
    }

    /// Begins anew with other cells.
    mutating func restart() {
        bitsFound = 0
        for index in prefixes.indices { prefixes[index] = 0 }
        forgetPass()
    }

    private mutating func forgetPass() {
        for index in counts.indices { counts[index] = 0 }
        for cell in met.indices { met[cell] = 0 }
    }

    /// Counts a key that a cell has many times.
    private mutating func count(_ key: UInt64, times: Int, of cell: Int) {
        guard times > 0 else { return }
        let digits = key >> UInt64(shift)
        let own = cell * ranks..<(cell + 1) * ranks
        guard let rank = prefixes[own].firstIndex(of: digits >> UInt64(digitBits)) else { return }
        let digit = Int(digits & ((1 << UInt64(digitBits)) - 1))
        counts[(rank << digitBits) + digit] += UInt64(times)
    }

    /// Finds the ranks of a cell, as it is known now how many of its elements are numbers.
    private mutating func begin(_ cell: Int) {
        let first = cell * ranks
        let table = first << digitBits
        numberCounts[cell] = Int(counts[table..<(table + 1 << digitBits)].reduce(0, +))
        guard numberCounts[cell] > 0 else { return }
        let wanted = places.ranks(of: numberCounts[cell])
        for place in 0..<ranks { remaining[first + place] = wanted[min(place, wanted.count - 1)] }
    }

    private mutating func narrow(_ cell: Int) {
        let first = cell * ranks
        var counted = first
        var known = prefixes[first]
        for rank in first..<(first + ranks) {
            if prefixes[rank] != known { (counted, known) = (rank, prefixes[rank]) }
            var rest = UInt64(remaining[rank])
            let table = counted << digitBits
            var digit = 0
            while digit < 1 << digitBits, rest >= counts[table + digit] {
                rest -= counts[table + digit]
                digit += 1
            }
            guard digit < 1 << digitBits else {
                isConsistent = false
                return
            }
            remaining[rank] = Int(rest)
            prefixes[rank] = known << UInt64(digitBits) | UInt64(digit)
        }
    }

    /// The percentiles of the first cells, after the last pass.
    func percentiles(cellCount: Int, nan: StatisticOptions.NaNPolicy) -> [Double] {
        var result: [Double] = []
        for (cell, count) in numberCounts.prefix(cellCount).enumerated() {
            guard count > 0, count >= cellElements || nan == .skip else {
                result += places.percents.map { _ in .nan }
                continue
            }
            let wanted = places.ranks(of: count)
            result +=
                places.values(of: count, in: order) { rank in
                    wanted.firstIndex(of: rank).map { prefixes[cell * ranks + $0] }
                } ?? []
        }
        return result
    }
}
