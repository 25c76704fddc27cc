import ArrayModel

/// What the filters of a chain make of the elements of a chunk, one filter after the other.
///
/// Filters that name types name the order of bytes with them, beside the order that the metadata gives.
/// Under Zarr v2 that is the order of the array, and the first filter takes it. Under Zarr v3 it is what
/// the codec `bytes` makes of the last filter's numbers, and the first filter takes them as the reader's
/// machine has them. Where neither holds, numcodecs itself does not read what it writes.
struct FilteredElements {
    /// The type of the array's elements.
    private let arrayType: DataType
    /// The order of bytes that the metadata gives.
    private let statedOrder: ByteOrder?

    /// The type of the numbers.
    private(set) var dataType: DataType
    /// The order of their bytes.
    private(set) var byteOrder: ByteOrder?
    /// The most bytes that all of them have.
    private(set) var bytes: Int
    private var isFiltered = false
    private var firstCast: NumberCast?
    private var lastCast: NumberCast?

    /// The elements of a chunk of `bytes` bytes.
    init(_ dataType: DataType, bytes: Int, byteOrder: ByteOrder?) {
        arrayType = dataType
        statedOrder = byteOrder
        self.dataType = dataType
        self.byteOrder = byteOrder
        self.bytes = bytes
    }

    /// The numbers as NumPy has them in memory; nil if they are none.
    var layout: NumberLayout? {
        NumberLayout(dataType, byteOrder: dataType.swapUnitBytes > 1 ? .little : nil)
    }

    /// Goes on to what a filter makes of the numbers.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` if it cannot be given them,
    ///   ``ArrayCodecError/chunkTooLarge(bytes:)`` if it makes more of them than a chunk may have.
    mutating func apply(_ filter: ItemFilter) throws(ArrayCodecError) {
        let failure = ArrayCodecError.codecConfigurationInvalid(filter.name)
        if let cast = filter.cast {
            guard bytes % cast.decoded.itemBytes == 0 else { throw failure }
            if firstCast == nil {
                // What comes before took the numbers in the stated order.
                let order = cast.decoded.byteOrder
                guard !isFiltered || order == nil || order == byteOrder else { throw failure }
                guard order != nil || arrayType.swapUnitBytes == 1 else { throw failure }
                firstCast = cast
            }
            lastCast = cast
            dataType = cast.encoded.dataType
            byteOrder = cast.encoded.byteOrder
        }
        if case .packBits = filter { dataType = .uint8 }
        bytes = filter.encodedBytesMax(bytes)
        guard bytes <= CodecLimits.encodedChunkBytesMax else { throw .chunkTooLarge(bytes: bytes) }
        isFiltered = true
    }

    /// The length of the runs of bytes in the array's elements that are the other way round before the
    /// first filter; 1 where none are.
    ///
    /// - Throws: ``ArrayCodecError/codecConfigurationInvalid(_:)`` if the orders do not fit together.
    func swapUnitBytes() throws(ArrayCodecError) -> Int {
        let failure = ArrayCodecError.codecConfigurationInvalid("bytes")
        guard let first = firstCast else {
            guard statedOrder != nil || arrayType.swapUnitBytes == 1 else { throw failure }
            return statedOrder == .big ? arrayType.swapUnitBytes : 1
        }
        switch first.decoded.byteOrder {
        case .big:
            guard statedOrder == .big else { throw failure }
            return arrayType.swapUnitBytes
        case .little:
            guard statedOrder == .little || storesNumbers(in: statedOrder) else { throw failure }
            return 1
        case nil:
            guard storesNumbers(in: statedOrder) else { throw failure }
            return 1
        }
    }

    /// Whether the last filter's numbers lie in an order.
    private func storesNumbers(in order: ByteOrder?) -> Bool {
        guard let stored = lastCast?.encoded.byteOrder else { return true }
        return order == nil ? arrayType.swapUnitBytes == 1 : order == stored
    }
}
