/// How far one word is from another.
enum EditDistance {
    /// The fewest letters that have to be put in, left out or exchanged to make one word of another.
    ///
    /// Work grows with the product of the lengths.
    ///
    /// Source: R. A. Wagner and M. J. Fischer, "The String-to-String Correction Problem", 1974.
    static func between(_ from: [UInt8], _ to: [UInt8]) -> Int {
        // Of the letters seen so far to each beginning of `to`.
        var row = Array(0...to.count)
        for (index, letter) in from.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in to.enumerated() {
                let exchanged = diagonal + (letter == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(exchanged, row[place] + 1, diagonal + 1)
            }
        }
        return row[to.count]
    }
}
