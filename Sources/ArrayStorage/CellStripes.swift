import Synchronization

/// What is known of the cells of a block, in stripes of neighbouring cells that several threads work on.
struct CellStripes<State: Sendable>: Sendable {
    /// So many that two threads seldom want the same one.
    private static var stripesMax: Int { 16 }

    let stripes: [CellStripe<State>]
    private let stripeCells: Int

    /// Makes stripes.
    ///
    /// - Parameters:
    ///   - cellCount: How many cells there are, at least 1.
    ///   - state: Gives what is known of so many cells at first.
    init(cellCount: Int, state: (_ cellCount: Int) -> State) {
        precondition(cellCount >= 1, "there are cells")
        let stripeCells = (cellCount - 1) / Self.stripesMax + 1
        self.stripeCells = stripeCells
        stripes = stride(from: 0, to: cellCount, by: stripeCells).map { first in
            let cells = first..<min(first + stripeCells, cellCount)
            return CellStripe(cells: cells, state: state(cells.count))
        }
    }

    /// Works on the cells of a run, stripe by stripe; those that others work on come last.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - itemBytes: The length of an element.
    ///   - work: Takes the part of the run that is in a stripe into it, with the stripe's first cell.
    func visit(
        _ run: CellRun,
        itemBytes: Int,
        work: (inout State, _ firstCell: Int, CellRun) -> Void
    ) {
        var busy: [(stripe: CellStripe<State>, part: CellRun)] = []
        var first = run.cells.startIndex
        while first < run.cells.endIndex {
            let stripe = stripes[run.cells[first] / stripeCells]
            let rest = run.cells[first...]
            let end = rest.firstIndex { !stripe.cells.contains($0) } ?? run.cells.endIndex
            let offset = (first - run.cells.startIndex) * run.each * itemBytes
            let part = CellRun(
                cells: run.cells[first..<end],
                items: run.items + offset,
                each: run.each
            )
            if !stripe.withIfFree({ work(&$0, stripe.cells.lowerBound, part) }) {
                busy.append((stripe, part))
            }
            first = end
        }
        for (stripe, part) in busy { stripe.with { work(&$0, stripe.cells.lowerBound, part) } }
    }
}

/// What is known of some neighbouring cells.
///
/// State: guarded by `state`.
final class CellStripe<State: Sendable>: Sendable {
    /// Which cells of the block.
    let cells: Range<Int>
    private let state: Mutex<State>

    init(cells: Range<Int>, state: State) {
        self.cells = cells
        self.state = Mutex(state)
    }

    /// Uses the state.
    func with<Value: Sendable>(_ use: (inout State) -> Value) -> Value {
        state.withLock { use(&$0) }
    }

    /// Uses the state if nobody else does.
    ///
    /// - Returns: Whether it was used.
    func withIfFree(_ use: (inout State) -> Void) -> Bool {
        state.withLockIfAvailable { use(&$0) } != nil
    }
}
