/// How two runs of bytes stand to each other.
enum ByteOrder {
    case before
    case same
    case after
}

/// Comparisons of runs of bytes inside a larger buffer, made without slices: a verification makes
/// some hundred of them.
extension [UInt8] {
    /// Whether the bytes of a range are those of a text.
    func holds(_ text: StaticString, at range: Range<Int>) -> Bool {
        let start = text.utf8Start
        guard range.upperBound &- range.lowerBound == text.utf8CodeUnitCount else { return false }
        return withUnsafeBufferPointer { bytes in
            for index in range where bytes[index] != start[index &- range.lowerBound] {
                return false
            }
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

    /// How the bytes of one range stand to those of another, compared one by one.
    func order(of left: Range<Int>, _ right: Range<Int>) -> ByteOrder {
        withUnsafeBufferPointer { bytes in
            for offset in 0..<Swift.min(left.count, right.count) {
                let leftByte = bytes[left.lowerBound &+ offset]
                let rightByte = bytes[right.lowerBound &+ offset]
                if leftByte != rightByte { return leftByte < rightByte ? .before : .after }
            }
            if left.count == right.count { return .same }
            return left.count < right.count ? .before : .after
        }
    }

    /// Appends a text.
    mutating func append(_ text: StaticString) {
        append(
            contentsOf: UnsafeBufferPointer(
                start: text.utf8Start,
                count: text.utf8CodeUnitCount
            )
        )
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
