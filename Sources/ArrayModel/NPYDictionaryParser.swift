/// Reads the Python dictionary of a `.npy` header; knows as much of Python's literals as NumPy writes.
struct NPYDictionaryParser {
    private let bytes: [UInt8]
    private var position: Int
    private var dataType: NumPyType?
    private var order: MemoryOrder?
    private var shape: [Int]?

    init(bytes: [UInt8], position: Int) {
        self.bytes = bytes
        self.position = position
    }

    mutating func layout() throws(NPYError) -> NPYLayout {
        try expect("{")
        while !take("}") {
            try member()
            if take(",") { continue }
            try expect("}")
            break
        }
        skipSpace()
        guard position == bytes.count, let dataType, let order, let shape else { throw invalid }
        return NPYLayout(
            dataType: dataType.dataType,
            byteOrder: dataType.byteOrder,
            shape: shape,
            order: order
        )
    }

    private var invalid: NPYError { .dictionaryInvalid(offset: position) }

    private mutating func member() throws(NPYError) {
        let name = try string()
        try expect(":")
        switch name {
        case "descr":
            guard dataType == nil else { throw invalid }
            dataType = try type()
        case "fortran_order":
            guard order == nil else { throw invalid }
            if takeWord("True") {
                order = .columnMajor
            } else if takeWord("False") {
                order = .rowMajor
            } else {
                throw invalid
            }
        case "shape":
            guard shape == nil else { throw invalid }
            shape = try tuple()
        default: throw invalid
        }
    }

    private mutating func type() throws(NPYError) -> NumPyType {
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "[") {
            throw .dataTypeUnsupported("structured")
        }
        let text = try string()
        guard let type = try? NumPyType(typeString: text), type.dataType.isSliceable else {
            throw .dataTypeUnsupported(text)
        }
        return type
    }

    private mutating func tuple() throws(NPYError) -> [Int] {
        try expect("(")
        var extents: [Int] = []
        while !take(")") {
            guard extents.count < ArrayLimits.rankMax else { throw invalid }
            extents.append(try number())
            if take(",") { continue }
            try expect(")")
            break
        }
        return extents
    }

    private mutating func number() throws(NPYError) -> Int {
        skipSpace()
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw invalid
        }
        // Files of Python 2 may spell long numbers with a letter.
        if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
        return value
    }

    private mutating func string() throws(NPYError) -> String {
        skipSpace()
        guard position < bytes.count else { throw invalid }
        let quote = bytes[position]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw invalid }
        let start = position + 1
        guard let end = bytes[start...].firstIndex(of: quote),
            !bytes[start..<end].contains(UInt8(ascii: "\\"))
        else { throw invalid }
        position = end + 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(NPYError) {
        guard take(character) else { throw invalid }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A {
            position += 1
        }
    }
}
