/// How much of a body a connection pulls at once, by how many connections its event loop has.
///
/// Of what was pulled a client that reads slowly leaves one piece waiting, and what the socket's buffer before it
/// holds. So the pieces get shorter as connections come: those of a loop wait with at most ``waitingBytesMax`` together,
/// or with twice ``leastBytes`` each. They are multiples of what a source verifies at once.
struct PieceBounds: Hashable {
    /// How much is pulled at once, while more is left than ``last``.
    let piece: Int
    /// How much is pulled at once if it is the rest of a body: a short piece at its end would cost a read, a
    /// write and a wake of the client by itself.
    let last: Int

    /// What the connections of a loop wait with, as far as pieces can be shorter.
    static let waitingBytesMax = 128 << 20
    /// The longest piece that is not the last: beyond it reads and writes become no cheaper.
    static let mostBytes = 256 << 10
    /// The shortest piece that is not the rest of a body: a block of a stored payload, which is verified whole.
    static let leastBytes = 64 << 10

    /// The bounds while a loop has so many connections.
    init(connections: Int) {
        let share = Self.waitingBytesMax / max(connections, 1)
        let blocks = min(share / 2, Self.mostBytes) / Self.leastBytes
        piece = max(blocks, 1) * Self.leastBytes
        last = 2 * piece
    }
}
