import ArrayModel

/// Percentiles of the cells of a block that have too many elements to hold: by several passes over
/// their chunks.
struct CellRankSearch: Sendable {
    let pass: CellPass
    let places: PercentilePlaces
    let order: ElementOrder
    let nan: StatisticOptions.NaNPolicy
    let digitBits: Int

    /// Computes the percentiles.
    ///
    /// - Parameter use: Takes those of some cells, one cell after the other, on several threads at once.
    /// - Throws: ``ArrayReadError``, any case; ``ArrayReadError/statisticUndefined(_:)`` if the elements
    ///   change between two passes over them.
    func run(
        use: @escaping @Sendable (Range<Int>, [Double]) -> Void
    ) async throws(ArrayReadError) {
        let (itemBytes, nan, fill) = (pass.itemBytes, nan, order.key(of: pass.fillValue))
        let stripes = try await stripes()
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
                    use(stripe.cells, stripe.with { $0.percentiles(nan: nan) })
                }
            )
        }
    }

    /// What is known at first; as large as the block, so that it takes a while to write.
    private func stripes() async throws(ArrayReadError) -> CellStripes<CellRanks> {
        let (block, places, order, digitBits) = (pass.block, places, order, digitBits)
        return try await pass.engine.blocking { () throws(ArrayReadError) in
            CellStripes(cellCount: block.cellCount) { count in
                CellRanks(
                    cellCount: count,
                    cellElements: block.cellElements,
                    places: places,
                    order: order,
                    digitBits: digitBits
                )
            }
        }
    }
}
