import Checksums
import Compression

/// Writes a PNG file row by row, so that no more than some rows of it are in memory.
///
/// Must not be used any more once a copy of it was: the two share the compressor.
///
/// Source: W3C Portable Network Graphics specification, third edition.
public struct PNGEncoder: Sendable {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Compressed bytes are held back until there are so many.
    private static let dataBytes = 64 << 10

    private let layout: PictureLayout
    private let compressor = StreamCompressor(.zlib)
    private var filter: PNGRowFilter
    private var rows = 0
    private var data: [UInt8] = []

    /// Begins a picture.
    public init(_ layout: PictureLayout) {
        self.layout = layout
        filter = PNGRowFilter(layout)
    }

    /// What comes before the first row.
    public var head: [UInt8] {
        var header = Self.bigEndian(UInt32(layout.width)) + Self.bigEndian(UInt32(layout.height))
        header += [bitDepth, colourType, 0, 0, 0]
        return Self.signature + Self.chunk("IHDR", header)
    }

    /// Takes in whole rows, and the end of the file after the last.
    ///
    /// - Parameters:
    ///   - pixels: Rows in the picture's layout; in all, as many as it has.
    ///   - file: Where the file's bytes go.
    /// - Throws: ``CompressionError``.
    public mutating func append(
        _ pixels: UnsafeRawBufferPointer,
        to file: inout [UInt8]
    ) throws(CompressionError) {
        precondition(pixels.count.isMultiple(of: layout.rowBytes), "rows come whole")
        for start in stride(from: 0, to: pixels.count, by: layout.rowBytes) {
            let row = UnsafeRawBufferPointer(rebasing: pixels[start..<(start + layout.rowBytes)])
            let filtered = filter.filtered(row)
            rows += 1
            data += try compressor.append(filtered)
            if data.count >= Self.dataBytes { flush(to: &file) }
        }
        guard rows == layout.height else { return }
        data += try compressor.finish()
        flush(to: &file)
        file += Self.chunk("IEND", [])
    }

    /// Takes in whole rows, and the end of the file after the last.
    ///
    /// - Throws: ``CompressionError``.
    public mutating func append(
        _ pixels: [UInt8],
        to file: inout [UInt8]
    ) throws(CompressionError) {
        let result = pixels.withUnsafeBytes { bytes in
            Result { () throws(CompressionError) -> Void in try append(bytes, to: &file) }
        }
        try result.get()
    }

    /// A picture that is in memory as a file.
    ///
    /// - Throws: ``CompressionError``.
    public static func file(
        _ layout: PictureLayout,
        _ pixels: [UInt8]
    ) throws(CompressionError) -> [UInt8] {
        var encoder = Self(layout)
        var file = encoder.head
        try encoder.append(pixels, to: &file)
        return file
    }

    private var bitDepth: UInt8 {
        switch layout.sample {
        case .bit: 1
        case .byte: 8
        case .word: 16
        }
    }

    private var colourType: UInt8 {
        switch layout.channels {
        case 1: 0
        case 2: 4
        case 3: 2
        default: 6
        }
    }

    private mutating func flush(to file: inout [UInt8]) {
        guard !data.isEmpty else { return }
        file += Self.chunk("IDAT", data)
        data.removeAll(keepingCapacity: true)
    }

    private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let checked = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + checked + bigEndian(CRC32.checksum(checked))
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
