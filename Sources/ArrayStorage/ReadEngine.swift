import ArrayModel
import DiskIO
import ObjectStorage

/// Runs the reading of chunks on threads of their own, some batches at a time.
struct ReadEngine: Sendable {
    let loader: ChunkLoader
    let pool: BlockingPool
    let limits: ArrayReaderLimits
    /// What is known of whole chunks.
    let summaries: SummaryStore

    /// Runs blocking work on one of the pool's threads, on the account of the current task.
    func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws(ArrayReadError) -> Value
    ) async throws(ArrayReadError) -> Value {
        let result: Result<Value, ArrayReadError>
        do {
            result = try await pool.run(on: WorkAccount.current) {
                Result { () throws(ArrayReadError) -> Value in try work() }
            }
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .shutDown
        }
        return try result.get()
    }

    /// Runs `work` on every batch of a source, several at a time, and merges the results in the order
    /// of the batches.
    ///
    /// Stops at the first failure; batches that have begun are waited for.
    func process<Part: Sendable, Source: PartSource>(
        _ source: consuming Source,
        merge: (Part) -> Void,
        work: @escaping @Sendable (Source.Work) throws(ArrayReadError) -> Part
    ) async throws(ArrayReadError) {
        guard !Task.isCancelled else { throw .cancelled }
        var source = source
        guard let first = try await source.next() else { return }
        guard let second = try await source.next() else {
            return merge(
                try await blocking { () throws(ArrayReadError) -> Part in try work(first) }
            )
        }
        var rest = RemainingBatches(begun: [second, first], source: source)
        let failure = await withTaskGroup(of: NumberedPart<Part>.self) { group in
            await run(&group, &rest, merge: merge, work: work)
        }
        if let failure { throw failure }
    }

    private func run<Part: Sendable, Source: PartSource>(
        _ group: inout TaskGroup<NumberedPart<Part>>,
        _ batches: inout RemainingBatches<Source>,
        merge: (Part) -> Void,
        work: @escaping @Sendable (Source.Work) throws(ArrayReadError) -> Part
    ) async -> ArrayReadError? {
        var begun = 0
        var merged = 0
        var waiting: [Int: Part] = [:]
        do throws(ArrayReadError) {
            while true {
                // Ahead of the oldest unfinished batch by a bound, so that `waiting` has one.
                while begun - merged < limits.parallelism * 4,
                    begun - merged - waiting.count < limits.parallelism,
                    let batch = try await batches.next()
                {
                    guard !Task.isCancelled else { throw .cancelled }
                    let number = begun
                    begun += 1
                    group.addTask { await self.part(number, batch, work) }
                }
                guard let next = await group.next() else { return nil }
                waiting[next.number] = try next.result.get()
                while let part = waiting.removeValue(forKey: merged) {
                    merge(part)
                    merged += 1
                }
            }
        } catch {
            group.cancelAll()
            return error
        }
    }

    private func part<Work: Sendable, Part: Sendable>(
        _ number: Int,
        _ batch: Work,
        _ work: @escaping @Sendable (Work) throws(ArrayReadError) -> Part
    ) async -> NumberedPart<Part> {
        do throws(ArrayReadError) {
            let part = try await blocking { () throws(ArrayReadError) -> Part in try work(batch) }
            return NumberedPart(number: number, result: .success(part))
        } catch {
            return NumberedPart(number: number, result: .failure(error))
        }
    }
}

/// The result of one batch with its place in the order.
private struct NumberedPart<Part: Sendable>: Sendable {
    let number: Int
    let result: Result<Part, ArrayReadError>
}

/// Batches that were taken from a source already, last first, and then the source.
private struct RemainingBatches<Source: PartSource> {
    var begun: [Source.Work]
    var source: Source

    mutating func next() async throws(ArrayReadError) -> Source.Work? {
        if let batch = begun.popLast() { return batch }
        return try await source.next()
    }
}
