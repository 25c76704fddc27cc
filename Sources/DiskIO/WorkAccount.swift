import Synchronization

/// On whose account a pool's threads work, and for how long they have done so.
///
/// A request has one account. What is handed in on it waits the longer for its turn the more time was
/// spent on it before; see ``BlockingPool``.
///
/// State: an atomic number.
public final class WorkAccount: Sendable {
    /// The account of the work that the current task hands in; nil for the server's own.
    @TaskLocal public static var current: WorkAccount?

    /// How an account begins.
    public enum Beginning: Sendable {
        /// As one that nothing was spent on.
        case short
        /// Behind those that little was spent on, as what is asked for takes long.
        case long
    }

    /// From so much time on, in nanoseconds, an account is on the next level.
    ///
    /// A piece of work decodes up to 4 MiB of chunks, some milliseconds; a read of a small region is a few
    /// such pieces.
    private static let levelNanoseconds: [UInt64] = [20_000_000, 200_000_000, 2_000_000_000]

    /// Whose account it is, in the words of whoever made it.
    public let client: String
    private let spentNanoseconds: Atomic<UInt64>

    /// Opens an account.
    ///
    /// - Parameters:
    ///   - client: Who asked; equal for all requests of one client.
    ///   - beginning: How it begins.
    public init(client: String, beginning: Beginning) {
        self.client = client
        let spent: UInt64 =
            switch beginning {
            case .short: 0
            case .long: Self.levelNanoseconds[1]
            }
        spentNanoseconds = Atomic(spent)
    }

    /// The level of ``TurnQueue`` that work on this account belongs to now.
    var level: Int {
        let spent = spentNanoseconds.load(ordering: .relaxed)
        return Self.levelNanoseconds.firstIndex { spent < $0 } ?? Self.levelNanoseconds.count
    }

    /// Adds the time that a thread worked.
    func charge(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = UInt64(clamping: attoseconds / 1_000_000_000)
        let whole = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        spentNanoseconds.wrappingAdd(whole.partialValue &+ nanoseconds, ordering: .relaxed)
    }
}
