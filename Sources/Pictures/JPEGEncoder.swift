import CPictures

/// Writes JPEG files.
public enum JPEGEncoder {
    /// The quality of a file, of 100.
    private static let quality: Int32 = 90

    /// A picture of bytes, grey or RGB, as a file.
    ///
    /// - Returns: Nil if the library fails, which it does only without memory, or if the layout is none
    ///   of a JPEG file.
    public static func file(_ layout: PictureLayout, _ pixels: [UInt8]) -> [UInt8]? {
        guard
            layout.sample == .byte, layout.channels == 1 || layout.channels == 3,
            layout.height <= 65_500, layout.width <= 65_500,
            pixels.count == layout.height * layout.rowBytes
        else { return nil }
        var file: UnsafeMutablePointer<UInt8>?
        var fileBytes = 0
        let status = nave_jpeg_encode(
            pixels,
            UInt32(layout.height),
            UInt32(layout.width),
            Int32(layout.channels),
            quality,
            &file,
            &fileBytes
        )
        guard status == 0, let file else { return nil }
        defer { nave_jpeg_free(file) }
        return Array(UnsafeBufferPointer(start: file, count: fileBytes))
    }
}
