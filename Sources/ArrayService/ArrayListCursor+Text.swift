import ArrayStorage
import StorageModel

extension ArrayListCursor {
    /// The longest text that is taken for a cursor, in bytes.
    private static let textBytesMax = 8192

    /// The cursor as text that means nothing to clients and needs no escaping in a query: the
    /// hexadecimal digits of namespace, name, tag and member, joined by NUL, which no name holds.
    var opaqueText: String {
        let joined = [namespace, place.name, place.tag, place.member].joined(separator: "\0")
        var text = ""
        for byte in joined.utf8 {
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }

    /// Reads a cursor that a page gave; nil if it is none.
    init?(opaque text: String) {
        guard text.utf8.count <= Self.textBytesMax, text.utf8.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else {
                return nil
            }
            if let upper = high {
                bytes.append(upper << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        guard let joined = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = joined.utf8.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard parts.count == 4 else { return nil }
        self.init(
            namespace: parts[0],
            place: ArrayPlace(name: parts[1], tag: parts[2], member: parts[3])
        )
    }
}
