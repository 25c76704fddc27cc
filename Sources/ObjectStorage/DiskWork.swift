import DiskIO

extension BlockingPool {
    /// Runs work that must be done even if the caller's task is cancelled, and gives its result.
    ///
    /// - Throws: What the work throws; ``StoreError/closed``.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, StoreError>, Never>) in
            let isTaken = enqueue {
                continuation.resume(
                    returning: Result { () throws(StoreError) in try work() }
                )
            }
            if !isTaken { continuation.resume(returning: .failure(.closed)) }
        }
        return try result.get()
    }
}
