/// What happened in a run, in order, and how often.
struct Chronicle {
    private(set) var lines: [String] = []
    private(set) var counts: [String: Int] = [:]

    mutating func note(_ line: String) { lines.append(line) }

    mutating func count(_ what: String) { counts[what, default: 0] += 1 }
}
