import ArrayModel

/// How numcodecs' codec `lzma` writes: a container and a chain of filters, of which the last compresses.
///
/// Source: numcodecs 0.16, `lzma.py`; Python 3.14 documentation, `lzma`, "Specifying custom filter chains".
struct LZMADescription: Hashable, Sendable {
    /// What is around the compressed bytes.
    enum Container: Hashable, Sendable {
        /// The `.xz` format, with a check of the content.
        case xz(check: Check)
        /// The older `.lzma` format.
        case alone
        /// Nothing: a reader must know the filters.
        case raw
    }

    /// The checks of the `.xz` format by their numbers in it.
    ///
    /// Source: The .xz File Format 1.2.1, section 2.1.1.2, "Stream Flags".
    enum Check: Int, Hashable, Sendable {
        case none = 0
        case crc32 = 1
        case crc64 = 4
        case sha256 = 10
    }

    /// Source: xz 5.4, `container.h`, `LZMA_PRESET_DEFAULT`.
    private static let presetDefault = 6

    let container: Container
    let filters: [LZMAFilter]

    /// Reads the parameters.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)``.
    init(_ name: String, _ configuration: JSONValue) throws(ArrayCodecError) {
        let failure = ArrayCodecError.codecConfigurationInvalid(name)
        guard let container = Self.container(configuration),
            let filters = Self.filters(configuration, container), Self.fit(filters, container)
        else { throw failure }
        self.container = container
        self.filters = filters
        guard LZMADecoder.isUsable(self) else { throw failure }
    }

    /// Python's numbers: 1 is `.xz`, 2 `.lzma`, 3 raw; only the first has checks, and -1 is its default.
    private static func container(_ configuration: JSONValue) -> Container? {
        guard let format = number(configuration["format"], default: 1),
            let check = number(configuration["check"], default: -1)
        else { return nil }
        switch format {
        case 1:
            guard check != -1 else { return .xz(check: .crc64) }
            return Check(rawValue: check).map { .xz(check: $0) }
        case 2: return check == -1 ? .alone : nil
        case 3: return check == -1 ? .raw : nil
        default: return nil
        }
    }

    /// The chain that is given, or what a preset stands for.
    private static func filters(
        _ configuration: JSONValue,
        _ container: Container
    ) -> [LZMAFilter]? {
        let preset = configuration["preset"].flatMap { $0 == .null ? nil : $0 }
        if let given = configuration["filters"], given != .null {
            guard preset == nil, let values = given.elements, (1...4).contains(values.count)
            else { return nil }
            let filters = values.compactMap { LZMAFilter($0) }
            return filters.count == values.count ? filters : nil
        }
        guard let preset = LZMAFilter.preset(preset ?? .integer(presetDefault)) else { return nil }
        switch container {
        case .xz: return [.compressor(LZMACompressor(.second, preset: preset))]
        case .alone: return [.compressor(LZMACompressor(.first, preset: preset))]
        case .raw: return nil
        }
    }

    /// Whether a container can say which filters there are; that they can follow one another, liblzma
    /// checks.
    private static func fit(_ filters: [LZMAFilter], _ container: Container) -> Bool {
        switch (container, filters.last) {
        case (.xz, .compressor(let last)): last.generation == .second
        case (.alone, .compressor(let last)): last.generation == .first && filters.count == 1
        case (.raw, .compressor): true
        case (_, .delta), (_, .branch), (_, nil): false
        }
    }

    private static func number(_ value: JSONValue?, default other: Int) -> Int? {
        value.map(\.integer) ?? other
    }
}
