/// Turns values into pixels: grey, through a colour map, or in the colours that they are.
public struct PictureRendering: Sendable {
    /// The values that become the darkest and the lightest pixel.
    public enum Window: Hashable, Sendable {
        /// These two; the first may be the greater one, which turns light and dark round.
        case fixed(Double, Double)
        /// Those below which so many of a hundred values lie.
        case percentiles(Double, Double)
    }

    /// The most values that percentiles are found of, those of evenly spread pixels.
    static let sampleMax = 1 << 18

    /// What becomes dark and light; what is opaque is not its business.
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
    ///   - values: Row by row, the channels of a pixel together: 1 that is looked up in the map, 3 that
    ///     are colours, or those and how opaque the pixel is, from 0 to 255 whatever the window. Where
    ///     one is NaN the pixel is transparent.
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
        let bounds = bounds(values, channels: channels)
        let table = map.colours
        var pixels: [UInt8] = []
        pixels.reserveCapacity(height * layout.rowBytes)
        for start in stride(from: 0, to: values.count, by: channels) {
            let pixel = values[start..<(start + channels)]
            if hasNaN, pixel.contains(where: \.isNaN) {
                pixels.append(contentsOf: repeatElement(0, count: target))
                continue
            }
            if channels == 1, let table {
                let entry = Int(Self.level(values[start], bounds)) * 3
                pixels.append(contentsOf: table[entry..<(entry + 3)])
            } else {
                for value in pixel.prefix(Self.colours(of: channels)) {
                    pixels.append(Self.level(value, bounds))
                }
            }
            if channels == 4 { pixels.append(Self.level(values[start + 3], Self.opacity)) }
            if target > colours { pixels.append(255) }
        }
        return Picture(layout: layout, pixels: pixels)
    }

    /// The values that become the darkest and the lightest pixel, in this order.
    private struct Bounds {
        let low: Double
        let high: Double
    }

    /// What is transparent and what is opaque.
    private static let opacity = Bounds(low: 0, high: 255)

    /// How many channels of a pixel are colours, or the one value that stands for them.
    private static func colours(of channels: Int) -> Int { min(channels, 3) }

    /// A value as a level from 0 to 255.
    private static func level(_ value: Float, _ bounds: Bounds) -> UInt8 {
        let (low, high) = (bounds.low, bounds.high)
        let share =
            high == low ? (Double(value) > low ? 1 : 0) : (Double(value) - low) / (high - low)
        guard !share.isNaN else { return 0 }
        return UInt8((min(max(share, 0), 1) * 255).rounded())
    }

    private func bounds(_ values: [Float], channels: Int) -> Bounds {
        switch window {
        case .fixed(let low, let high): return Bounds(low: low, high: high)
        case .percentiles(let low, let high):
            let numbers = Self.sample(of: values, channels: channels).sorted()
            guard !numbers.isEmpty else { return Bounds(low: 0, high: 1) }
            return Bounds(
                low: Self.percentile(low, of: numbers),
                high: Self.percentile(high, of: numbers)
            )
        }
    }

    /// The colours of evenly spread pixels that are finite numbers, at most ``sampleMax`` of them.
    private static func sample(of values: [Float], channels: Int) -> [Float] {
        let colours = colours(of: channels)
        let pixels = values.count / channels
        let step = (pixels - 1) / (sampleMax / colours) + 1
        var sample: [Float] = []
        for pixel in stride(from: 0, to: pixels, by: step) {
            let start = pixel * channels
            for value in values[start..<(start + colours)] where value.isFinite {
                sample.append(value)
            }
        }
        return sample
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
