/// The objects that show some bytes, as `namespace/key`: the first of them by name, and how many more.
///
/// Invariants: at most ``namesMax`` names, each once; at most ``countedMax`` objects in all.
public struct NamedObjects: Hashable, Sendable {
    /// The most objects that are named.
    public static let namesMax = 16
    /// The most objects that are counted, those that are named among them: a version of ten thousand
    /// commits shows a chunk in each of them.
    public static let countedMax = 256

    /// What the first of them are called.
    public private(set) var names: [String]
    /// How many there are beside those; from ``countedMax`` in all on, at least so many.
    public private(set) var moreCount: Int

    /// Begins with names; those beyond ``namesMax`` are counted, up to ``countedMax`` in all.
    public init(_ names: [String] = [], moreCount: Int = 0) {
        self.names = Array(names.prefix(Self.namesMax))
        let beyond = names.count - self.names.count
        let (count, overflow) = beyond.addingReportingOverflow(max(0, moreCount))
        let room = Self.countedMax - self.names.count
        self.moreCount = overflow ? room : min(count, room)
    }

    /// Whether no further object is counted.
    public var isFull: Bool { names.count + moreCount >= Self.countedMax }

    /// Adds an object that is not among them; does nothing once ``isFull``.
    ///
    /// - Parameter name: What it is called; asked for only if it is named.
    /// - Throws: What `name` throws.
    public mutating func add<Failure: Error>(
        _ name: () throws(Failure) -> String
    ) throws(Failure) {
        guard !isFull else { return }
        if names.count < Self.namesMax { names.append(try name()) } else { moreCount += 1 }
    }

    /// Adds objects that are not among them.
    public mutating func add(_ others: NamedObjects) {
        for name in others.names { add { name } }
        let room = Self.countedMax - names.count - moreCount
        if others.moreCount > 0 { moreCount += min(others.moreCount, max(0, room)) }
    }

    /// The names for a line of text, and how many more there are; empty if there are none.
    public var text: String {
        let listed = names.joined(separator: ", ")
        return moreCount == 0 ? listed : "\(listed), and \(moreCount) more"
    }
}
