import ArrayModel

/// Percentiles of the cells of a block that have too many elements to hold: by several passes over
/// their chunks.
struct CellRankSearch: Sendable {
    let pass: CellPass
    let places: PercentilePlaces
    let order: ElementOrder
    let nan: StatisticOptions.NaNPolicy
    let digitBits: Int
    /// What is known of the cells, as many as the largest block has; nothing at first.
    let stripes: CellStripes<CellRanks>

    /// Computes the percentiles, and leaves the stripes as they were for the next block.
    ///
    /// - Parameter use: Takes those of some cells, one cell after the other, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` if the elements
    ///   change between two passes over them.
    func run(
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let (stripes, itemBytes, nan) = (stripes, pass.itemBytes, nan)
        let (fill, block) = (order.key(of: pass.fillValue), 0..<pass.block.cellCount)
        let passes = order.keyBits / digitBits
        for number in 1...passes {
            try await pass.run { run in
                stripes.visit(run, itemBytes: itemBytes) { ranks, firstCell, part in
                    ranks.count(part, firstCell: firstCell)
                }
            }
            try await pass.engine.process(
                ListedParts(stripes.stripes),
                merge: { (_: Void) in },
                work: { stripe throws(ArrayReadError) -> Void in
                    let isConsistent = stripe.with { ranks in
                        ranks.narrow(fill: fill)
                        return ranks.isConsistent
                    }
                    guard isConsistent else { throw .statisticUndefined(.changing) }
                    guard number == passes else { return }
                    let cells = stripe.cells.clamped(to: block)
                    let values = stripe.with { ranks in
                        let values = ranks.percentiles(cellCount: cells.count, nan: nan)
                        ranks.restart()
                        return values
                    }
                    use(cells, values)
                }
            )
        }
    }
}
