import ArrayModel

/// One filter of a chain of liblzma.
///
/// Source: Python 3.14, `Modules/_lzmamodule.c`, `lzma_filter_converter`.
enum LZMAFilter: Hashable, Sendable {
    /// The last one, which compresses.
    case compressor(LZMACompressor)
    /// Differences to the byte so far before.
    case delta(distance: UInt32)
    /// Addresses in the branch instructions of a processor, by the number of the filter.
    case branch(identifier: UInt64, startOffset: UInt32)

    /// Source: xz 5.4, `lzma12.h`, `delta.h`, `bcj.h`.
    static let firstIdentifier: UInt64 = 0x4000_0000_0000_0001
    static let secondIdentifier: UInt64 = 0x21
    static let deltaIdentifier: UInt64 = 0x03
    /// x86, PowerPC, IA-64, ARM, ARM-Thumb, SPARC.
    private static let branchIdentifiers: ClosedRange<UInt64> = 0x04...0x09

    /// Reads a filter; nil if it is none that Python takes.
    init?(_ value: JSONValue) {
        guard let members = value.members, let identifier = value["id"]?.integer else { return nil }
        let names = members.map(\.name)
        switch UInt64(exactly: identifier) {
        case Self.firstIdentifier?:
            guard let compressor = LZMACompressor(.first, value) else { return nil }
            self = .compressor(compressor)
        case Self.secondIdentifier?:
            guard let compressor = LZMACompressor(.second, value) else { return nil }
            self = .compressor(compressor)
        case Self.deltaIdentifier?:
            guard names.allSatisfy({ $0 == "id" || $0 == "dist" }),
                let distance = Self.number(value["dist"], default: 1)
            else { return nil }
            self = .delta(distance: distance)
        case let branch? where Self.branchIdentifiers.contains(branch):
            guard names.allSatisfy({ $0 == "id" || $0 == "start_offset" }),
                let offset = Self.number(value["start_offset"], default: 0)
            else { return nil }
            self = .branch(identifier: branch, startOffset: offset)
        default: return nil
        }
    }

    /// The number under which liblzma knows it.
    var identifier: UInt64 {
        switch self {
        case .compressor(let compressor):
            compressor.generation == .first ? Self.firstIdentifier : Self.secondIdentifier
        case .delta: Self.deltaIdentifier
        case .branch(let identifier, _): identifier
        }
    }

    /// A preset: 0 to 9, and one bit for the slower kind of each.
    ///
    /// Source: xz 5.4, `container.h`, `LZMA_PRESET_LEVEL_MASK`, `LZMA_PRESET_EXTREME`.
    static func preset(_ value: JSONValue) -> UInt32? {
        guard let number = value.integer.flatMap({ UInt32(exactly: $0) }),
            number & ~(1 << 31) <= 9
        else { return nil }
        return number
    }

    private static func number(_ value: JSONValue?, default other: UInt32) -> UInt32? {
        guard let value else { return other }
        return value.integer.flatMap { UInt32(exactly: $0) }
    }
}

/// LZMA with its parameters.
struct LZMACompressor: Hashable, Sendable {
    /// LZMA 1 or LZMA 2.
    enum Generation: Hashable, Sendable {
        case first
        case second
    }

    /// What a preset's value can be replaced by, in the words of Python.
    enum Parameter: String, Hashable, Sendable, CaseIterable {
        case dictionaryBytes = "dict_size"
        case literalContextBits = "lc"
        case literalPositionBits = "lp"
        case positionBits = "pb"
        case mode
        case niceLength = "nice_len"
        case matchFinder = "mf"
        case depth
    }

    let generation: Generation
    let preset: UInt32
    private(set) var parameters: [Parameter: UInt32] = [:]

    /// What a preset stands for.
    init(_ generation: Generation, preset: UInt32) {
        self.generation = generation
        self.preset = preset
    }

    /// Reads the parameters; nil if Python does not take them.
    fileprivate init?(_ generation: Generation, _ value: JSONValue) {
        guard let preset = LZMAFilter.preset(value["preset"] ?? .integer(6)) else { return nil }
        self.init(generation, preset: preset)
        for member in value.members ?? [] where member.name != "id" && member.name != "preset" {
            guard let parameter = Parameter(rawValue: member.name),
                let number = member.value.integer.flatMap({ UInt32(exactly: $0) })
            else { return nil }
            parameters[parameter] = number
        }
    }
}
