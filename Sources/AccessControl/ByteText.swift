/// Comparisons of runs of bytes inside a larger buffer, made without slices: a verification makes
/// some hundred of them.
extension [UInt8] {
    /// Whether the bytes of a range are those of a text.
    func holds(_ text: StaticString, at range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        return withUnsafeBufferPointer { bytes in
            for offset in 0..<range.count
            where bytes[range.lowerBound + offset] != start[offset] { return false }
            return true
        }
    }

    /// Whether the bytes of a range are those of a range of another buffer.
    func holds(_ other: [UInt8], _ otherRange: Range<Int>, at range: Range<Int>) -> Bool {
        guard range.count == otherRange.count else { return false }
        return withUnsafeBufferPointer { bytes in
            other.withUnsafeBufferPointer { other in
                for offset in 0..<range.count
                where bytes[range.lowerBound + offset] != other[otherRange.lowerBound + offset] {
                    return false
                }
                return true
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether these are the bytes of a text.
    func holds(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        return withUnsafeBufferPointer { bytes in
            for offset in 0..<bytes.count where bytes[offset] != start[offset] { return false }
            return true
        }
    }
}
