import Synchronization

/// Memory of a fixed size for the elements of writes, which each takes as its bytes come.
///
/// A body of which nothing comes takes nothing. So that bodies under way do not wait for each other in a circle, a
/// piece is given only if afterwards all could still end one after the other, each with what those before it
/// give back. Who has nothing yet waits behind others who have nothing; who has something does not wait for
/// them.
///
/// Source: E. W. Dijkstra, "Cooperating sequential processes" (EWD 123), section 6, "The problem of the deadly
/// embrace": the banker's algorithm, for one currency.
///
/// Invariants:
/// - `taken` is the sum of what is held, at most `bytesMax`, and `missing` that of what its holders lack;
/// - the holders can end one after the other.
///
/// State: guarded by `state`.
final class ElementMemory: Sendable {
    private let bytesMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    /// Makes a memory of `bytesMax` bytes, for which at most `waitingMax` writes wait.
    init(bytesMax: Int, waitingMax: Int) {
        precondition(bytesMax > 0, "there is memory to give")
        self.bytesMax = bytesMax
        self.waitingMax = waitingMax
    }

    /// The bytes that are held now.
    var takenBytes: Int { state.withLock { $0.taken } }

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Opens an account for a write of so many bytes, at most all there are; nothing is held yet.
    func account(neededBytes: Int) -> Account {
        precondition(
            neededBytes >= 0 && neededBytes <= bytesMax,
            "it fits when nobody else is there"
        )
        return Account(self, number: state.withLock { $0.open(neededBytes) })
    }

    /// What one write holds; given back when the last reference goes.
    final class Account: Sendable {
        private let memory: ElementMemory
        private let number: Int

        fileprivate init(_ memory: ElementMemory, number: Int) {
            self.memory = memory
            self.number = number
        }

        /// Waits until at least so many bytes are held, at most all that the account was opened for.
        ///
        /// - Returns: The bytes that are held now, which may be more.
        /// - Throws: ``ArrayWriteError/overloaded`` if too many wait, ``ArrayReadError/cancelled``.
        func grow(to bytes: Int) async throws(ArrayWriteError) -> Int {
            switch await memory.grow(number, to: bytes) {
            case .given(let bytes): return bytes
            case .refused: throw .overloaded
            case .cancelled: throw .read(.cancelled)
            }
        }

        deinit { memory.close(number) }
    }

    fileprivate enum Answer {
        case given(Int)
        case refused
        case cancelled
    }

    fileprivate struct Holding {
        let needed: Int
        var held = 0
        var missing: Int { needed - held }
    }

    fileprivate struct Waiter {
        let number: Int
        /// What it wants to hold.
        let bytes: Int
        let continuation: CheckedContinuation<Answer, Never>
    }

    fileprivate struct State {
        /// By the numbers of the accounts.
        var holdings: [Int: Holding] = [:]
        var taken = 0
        /// What those who hold something lack.
        var missing = 0
        var lastNumber = 0
        /// In the order of the numbers.
        var waiting: [Waiter] = []
    }

    private func grow(_ number: Int, to bytes: Int) async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Answer? in
                    if Task.isCancelled { return .cancelled }
                    guard let wanted = state.wanted(number, bytes) else { return .cancelled }
                    if let held = state.give(number, wanted, of: bytesMax) { return .given(held) }
                    guard state.waiting.count < waitingMax else { return .refused }
                    state.wait(Waiter(number: number, bytes: wanted, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            leave { $0.cancelWaiting(number) }
        }
    }

    private func close(_ number: Int) {
        leave { state in
            state.close(number)
            return nil
        }
    }

    /// Changes the state, and gives to those who wait what they can have then.
    private func leave(
        _ change: @Sendable (inout State) -> CheckedContinuation<Answer, Never>?
    ) {
        let (cancelled, served) = state.withLock { state in
            let cancelled = change(&state)
            return (cancelled, state.serve(bytesMax))
        }
        cancelled?.resume(returning: .cancelled)
        for (waiter, held) in served { waiter.resume(returning: .given(held)) }
    }
}

extension ElementMemory.State {
    /// The least that is given beyond what is held, in bytes.
    private static let pieceBytes = 64 << 10

    fileprivate mutating func open(_ neededBytes: Int) -> Int {
        lastNumber += 1
        holdings[lastNumber] = ElementMemory.Holding(needed: neededBytes)
        return lastNumber
    }

    fileprivate mutating func close(_ number: Int) {
        guard let holding = holdings.removeValue(forKey: number) else { return }
        taken -= holding.held
        if holding.held > 0 { missing -= holding.missing }
    }

    /// What an account is to hold that needs so many bytes now: some more, so that it seldom asks.
    fileprivate func wanted(_ number: Int, _ bytes: Int) -> Int? {
        guard let holding = holdings[number] else { return nil }
        let more = holding.held + max(Self.pieceBytes, holding.held / 4)
        return bytes <= holding.held ? holding.held : min(max(bytes, more), holding.needed)
    }

    fileprivate mutating func wait(_ waiter: ElementMemory.Waiter) {
        let index = waiting.firstIndex { $0.number > waiter.number } ?? waiting.endIndex
        waiting.insert(waiter, at: index)
    }

    fileprivate mutating func cancelWaiting(
        _ number: Int
    ) -> CheckedContinuation<ElementMemory.Answer, Never>? {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return nil }
        return waiting.remove(at: index).continuation
    }

    /// Serves those who wait, the oldest first.
    fileprivate mutating func serve(
        _ bytesMax: Int
    ) -> [(CheckedContinuation<ElementMemory.Answer, Never>, Int)] {
        var served: [(CheckedContinuation<ElementMemory.Answer, Never>, Int)] = []
        var index = 0
        while index < waiting.count {
            let waiter = waiting[index]
            guard let held = give(waiter.number, waiter.bytes, of: bytesMax) else {
                index += 1
                continue
            }
            waiting.remove(at: index)
            served.append((waiter.continuation, held))
        }
        return served
    }

    /// Gives an account so much that it holds so many bytes; nil if it has to wait.
    fileprivate mutating func give(_ number: Int, _ bytes: Int, of bytesMax: Int) -> Int? {
        guard let before = holdings[number] else { return nil }
        guard bytes > before.held else { return before.held }
        let isFirst = before.held == 0
        // One who has nothing yet must not keep an older one from beginning.
        if isFirst, waiting.contains(where: { $0.number < number }) { return nil }
        guard bytes - before.held <= bytesMax - taken else { return nil }
        var after = before
        after.held = bytes
        holdings[number] = after
        taken += bytes - before.held
        missing += after.missing - (isFirst ? 0 : before.missing)
        guard isSafe(bytesMax) else {
            holdings[number] = before
            taken -= bytes - before.held
            missing -= after.missing - (isFirst ? 0 : before.missing)
            return nil
        }
        return bytes
    }

    /// Whether all who hold something can end one after the other.
    private func isSafe(_ bytesMax: Int) -> Bool {
        var free = bytesMax - taken
        if missing <= free { return true }
        let holders = holdings.values.filter { $0.held > 0 }
        // Who lacks least ends first.
        for holder in holders.sorted(by: { $0.missing < $1.missing }) {
            guard holder.missing <= free else { return false }
            free += holder.held
        }
        return true
    }
}
