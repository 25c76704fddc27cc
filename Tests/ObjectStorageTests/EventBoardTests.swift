import StorageModel
import Synchronization
import Testing

@testable import ObjectStorage

/// Checks who may follow what happens, and that all are told.
///
/// Method: small bounds, reached one by one.
@Suite struct EventBoardTests {
    static let one = LineID(1)
    static let two = LineID(2)
    static let ana = PrincipalName(trusted: "ana")
    static let ben = PrincipalName(trusted: "ben")

    static func board() -> EventBoard {
        EventBoard(
            limits: WatchLimits(
                watchesMax: 9,
                namespaceWatchesMax: 6,
                principalWatchesMax: 4,
                keylessWatchesMax: 3,
                keylessNamespaceWatchesMax: 2
            )
        )
    }

    /// How many more may watch.
    static func room(_ board: EventBoard, _ namespace: LineID, _ principal: PrincipalName?) -> Int {
        var watches: [Int] = []
        while watches.count < 99, let watch = board.watch(namespace, for: principal, {}) {
            watches.append(watch)
        }
        for watch in watches { board.end(watch) }
        return watches.count
    }

    @Test func `nobody shuts the others out`() {
        let board = Self.board()
        #expect(Self.room(board, Self.one, nil) == 2)
        #expect(Self.room(board, Self.one, Self.ana) == 4)
        for _ in 0..<2 { _ = board.watch(Self.one, for: nil) {} }
        #expect(Self.room(board, Self.two, nil) == 1)
        for _ in 0..<4 { _ = board.watch(Self.one, for: Self.ana) {} }
        // The namespace is full; the principal elsewhere too.
        #expect(Self.room(board, Self.one, Self.ben) == 0)
        #expect(Self.room(board, Self.two, Self.ana) == 0)
        #expect(Self.room(board, Self.two, Self.ben) == 3)
    }

    @Test func `after what came past the batches everybody asks, and lines are tidied`() {
        let board = Self.board()
        let told = Mutex<[Int]>([])
        let left = Mutex<[LineLeftovers]>([])
        board.whenLinesAreLeft { leftovers in left.withLock { $0.append(leftovers) } }
        for (number, namespace) in [Self.one, Self.two].enumerated() {
            _ = board.watch(namespace, for: Self.ana) { told.withLock { $0.append(number) } }
        }
        board.tell([Self.two])
        board.tell(of: LineLeftovers())
        #expect(told.withLock { $0 } == [1] && left.withLock { $0.isEmpty })
        board.tellEverybody()
        #expect(told.withLock { $0.sorted() } == [0, 1, 1])
        #expect(left.withLock { $0 } == [LineLeftovers(hasSweeps: true)])
    }
}
