import StorageModel

extension ObjectStore {
    /// Gives back what the log holds without need, as far as that goes, and waits for it.
    ///
    /// The store does so by itself as well; see ``StoreLimits/deadBytesMin``. Readers and writers go
    /// on meanwhile.
    ///
    /// - Returns: What was done.
    /// - Throws: ``StoreError``; what was done before stays.
    @discardableResult
    public func cleanLog() async throws(StoreError) -> CleaningReport {
        guard case .cleaned(let report) = try await reclaimer.perform(.clean(.deep)) else {
            preconditionFailure("an outcome is of the kind of its request")
        }
        return report
    }

    /// Copies the index into the volume, so that it can be made again quickly.
    ///
    /// The store does so by itself as well; see ``StoreLimits/snapshotLogBytes``.
    public func takeSnapshot() async throws(StoreError) {
        _ = try await reclaimer.perform(.snapshot)
    }

    /// Frees what versions, commits and drafts that are gone left behind; discards drafts that expired,
    /// and forgets commits that their versions keep no longer.
    ///
    /// The store does so by itself as well.
    ///
    /// - Throws: ``StoreError``; what was done before stays.
    public func sweepLines() async throws(StoreError) {
        guard case .swept = try await reclaimer.perform(.sweep) else {
            preconditionFailure("an outcome is of the kind of its request")
        }
    }

    /// Aborts multipart uploads that are older than ``StoreLimits/uploadExpirySeconds``.
    ///
    /// The store does so by itself as well.
    ///
    /// - Returns: How many.
    /// - Throws: ``StoreError``; what was aborted before stays so.
    @discardableResult
    public func expireUploads() async throws(StoreError) -> Int {
        guard case .expired(let count) = try await reclaimer.perform(.expireUploads) else {
            preconditionFailure("an outcome is of the kind of its request")
        }
        return count
    }
}
