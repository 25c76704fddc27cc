import MetadataIndex
import SQLiteDatabase
import StorageModel
import Volumes

// An index that is behind the log, or whose disk fails.

extension Committer {
    // MARK: - Behind the log

    /// Brings the index forward, with the room that was kept for deletions if there is no other, or on
    /// another disk if that of it fails.
    func catchUpWithRoom() throws(StoreError) {
        do throws(StoreError) {
            try catchUp()
        } catch {
            if moveIndex() { return }
            guard error == .outOfSpace, reserve.release() else { throw error }
            try catchUp()
        }
    }

    /// Brings the index forward by what it missed of the log.
    ///
    /// - Throws: What ends a batch of which nothing is in the log yet.
    func catchUp() throws(StoreError) {
        try translating { () throws(SQLiteError) in try writer.rollback() }
        do {
            // On a full disk the index's own log cannot grow, but it may begin anew.
            _ = try? writer.checkpoint(.passive)
            let replay = LogReplay(volume: volume, writer: writer, batchMax: limits.replayBatchMax)
            // What it frees is not told apart; the next start sweeps it.
            upkeep.gate.breakHolds()
            // Whoever took hold meanwhile was not told either.
            defer { upkeep.gate.breakHolds() }
            _ = try replay.run()
            try takeNames()
        } catch {
            logger.error("index still behind the log", metadata: ["error": "\(error)"])
            if let error = error as? SQLiteError { note(error) }
            let isFull = (error as? SQLiteError)?.code == .outOfSpace
            throw isFull ? .outOfSpace : .inputOutputFailed
        }
        isBehind = false
        logger.notice("index caught up with the log")
    }

    /// Takes the names from the index, forgets what was looked up before, and has followers look.
    private func takeNames() throws(SQLiteError) {
        names = NameTable(
            namespaces: try writer.reader.namespaces(),
            principals: try writer.reader.principals(),
            root: root
        )
        directory.publish(names)
        entries.removeAll()
        board.tellEverybody()
    }

    // MARK: - On a disk that fails

    /// Looks into a read that failed: if it was of the index in use, that is made anew elsewhere.
    func lookAfterIndex() {
        guard let error = health.takeSuspicion(of: index.directory) else { return }
        logger.error("index cannot be read", metadata: ["error": "\(error)"])
        note(error)
        _ = moveIndex()
    }

    /// Makes the index anew in the next directory that takes it, if the disk of the one in use failed.
    ///
    /// Changes wait meanwhile. A directory is never gone back to: connections to the index that was left
    /// there may be open, and the last of them to close removes files by their names.
    ///
    /// - Returns: Whether there is an index again, which holds all that the log holds; false if none was
    ///   needed or nothing takes one.
    func moveIndex() -> Bool {
        guard indexFailure != nil else { return false }
        let left = index.directory
        while !spareIndexDirectories.isEmpty {
            health.note(.beingMade)
            let next = spareIndexDirectories.removeFirst()
            logger.error(
                "the index failed and is made anew in another folder",
                metadata: ["failed": "\(left)", "directory": "\(next)"]
            )
            do {
                try makeIndex(in: next)
                logger.notice("the index is whole again", metadata: ["directory": "\(next)"])
                return true
            } catch {
                logger.error(
                    "the index was not made in a folder",
                    metadata: ["directory": "\(next)", "error": "\(error)"]
                )
            }
        }
        health.note(.failed)
        return false
    }

    private func makeIndex(in directory: String) throws {
        // Fails on the disk that failed, which then may keep what it has.
        try? writer.rollback()
        try volume.flush()
        let opening = IndexOpening(
            configuration: configuration,
            volume: volume,
            directory: directory,
            logger: logger
        )
        // What the log has and the index had not frees blobs that nobody was told of.
        upkeep.gate.breakHolds()
        defer { upkeep.gate.breakHolds() }
        let opened = try opening.make().opened
        index.move(to: opened.index)
        writer = opened.writer
        try takeNames()
        isBehind = false
        indexFailure = nil
        health.note(.usable)
    }

    // MARK: - What is noted

    func translating<Value>(
        _ body: () throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        do throws(SQLiteError) {
            return try body()
        } catch {
            logger.error("index call failed", metadata: ["error": "\(error)"])
            note(error)
            throw StoreError(beforeLog: error)
        }
    }

    /// Notes that the index took a change: a disk that failed once goes on.
    func noteUse() {
        guard indexFailure != nil, !isMarkedDamaged else { return }
        indexFailure = nil
        health.note(.usable)
    }

    /// Notes why the index cannot be used, if that is its disk, and has the next start make an index anew
    /// that is not what SQLite wrote.
    func note(_ error: SQLiteError) {
        guard IndexHealth.isOfDisk(error) else { return }
        indexFailure = error
        guard error.code == .corrupt || error.code == .notADatabase, !isMarkedDamaged else {
            return
        }
        do throws(SQLiteError) {
            try MetadataIndex.markDamaged(in: index.directory)
        } catch {
            logger.warning("damaged index not marked", metadata: ["error": "\(error)"])
        }
        markedDirectory = index.directory
        guard spareIndexDirectories.isEmpty else { return }
        logger.critical(
            "the index is damaged: restart the server, which makes it anew of the log",
            metadata: ["error": "\(error)"]
        )
    }

    /// Whether the index in use was found not to be what SQLite wrote.
    private var isMarkedDamaged: Bool { markedDirectory == index.directory }
}
