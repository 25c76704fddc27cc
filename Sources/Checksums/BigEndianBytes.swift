/// The bytes of an integer, most significant first.
func bigEndianBytes<Integer: FixedWidthInteger>(of value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
