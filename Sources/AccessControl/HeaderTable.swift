/// The headers of one request as bytes: names in lower case, values trimmed and with every run of
/// white space made one space.
///
/// All of them lie in one buffer, so that a verification allocates twice for any number of headers.
struct HeaderTable {
    /// One header: where its name and value lie in ``bytes``.
    struct Entry {
        let nameStart: Int
        let nameEnd: Int
        let valueEnd: Int

        var name: Range<Int> { nameStart..<nameEnd }
        var value: Range<Int> { nameEnd..<valueEnd }
    }

    /// Names and values, one after the other.
    private(set) var bytes: [UInt8] = []
    /// The headers in the order received.
    private(set) var entries: [Entry] = []

    init(_ headers: [(name: String, value: String)]) {
        entries.reserveCapacity(headers.count)
        var total = 0
        for header in headers { total += header.name.utf8.count + header.value.utf8.count }
        bytes.reserveCapacity(total)
        for (name, value) in headers {
            let nameStart = bytes.count
            Self.withBytes(of: name) { text in
                for byte in text { bytes.append(Self.lowercased(byte)) }
            }
            let nameEnd = bytes.count
            Self.withBytes(of: value) { appendNormalised($0) }
            entries.append(Entry(nameStart: nameStart, nameEnd: nameEnd, valueEnd: bytes.count))
        }
    }

    /// The value of the first header of this name; `nil` if there is none.
    func value(_ name: StaticString) -> ArraySlice<UInt8>? {
        for entry in entries where bytes.holds(name, at: entry.name) {
            return bytes[entry.value]
        }
        return nil
    }

    /// Appends the values of all headers whose name lies at `name` in `list`, joined by commas.
    ///
    /// Source: AWS Signature Version 4, "Create a canonical request", CanonicalHeaders.
    func appendValues(of list: [UInt8], _ name: Range<Int>, to target: inout [UInt8]) {
        var isFirst = true
        for entry in entries where bytes.holds(list, name, at: entry.name) {
            if !isFirst { target.append(UInt8(ascii: ",")) }
            isFirst = false
            target.append(contentsOf: bytes[entry.value])
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func withBytes(
        of text: String,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        if text.utf8.withContiguousStorageIfAvailable(body) == nil {
            Array(text.utf8).withUnsafeBufferPointer(body)
        }
    }

    private mutating func appendNormalised(_ value: UnsafeBufferPointer<UInt8>) {
        let start = bytes.count
        if !Self.hasSpacesToNormalise(value) {
            bytes.append(contentsOf: value)
            return
        }
        var isSpacePending = false
        for byte in value {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                isSpacePending = bytes.count > start
            default:
                if isSpacePending { bytes.append(UInt8(ascii: " ")) }
                isSpacePending = false
                bytes.append(byte)
            }
        }
    }

    /// Whether a value has white space at an end, twice in a row, or of another kind than spaces.
    private static func hasSpacesToNormalise(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        var previous = UInt8(ascii: " ")
        for byte in value {
            if byte <= UInt8(ascii: " ") && (previous == UInt8(ascii: " ") || byte < 0x20) {
                return true
            }
            previous = byte
        }
        return previous == UInt8(ascii: " ")
    }
}
