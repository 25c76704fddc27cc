import StorageModel

/// Writes an XML document into bytes, element by element.
///
/// Names are literals of ours; text is escaped. Characters that XML 1.0 cannot hold are written as
/// numeric references, as S3 does; a client that may meet them asks for `encoding-type=url`.
public struct XMLWriter {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// The namespace of S3's documents.
    ///
    /// Source: Amazon S3 API Reference, every response syntax.
    static let documentNamespace: StaticString = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// Starts a document, with room for a number of bytes.
    public init(reservingBytes: Int = 512) {
        bytes.reserveCapacity(reservingBytes)
        append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    /// Opens the root element of an S3 document, with its namespace.
    public mutating func openRoot(_ name: StaticString) {
        append("<")
        append(name)
        append(" xmlns=\"")
        append(Self.documentNamespace)
        append("\">")
    }

    /// Opens an element.
    public mutating func open(_ name: StaticString) {
        append("<")
        append(name)
        append(">")
    }

    /// Closes an element.
    public mutating func close(_ name: StaticString) {
        append("</")
        append(name)
        append(">")
    }

    /// Writes an element of text.
    public mutating func element(_ name: StaticString, _ text: String) {
        open(name)
        append(escaping: text)
        close(name)
    }

    /// Writes an element of text when there is any text.
    public mutating func element(_ name: StaticString, ifPresent text: String?) {
        guard let text else { return }
        element(name, text)
    }

    /// Writes an element of a number.
    public mutating func element(_ name: StaticString, _ number: Int64) {
        open(name)
        append(number: number)
        close(name)
    }

    /// Writes an element of a number.
    public mutating func element(_ name: StaticString, _ number: Int) {
        element(name, Int64(number))
    }

    /// Writes an element of `true` or `false`.
    public mutating func element(_ name: StaticString, _ truth: Bool) {
        open(name)
        append(truth ? "true" : "false")
        close(name)
    }

    /// Writes literal text that needs no escape.
    mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Writes a number in decimal.
    mutating func append(number: Int64) {
        var magnitude = number.magnitude
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    /// Writes text, with references for the characters that need one.
    mutating func append(escaping text: String) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { append(escaping: $0) }
        guard isDone == nil else { return }
        Array(text.utf8).withUnsafeBufferPointer { append(escaping: $0) }
    }

    /// Copies the runs between the bytes that need a reference.
    private mutating func append(escaping text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in text.indices where Self.needsEscape(text[index]) {
            bytes.append(contentsOf: text[start..<index])
            append(reference: text[index])
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
    }

    private mutating func append(reference byte: UInt8) {
        switch byte {
        case UInt8(ascii: "&"): append("&amp;")
        case UInt8(ascii: "<"): append("&lt;")
        case UInt8(ascii: ">"): append("&gt;")
        case UInt8(ascii: "\""): append("&quot;")
        default:
            append("&#")
            append(number: Int64(byte))
            append(";")
        }
    }

    /// Writes a time as documents have it.
    mutating func append(_ time: WallTime) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: HTTPDate.iso8601Bytes) { buffer in
            var writer = FixedTextWriter(buffer)
            HTTPDate.writeISO8601(time, to: &writer)
            bytes.append(contentsOf: buffer[..<writer.count])
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x40
            ? byte < 0x20 || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<")
                || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "\"")
            : byte == 0x7F
    }
}
