import CLZMA

/// A chain of filters in the memory and the words of liblzma.
struct LZMAFilterChain: ~Copyable {
    /// The filters with an end behind them.
    let filters: UnsafeMutablePointer<lzma_filter>
    /// The parameters of the last filter.
    let compressor: UnsafeMutablePointer<lzma_options_lzma>
    private let deltas: UnsafeMutablePointer<lzma_options_delta>
    private let branches: UnsafeMutablePointer<lzma_options_bcj>
    private let count: Int

    /// Lays out a chain.
    ///
    /// - Parameters:
    ///   - description: The filters.
    ///   - dictionaryBytesMax: The longest dictionary; one as long as all decoded bytes is as good as any.
    init(_ description: LZMADescription, dictionaryBytesMax: Int) {
        count = description.filters.count
        filters = .allocate(capacity: count + 1)
        filters.initialize(repeating: lzma_filter(id: .max, options: nil), count: count + 1)
        compressor = .allocate(capacity: 1)
        compressor.initialize(to: lzma_options_lzma())
        deltas = .allocate(capacity: count)
        deltas.initialize(repeating: lzma_options_delta(), count: count)
        branches = .allocate(capacity: count)
        branches.initialize(repeating: lzma_options_bcj(), count: count)
        for (number, filter) in description.filters.enumerated() {
            filters[number].id = filter.identifier
            switch filter {
            case .compressor(let values):
                Self.fill(compressor, values, dictionaryBytesMax: dictionaryBytesMax)
                filters[number].options = UnsafeMutableRawPointer(compressor)
            case .delta(let distance):
                deltas[number].type = LZMA_DELTA_TYPE_BYTE
                deltas[number].dist = distance
                filters[number].options = UnsafeMutableRawPointer(deltas + number)
            case .branch(_, let startOffset):
                branches[number].start_offset = startOffset
                filters[number].options = UnsafeMutableRawPointer(branches + number)
            }
        }
    }

    deinit {
        filters.deallocate()
        compressor.deallocate()
        deltas.deallocate()
        branches.deallocate()
    }

    private static func fill(
        _ options: UnsafeMutablePointer<lzma_options_lzma>,
        _ values: LZMACompressor,
        dictionaryBytesMax: Int
    ) {
        lzma_lzma_preset(options, values.preset)
        for (parameter, value) in values.parameters {
            switch parameter {
            case .dictionaryBytes: options.pointee.dict_size = value
            case .literalContextBits: options.pointee.lc = value
            case .literalPositionBits: options.pointee.lp = value
            case .positionBits: options.pointee.pb = value
            case .mode: options.pointee.mode = lzma_mode(value)
            case .niceLength: options.pointee.nice_len = value
            case .matchFinder: options.pointee.mf = lzma_match_finder(value)
            case .depth: options.pointee.depth = value
            }
        }
        // Source: xz 5.4, `lzma12.h`, `LZMA_DICT_SIZE_MIN`.
        let longest = UInt32(clamping: max(dictionaryBytesMax, 4096))
        options.pointee.dict_size = min(options.pointee.dict_size, longest)
    }
}
