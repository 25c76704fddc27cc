import Pictures
import Testing

/// Holds files against the specification; what they show is checked with Pillow in Tests/Clients.
@Suite struct PNGEncoderTests {
    @Test func `a file of one pixel is the specification's`() throws {
        let layout = try #require(
            PictureLayout(height: 1, width: 1, channels: 3, sample: .byte)
        )
        let file = try PNGEncoder.file(layout, [255, 0, 0])
        // The signature and the header chunk of a red pixel; section 5.2 and 11.2.2, and the CRC that
        // every encoder of the world writes for it.
        let expected: [UInt8] = [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, 0x49, 0x48, 0x44, 0x52,
            0,
            0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xDE,
        ]
        #expect(Array(file.prefix(expected.count)) == expected)
        #expect(
            Array(file.suffix(12)) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
        )
    }

    @Test func `layouts that no file has are refused`() {
        #expect(PictureLayout(height: 0, width: 1, channels: 1, sample: .byte) == nil)
        #expect(PictureLayout(height: 1, width: 1 << 21, channels: 1, sample: .byte) == nil)
        #expect(PictureLayout(height: 1, width: 1, channels: 5, sample: .byte) == nil)
        #expect(PictureLayout(height: 1, width: 1, channels: 3, sample: .bit) == nil)
        #expect(PictureLayout(height: .max, width: .max, channels: 1, sample: .word) == nil)
    }
}
