/// What happened in a run, in order, and how often.
struct Chronicle {
    private(set) var lines: [String] = []
    private(set) var counts: [String: Int] = [:]

    /// A number that differs for different lines: FNV-1a of 64 bits.
    ///
    /// Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm", RFC 9923.
    var digest: UInt64 {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in lines.joined(separator: "\n").utf8 {
            digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return digest
    }

    mutating func note(_ line: String) { lines.append(line) }

    mutating func count(_ what: String) { counts[what, default: 0] += 1 }
}
