/// Turns values into pixels: grey, through a colour map, or in the colours that they are.
public struct PictureRendering: Sendable {
    /// The values that become the darkest and the lightest pixel.
    public enum Window: Hashable, Sendable {
        /// These two; the first may be the greater one, which turns light and dark round.
        case fixed(Double, Double)
        /// Those below which so many of a hundred values lie.
        case percentiles(Double, Double)
    }

    /// The most values that percentiles are found of, evenly spread.
    private static let sampleMax = 1 << 18

    /// What becomes dark and light.
    public let window: Window
    /// The colours of single values.
    public let map: ColourMap

    /// Makes a rendering.
    public init(window: Window, map: ColourMap) {
        self.window = window
        self.map = map
    }

    /// A picture in memory.
    public struct Picture: Sendable {
        /// How the pixels lie.
        public let layout: PictureLayout
        /// The pixels.
        public let pixels: [UInt8]
    }

    /// Makes a picture.
    ///
    /// - Parameters:
    ///   - values: Row by row, the channels of a pixel together: 1 that is looked up in the map, 3 or 4
    ///     that are colours. Where one is NaN the pixel is transparent.
    ///   - height: The rows.
    ///   - width: The columns.
    ///   - channels: 1, 3 or 4.
    /// - Returns: A picture of 1 to 4 channels, or nil if no file can be so large.
    public func picture(
        _ values: [Float],
        height: Int,
        width: Int,
        channels: Int
    ) -> Picture? {
        let hasNaN = values.contains { $0.isNaN }
        let colours = channels == 1 ? (map.isGrey ? 1 : 3) : channels
        let target = hasNaN && colours % 2 == 1 ? colours + 1 : colours
        guard
            let layout = PictureLayout(
                height: height,
                width: width,
                channels: target,
                sample: .byte
            )
        else { return nil }
        let (low, high) = bounds(values)
        let table = map.colours
        var pixels: [UInt8] = []
        pixels.reserveCapacity(height * layout.rowBytes)
        for pixel in stride(from: 0, to: values.count, by: channels) {
            let isNaN = hasNaN && values[pixel..<(pixel + channels)].contains { $0.isNaN }
            if isNaN {
                pixels.append(contentsOf: repeatElement(0, count: target))
                continue
            }
            if channels == 1 {
                let level = Self.level(values[pixel], low, high)
                if let table {
                    pixels.append(contentsOf: table[(Int(level) * 3)..<(Int(level) * 3 + 3)])
                } else {
                    pixels.append(level)
                }
            } else {
                for value in values[pixel..<(pixel + channels)] {
                    pixels.append(Self.level(value, low, high))
                }
            }
            if target > colours { pixels.append(255) }
        }
        return Picture(layout: layout, pixels: pixels)
    }

    /// A value as a level from 0 to 255.
    private static func level(_ value: Float, _ low: Double, _ high: Double) -> UInt8 {
        let share =
            high == low ? (Double(value) > low ? 1 : 0) : (Double(value) - low) / (high - low)
        guard !share.isNaN else { return 0 }
        return UInt8((min(max(share, 0), 1) * 255).rounded())
    }

    private func bounds(_ values: [Float]) -> (low: Double, high: Double) {
        switch window {
        case .fixed(let low, let high): return (low, high)
        case .percentiles(let low, let high):
            let step = max(values.count / Self.sampleMax, 1)
            let numbers = stride(from: 0, to: values.count, by: step).map { values[$0] }
                .filter { $0.isFinite }.sorted()
            guard !numbers.isEmpty else { return (0, 1) }
            return (Self.percentile(low, of: numbers), Self.percentile(high, of: numbers))
        }
    }

    /// Source: NumPy reference, `numpy.percentile`, method `linear`.
    private static func percentile(_ percent: Double, of sorted: [Float]) -> Double {
        let place = percent / 100 * Double(sorted.count - 1)
        let lower = min(Int(place), sorted.count - 1)
        let upper = min(lower + 1, sorted.count - 1)
        let share = place - Double(lower)
        return Double(sorted[lower]) * (1 - share) + Double(sorted[upper]) * share
    }
}

extension PictureRendering.Picture {
    /// The same picture without transparency, over white, for formats that have none.
    public var opaque: Self? {
        guard layout.channels % 2 == 0 else { return self }
        let colours = layout.channels - 1
        guard
            let flat = PictureLayout(
                height: layout.height,
                width: layout.width,
                channels: colours,
                sample: .byte
            )
        else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(layout.height * flat.rowBytes)
        for pixel in stride(from: 0, to: pixels.count, by: layout.channels) {
            let alpha = Int(pixels[pixel + colours])
            for colour in pixels[pixel..<(pixel + colours)] {
                result.append(UInt8((Int(colour) * alpha + 255 * (255 - alpha) + 127) / 255))
            }
        }
        return Self(layout: flat, pixels: result)
    }

    /// The same picture with every pixel as a block of pixels.
    public func enlarged(_ factor: Int) -> Self? {
        guard
            factor > 1,
            let large = PictureLayout(
                height: layout.height * factor,
                width: layout.width * factor,
                channels: layout.channels,
                sample: .byte
            )
        else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(large.height * large.rowBytes)
        for start in stride(from: 0, to: pixels.count, by: layout.rowBytes) {
            var row: [UInt8] = []
            for pixel in stride(from: start, to: start + layout.rowBytes, by: layout.channels) {
                for _ in 0..<factor { row += pixels[pixel..<(pixel + layout.channels)] }
            }
            for _ in 0..<factor { result += row }
        }
        return Self(layout: large, pixels: result)
    }
}
