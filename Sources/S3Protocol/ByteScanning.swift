/// Access to the bytes of text without a copy; a request's target is looked at several times.
extension Substring {
    /// Calls `body` with the bytes.
    func withBytes<Value, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        func result(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<Value, Failure> {
            do throws(Failure) {
                return .success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        // `withUTF8` would need a copy that may be changed, and count a reference.
        if let atHand = utf8.withContiguousStorageIfAvailable(result) { return try atHand.get() }
        return try Array(utf8).withUnsafeBufferPointer(result).get()
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The place of the first byte that is a given ASCII character, from a place on.
    ///
    /// Eight bytes at a time: a query with a signature has more than 300 of them.
    func offset(of character: Unicode.Scalar, from start: Int = 0) -> Int? {
        let wanted = UInt8(ascii: character)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = ones &* UInt64(wanted)
        let bytes = UnsafeRawBufferPointer(self)
        var index = start
        while index &+ 8 <= count {
            let difference = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ pattern
            // Some byte of the difference is zero; which one, is looked for below.
            if (difference &- ones) & ~difference & 0x8080_8080_8080_8080 != 0 { break }
            index &+= 8
        }
        while index < count {
            if self[index] == wanted { return index }
            index &+= 1
        }
        return nil
    }
}
