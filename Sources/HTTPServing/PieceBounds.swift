/// How much of a body a connection pulls at once, by how many connections its event loop has.
///
/// A client that reads slowly leaves a piece waiting, beside less than the high mark of the connection
/// (``HTTPServer``). So pieces get shorter as connections come: what those of a loop pull at one number of connections is
/// at most ``waitingBytesMax`` together, or twice ``leastBytes`` each. A piece that was pulled while there were
/// fewer stays as long as it is. Pieces are multiples of what a source verifies at once.
struct PieceBounds: Hashable {
    /// How much is pulled at once, while more is left than ``last``.
    let piece: Int
    /// How much is pulled at once if it is the rest of a body: a short piece at its end would cost a read, a
    /// write and a wake of the client by itself.
    let last: Int

    /// The pieces of the connections of a loop together, as far as they can be shorter.
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
