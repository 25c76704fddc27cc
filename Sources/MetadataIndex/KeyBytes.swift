/// The bytes of keys as the index orders them: unsigned, byte by byte, shorter first.
enum KeyBytes {
    /// The least text that is greater than every text beginning with `prefix`; nil if there is
    /// none.
    ///
    /// It need not be UTF-8; it is only compared with.
    static func successor(_ prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.last {
            if last < 0xFF {
                bytes[bytes.count - 1] = last + 1
                return bytes
            }
            bytes.removeLast()
        }
        return nil
    }

    /// The least key that is greater than `key`: keys hold no NUL.
    static func next(_ key: [UInt8]) -> [UInt8] {
        key + [0]
    }

    /// Whether `key` begins with `prefix`.
    static func hasPrefix(_ key: [UInt8], _ prefix: [UInt8]) -> Bool {
        key.count >= prefix.count && key.starts(with: prefix)
    }

    /// Whether `left` comes before `right`.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    /// The end of the first occurrence of `pattern` in `key` that begins at `start` or later.
    static func endOfFirst(_ pattern: [UInt8], in key: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first, key.count >= start + pattern.count else { return nil }
        for begin in start...(key.count - pattern.count) where key[begin] == first {
            if key[begin..<(begin + pattern.count)].elementsEqual(pattern) {
                return begin + pattern.count
            }
        }
        return nil
    }
}
