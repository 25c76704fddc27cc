import DiskIO
import NIOCore
import SeededRandom
import StorageModel
import Volumes

@testable import ObjectStorage

extension StoreLife {
    /// Something that a store does by itself now and then; false if it takes no further writes.
    func backgroundWork(_ subject: SimulatedStore, _ plan: UptimePlan) async -> Bool {
        let store = subject.store
        switch Int.random(in: 0..<16, using: &random) {
        case 0:
            return await attempt("snapshot", plan) { _ = try await store.takeSnapshot() }
        case 1, 2:
            return await attempt("deep cleaning", plan) {
                _ = try await store.reclaimer.perform(.clean(.deep))
            }
        case 3:
            return await attempt("shallow cleaning", plan) {
                _ = try await store.reclaimer.perform(.clean(.shallow))
            }
        case 4:
            clock.advance(days: 8)
            model.uploads = []
            return await attempt("expiry", plan) {
                _ = try await store.reclaimer.perform(.expireUploads)
            }
        case 5, 6:
            chronicle.note("repair")
            store.repairInTurn()
        case 7:
            return await attempt("index copied", plan) { [folder] in
                try await folder.copyIndex(of: store)
            }
        case 8 where isSpare && isHealthy && suspect == nil && !plan.isFaulty:
            flipBit()
        case 9, 10: await readSlowly(subject, plan)
        case 11: if isFull { empty() } else { fill() }
        default: break
        }
        return true
    }

    // MARK: - Room

    private func fill() {
        isFull = true
        let left = random.pick([0, 2000, 20_000, 300_000])
        disk.leaveRoom(Int64(left))
        chronicle.note("the disks have \(left) bytes left")
        chronicle.count("full disks")
    }

    /// Gives the disks all the room that there may be.
    func empty() {
        guard isFull else { return }
        isFull = false
        disk.leaveRoom(1 << 40)
        chronicle.note("the disks have room again")
    }

    // MARK: - A slow reader

    /// Begins to read an object, or reads what was begun before to its end: it is what it was then.
    private func readSlowly(_ subject: SimulatedStore, _ plan: UptimePlan) async {
        guard let slow = slowReader else { return beginSlowReader(subject, plan) }
        slowReader = nil
        chronicle.count("slow reads")
        var bytes: [UInt8] = []
        do {
            reading: while true {
                switch try await slow.reader.read(max: 400, allocator: ByteBufferAllocator()) {
                case .ready(let piece): bytes += piece.readableBytesView
                case .wouldBlock, .end: break reading
                }
            }
            chronicle.note("slow read of \(bytes.count) bytes")
            if bytes != slow.content.bytes { model.violate("a slow reader got other bytes") }
        } catch {
            chronicle.note("slow read: \(error)")
            if !isExcused(plan) { model.violate("a slow reader failed: \(error)") }
        }
    }

    private func beginSlowReader(_ subject: SimulatedStore, _ plan: UptimePlan) {
        let key = ObjectKey(trusted: random.pick(Workload.keys))
        guard model.contents(key.text).count == 1, let content = model.known(key.text) else {
            return
        }
        do {
            guard let entry = try subject.store.lookUp(key, in: subject.namespace) else { return }
            let reader = try subject.store.reader(entry, range: 0..<entry.sizeBytes)
            slowReader = (reader, content)
            chronicle.note("slow read of \(key.text) begins")
        } catch {
            chronicle.note("slow read of \(key.text): \(error)")
            if !isExcused(plan) { model.violate("a slow reader cannot begin: \(error)") }
        }
    }

    private func attempt(
        _ what: String,
        _ plan: UptimePlan,
        _ body: () async throws -> Void
    ) async -> Bool {
        chronicle.count(what)
        do {
            try await body()
            chronicle.note(what)
        } catch {
            chronicle.note("\(what): \(error)")
            if !isExcused(plan), suspect == nil { model.violate("\(what) failed: \(error)") }
            let stops = [StoreError.volumeFailed, .indexFailed]
            return !stops.contains { $0 == error as? StoreError }
        }
        return true
    }
}
