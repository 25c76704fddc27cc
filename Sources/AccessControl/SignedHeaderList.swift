/// The names a signature covers, as the client listed them: lower case, joined by `;`.
struct SignedHeaderList {
    /// The most names a signature may cover.
    static let countMax = 128

    /// The list as sent.
    let text: [UInt8]
    /// Where each name lies in ``text``.
    let names: [Range<Int>]

    /// Reads a list; `nil` if a name is empty or not in lower case, or there are too many.
    init?(_ text: [UInt8]) {
        var names: [Range<Int>] = []
        var start = 0
        for index in 0...text.count {
            if index < text.count {
                let byte = text[index]
                guard byte > 0x20, byte < 0x7F, HeaderTable.lowercased(byte) == byte else {
                    return nil
                }
                guard byte == UInt8(ascii: ";") else { continue }
            }
            guard index > start, names.count < Self.countMax else { return nil }
            names.append(start..<index)
            start = index + 1
        }
        self.text = text
        self.names = names
    }

    func contains(_ name: StaticString) -> Bool {
        names.contains { text.holds(name, at: $0) }
    }

    func contains(_ buffer: [UInt8], _ name: Range<Int>) -> Bool {
        names.contains { text.holds(buffer, name, at: $0) }
    }
}
