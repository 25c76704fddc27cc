/// How the pixels of a picture lie in memory: rows from top to bottom without gaps, channels of a
/// pixel together.
public struct PictureLayout: Hashable, Sendable {
    /// The type of one channel of a pixel.
    public enum Sample: Hashable, Sendable {
        /// One byte per sample, 0 or not; one bit in a file.
        case bit
        /// 0 to 255.
        case byte
        /// 0 to 65,535 in two bytes, little-endian.
        case word

        /// The length of a sample in memory, in bytes.
        public var bytes: Int {
            switch self {
            case .bit, .byte: 1
            case .word: 2
            }
        }
    }

    /// The extents of a file, beyond which readers refuse it.
    public static let extentMax = 1 << 20
    /// The longest row, in bytes.
    public static let rowBytesMax = 4 << 20

    /// How many rows; 1 to ``extentMax``.
    public let height: Int
    /// How many pixels in a row; 1 to ``extentMax``.
    public let width: Int
    /// How many samples in a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    public let channels: Int
    /// The type of a sample.
    public let sample: Sample

    /// Makes a layout; nil if no file can have it.
    public init?(height: Int, width: Int, channels: Int, sample: Sample) {
        guard
            (1...Self.extentMax).contains(height), (1...Self.extentMax).contains(width),
            (1...4).contains(channels), sample != .bit || channels == 1,
            width * channels * sample.bytes <= Self.rowBytesMax
        else { return nil }
        self.height = height
        self.width = width
        self.channels = channels
        self.sample = sample
    }

    /// The length of a row in memory, in bytes.
    public var rowBytes: Int { width * channels * sample.bytes }
}
