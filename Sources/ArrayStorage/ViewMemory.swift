import Synchronization

/// The memory for what the Zarr view has made and clients have not taken yet.
///
/// Who comes when there is not enough waits, in order. One client has a half of it at most, so that
/// others find room; and who takes what was made for it too slowly has its memory given to those who
/// wait, and what was made is made again when the client goes on.
///
/// State: guarded by `state`.
final class ViewMemory: Sendable {
    /// How often those who wait look for who is slow.
    private static let interval = Duration.milliseconds(250)

    private struct State {
        /// The gates of the clients that have memory.
        var gates: [String: WeakGate] = [:]
        /// The count of gates at which those that nobody uses are forgotten.
        var gatesMax = 64
        /// What is being taken.
        var lent: [WeakBytes] = []
    }

    private struct WeakGate {
        weak var gate: MemoryGate?
    }

    private struct WeakBytes {
        weak var bytes: ViewBytes?
    }

    private let gate: MemoryGate
    private let clientBytesMax: Int
    private let state = Mutex(State())

    /// Makes a memory of so many bytes, at least 2.
    init(bytesMax: Int) {
        gate = MemoryGate(bytesMax: bytesMax)
        clientBytesMax = bytesMax / 2
    }

    /// The bytes that are reserved now.
    var takenBytes: Int { gate.takenBytes }

    /// How many wait that have their client's leave.
    var waitingCount: Int { gate.waitingCount }

    /// Memory that is set aside; given back when the last copy goes.
    struct Share: Sendable {
        fileprivate let ofClient: MemoryGate.Reservation
        fileprivate let ofAll: MemoryGate.Reservation

        /// Gives back what is more than `count` bytes.
        func shrink(to count: Int) {
            ofClient.shrink(to: count)
            ofAll.shrink(to: count)
        }
    }

    /// Sets memory aside for as long as the result lives; waits until there is enough.
    ///
    /// - Parameters:
    ///   - bytes: How much; what is longer than the whole is given all of it.
    ///   - client: Who asked for what is made.
    /// - Returns: The memory.
    /// - Throws: `CancellationError` if the task is cancelled before.
    func reserve(_ bytes: Int, for client: String) async throws(CancellationError) -> Share {
        let own = gate(of: client)
        let ofClient = try await reserve(bytes, of: own) { $0.client == client }
        return Share(ofClient: ofClient, ofAll: try await reserve(bytes, of: gate) { _ in true })
    }

    /// Notes that bytes are being taken, whose memory may be wanted by others.
    func lend(_ bytes: ViewBytes) {
        state.withLock { $0.lent.append(WeakBytes(bytes: bytes)) }
    }

    private func reserve(
        _ bytes: Int,
        of gate: MemoryGate,
        _ isCandidate: @escaping @Sendable (ViewBytes) -> Bool
    ) async throws(CancellationError) -> MemoryGate.Reservation {
        if let reservation = gate.reserveNow(bytes) { return reservation }
        let reservation = await withTaskGroup(of: MemoryGate.Reservation?.self) { group in
            group.addTask { try? await gate.reserve(bytes) }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    self.reclaim(for: gate, at: .now, isCandidate)
                }
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let reservation else { throw CancellationError() }
        return reservation
    }

    /// Takes memory back from clients that are slow, the slowest first, while somebody waits for it.
    ///
    /// - Parameters:
    ///   - gate: What is waited at; nil for that of all clients.
    ///   - now: What time it is.
    ///   - isCandidate: Whether to look at something that is being taken.
    func reclaim(
        for gate: MemoryGate? = nil,
        at now: ContinuousClock.Instant,
        _ isCandidate: (ViewBytes) -> Bool = { _ in true }
    ) {
        let gate = gate ?? self.gate
        let lent = state.withLock { state in
            state.lent.removeAll { $0.bytes == nil }
            return state.lent.compactMap(\.bytes)
        }
        let slow = lent.filter(isCandidate)
            .compactMap { bytes in bytes.slowSince(now).map { (bytes: bytes, since: $0) } }
        for (bytes, _) in slow.sorted(by: { $0.since < $1.since }) where gate.waitingCount > 0 {
            bytes.giveUp()
        }
    }

    private func gate(of client: String) -> MemoryGate {
        state.withLock { state in
            if let gate = state.gates[client]?.gate { return gate }
            if state.gates.count >= state.gatesMax {
                state.gates = state.gates.filter { $0.value.gate != nil }
                state.gatesMax = max(state.gates.count * 2, 64)
            }
            let gate = MemoryGate(bytesMax: clientBytesMax)
            state.gates[client] = WeakGate(gate: gate)
            return gate
        }
    }
}
