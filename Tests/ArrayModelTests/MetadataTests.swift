import ArrayModel
import SeededRandom
import Testing

/// Holds the reading of metadata against what zarr-python and the Hub client read themselves.
///
/// Method: documents that they wrote, with their own answers; documents spoiled in one place, with
/// the error that names the place; then seeded random damage, which must never trap.
@Suite struct MetadataTests {
    @Test func `documents of other writers say what their writers say`() throws {
        for row in try Fixture.rows("metadata.json") {
            let name = try #require(row["file"]?.string)
            let text = try #require(row["document"]?.string)
            let metadata = try #require(array(name, text), "\(text)")
            let note = "\(text)"
            #expect(metadata.shape == (try Fixture.integers(row["shape"])), "\(note)")
            #expect(metadata.chunkShape == (try Fixture.integers(row["chunks"])), "\(note)")
            let isSliceable = row["sliceable"] == .bool(true)
            #expect(metadata.dataType.isSliceable == isSliceable, "\(note)")
            if isSliceable {
                let type = row["dtype"]?.string?.replacing("void", with: "r")
                #expect(metadata.dataType.name == type, "\(note)")
                #expect(
                    Fixture.hexadecimal(metadata.fillValue.bytes) == row["fill"]?.string,
                    "\(note)"
                )
            }
            let key = try #require(row["key"]?.string)
            let last = try Fixture.integers(row["last"])
            if metadata.grid.contains(last) {
                #expect(metadata.chunkKeys.key(last, grid: metadata.grid) == key)
                #expect(metadata.chunkKeys.coordinates(key, grid: metadata.grid) == last)
            }
        }
    }

    @Test func `the chain of codecs is the same in every dialect`() throws {
        let shard = ShardingDescription(
            chunkShape: [2, 2],
            codecs: [.bytes(.little), .zstandard(level: 0, checksum: .none)],
            indexCodecs: [.bytes(.little), .crc32c],
            indexLocation: .end
        )
        let blosc = BloscDescription(
            compressor: "zstd",
            level: 5,
            shuffle: .byte,
            typeBytes: 2,
            blockBytes: 0
        )
        let expected: [Int: [CodecDescription]] = [
            0: [.bytes(.little), .zstandard(level: 0, checksum: .none)],
            12: [.sharding(shard)],
            13: [.bytes(.little), .gzip(level: 5), .crc32c],
            14: [.transpose(order: [1, 0]), .bytes(.little), .blosc(blosc)],
            24: [.transpose(order: [1, 0]), .bytes(.big), .zstandard(level: 0, checksum: .none)],
            25: [.bytes(.big), .zstandard(level: 0, checksum: .none)],
            37: [.transpose(order: [1, 0]), .bytes(.little)],
        ]
        let rows = try Fixture.rows("metadata.json")
        for (index, chain) in expected {
            let name = try #require(rows[index]["file"]?.string)
            let text = try #require(rows[index]["document"]?.string)
            let metadata = try #require(array(name, text))
            #expect(metadata.codecs == chain, "row \(index)")
        }
    }

    static let v3 = """
        {"zarr_format": 3, "node_type": "array", "shape": [4, 6], "data_type": "float32",
         "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}},
         "chunk_key_encoding": {"name": "default"}, "fill_value": 0, "codecs": ["bytes"],
         "attributes": {}}
        """.replacing(
            "[\"bytes\"]",
            with: "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"
        )

    static let spoiled: [(old: String, new: String, error: MetadataError)] = [
        ("\"zarr_format\": 3", "\"zarr_format\": 4", .formatUnsupported("zarr_format 4")),
        ("\"array\"", "\"table\"", .formatUnsupported("node_type table")),
        ("\"shape\": [4, 6],", "", .memberMissing("shape")),
        ("[4, 6]", "[4, -6]", .extentInvalid(member: "shape", axis: 1)),
        ("[4, 6]", "[4, 6.5]", .extentInvalid(member: "shape", axis: 1)),
        ("[4, 6]", "[4, 1e3]", .extentInvalid(member: "shape", axis: 1)),
        ("[4, 6]", "[4, 99999999999999999999]", .extentInvalid(member: "shape", axis: 1)),
        ("[4, 6]", "[4, 9223372036854775807]", .sizeOverflow),
        ("[4, 6]", "[4294967296, 4294967296]", .sizeOverflow),
        ("[2, 3]", "[4294967296, 4294967296]", .sizeOverflow),
        ("[2, 3]", "[2]", .rankMismatch(member: "chunk_shape", expected: 2, found: 1)),
        ("[2, 3]", "[2, 0]", .extentInvalid(member: "chunk_shape", axis: 1)),
        ("\"float32\"", "12", .memberInvalid("data_type")),
        ("\"float32\"", "\"r7\"", .dataTypeInvalid("r7")),
        ("\"float32\"", "\"r99999999999\"", .dataTypeInvalid("r99999999999")),
        ("\"fill_value\": 0", "\"fill_value\": \"zero\"", .fillValueInvalid(dataType: "float32")),
        ("\"fill_value\": 0", "\"fill_value\": null", .fillValueInvalid(dataType: "float32")),
        ("\"fill_value\": 0", "\"fill_value\": [0, 0]", .fillValueInvalid(dataType: "float32")),
        (
            "\"regular\"", "\"rectilinear\"",
            .extensionUnsupported(kind: "chunk grid", name: "rectilinear")
        ),
        (
            "\"default\"", "\"hashed\"",
            .extensionUnsupported(kind: "chunk key encoding", name: "hashed")
        ),
        ("\"attributes\": {}", "\"attributes\": []", .memberInvalid("attributes")),
        (
            "\"attributes\": {}", "\"virtual\": {}",
            .extensionUnsupported(kind: "extension", name: "virtual")
        ),
        (
            "\"attributes\": {}", "\"storage_transformers\": [{\"name\": \"mirror\"}]",
            .extensionUnsupported(kind: "storage transformer", name: "mirror")
        ),
        (
            "\"attributes\": {}", "\"dimension_names\": [\"x\"]",
            .rankMismatch(member: "dimension_names", expected: 2, found: 1)
        ),
        ("\"little\"", "\"middle\"", .memberInvalid("endian")),
        ("\"bytes\"", "\"gzip\"", .codecChainInvalid),
        (
            "{\"name\": \"bytes\"", "{\"name\": \"crc32c\"}, {\"name\": \"bytes\"",
            .codecChainInvalid
        ),
        (
            "{\"name\": \"bytes\"",
            "{\"name\": \"transpose\", \"configuration\": {\"order\": [0, 0]}}, {\"name\": \"bytes\"",
            .memberInvalid("order")
        ),
        ("{\"zarr_format\"", "[{\"zarr_format\"", .json(.unexpectedEnd)),
    ]

    @Test func `what is wrong is named`() {
        #expect(array("zarr.json", Self.v3) != nil)
        for (old, new, error) in Self.spoiled {
            let text = Self.v3.replacing(old, with: new)
            #expect(text != Self.v3, "\(old)")
            #expect(recognise("zarr.json", text) == .unreadable(error), "\(new)")
        }
        let axes = "[" + Array(repeating: "1", count: 33).joined(separator: ",") + "]"
        #expect(
            recognise("zarr.json", Self.v3.replacing("[4, 6]", with: axes))
                == .unreadable(.rankTooLarge(33))
        )
        #expect(recognise("zarr.json", "[]") == .unreadable(.documentNotObject))
    }

    @Test func `what need not be understood is passed over`() throws {
        let rows = [
            ("\"attributes\": {}", "\"hint\": {\"must_understand\": false}"),
            ("\"attributes\": {}", "\"consolidated_metadata\": null"),
            ("\"attributes\": {}", "\"storage_transformers\": []"),
        ]
        for (old, new) in rows {
            #expect(array("zarr.json", Self.v3.replacing(old, with: new)) != nil, "\(new)")
        }
        let unknown = try #require(
            array("zarr.json", Self.v3.replacing("\"bytes\"", with: "\"pcodec\""))
        )
        #expect(unknown.codecs.map(\.name) == ["pcodec"])
        let text = try #require(
            array("zarr.json", Self.v3.replacing("\"float32\"", with: "\"tensorstore.int4\""))
        )
        #expect(!text.dataType.isSliceable)
    }

    static let fills: [(type: String, fill: String, hex: String)] = [
        ("float32", "\"0x7fc00001\"", "0100c07f"),
        ("float32", "\"0xff800000\"", "000080ff"),
        ("float16", "\"NaN\"", "007e"),
        ("float32", "1.0000000596046447", "0000803f"),
        ("float32", "1.00000005960464479", "0100803f"),
        ("bfloat16", "1.0", "803f"),
        ("bfloat16", "3.140625", "4940"),
        ("float64", "1e400", "000000000000f07f"),
        ("uint8", "255", "ff"),
        ("int32", "-0", "00000000"),
        ("int32", "7.0", "07000000"),
        ("r24", "[1, 2, 255]", "0102ff"),
        ("complex64", "[\"NaN\", \"0x3f800000\"]", "0000c07f0000803f"),
    ]

    @Test func `fill values are read in every spelling`() throws {
        for (type, fill, hex) in Self.fills {
            let text = Self.v3.replacing("\"float32\"", with: "\"\(type)\"")
                .replacing("\"fill_value\": 0", with: "\"fill_value\": \(fill)")
            let metadata = try #require(array("zarr.json", text), "\(type) \(fill)")
            #expect(Fixture.hexadecimal(metadata.fillValue.bytes) == hex, "\(type) \(fill)")
        }
        for (type, fill) in [
            ("uint8", "256"), ("uint8", "-1"), ("int8", "1.5"), ("bool", "2"), ("r24", "[1, 2]"),
            ("r24", "[1, 2, 256]"), ("float32", "\"0x7fc000\""), ("complex64", "[1]"),
            ("float32", "true"), ("int64", "9223372036854775808"), ("int8", "NaN"),
        ] {
            let text = Self.v3.replacing("\"float32\"", with: "\"\(type)\"")
                .replacing("\"fill_value\": 0", with: "\"fill_value\": \(fill)")
            #expect(
                recognise("zarr.json", text)
                    == .unreadable(.fillValueInvalid(dataType: type)),
                "\(type) \(fill)"
            )
        }
    }

    @Test func `groups, datasets and strangers are told apart`() {
        let rows: [(String, String, NodeRecognition)] = [
            (
                "zarr.json", #"{"zarr_format": 3, "node_type": "group", "attributes": {"a": 1}}"#,
                .group
            ),
            (".zgroup", #"{"zarr_format": 2}"#, .group),
            (".zgroup", #"{"zarr_format": 3}"#, .unreadable(.formatUnsupported("zarr_format 3"))),
            (".zgroup", "", .unreadable(.json(.unexpectedEnd))),
            (
                "info.txt", #"{"key": "a/b/v0", "keys": {"x": "a/x/v0"}, "dclass": "dataset"}"#,
                .group
            ),
            ("info.txt", "Thank you for reading this.", .foreign),
            ("info.txt", #"{"shape": 3}"#, .foreign),
            ("info.txt", "", .foreign),
            (
                "info.txt", #"{"shape": [-1], "chunk_shape": [1], "dtype": "uint8"}"#,
                .unreadable(.extentInvalid(member: "shape", axis: 0))
            ),
        ]
        for (file, text, expected) in rows {
            #expect(recognise(file, text) == expected, "\(text)")
        }
        #expect(MetadataFile(lastSegment: "zarr.json ") == nil)
        #expect(MetadataFile(lastSegment: ".zattrs") == nil)
    }

    @Test func `no damage traps`() throws {
        var random = SeededGenerator(seed: 7)
        let documents = try Fixture.rows("metadata.json").map { row in
            (try #require(row["file"]?.string), Array(try #require(row["document"]?.string).utf8))
        }
        let scraps = [
            "-", "9", "e", "[", "]", "{", "}", "\"", ",", "null", "1e999", "\\u", "\u{FF}",
        ]
        for _ in 0..<4000 {
            guard let (name, bytes) = documents.randomElement(using: &random) else { return }
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[at] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.remove(at: at)
                default:
                    damaged.insert(
                        contentsOf: Array((scraps.randomElement(using: &random) ?? "").utf8),
                        at: at
                    )
                }
            }
            let file = try #require(MetadataFile(lastSegment: name))
            if case .array(let metadata) = NodeRecognition.recognise(file, bytes: damaged) {
                #expect(metadata.fillValue.bytes.count == metadata.dataType.itemBytes)
                _ = (
                    metadata.chunkBytes, metadata.grid.chunkCount, metadata.order,
                    metadata.byteOrder
                )
            }
        }
    }

    private func recognise(_ name: String, _ text: String) -> NodeRecognition? {
        MetadataFile(lastSegment: name).map {
            NodeRecognition.recognise($0, bytes: Array(text.utf8))
        }
    }

    private func array(_ name: String, _ text: String) -> ArrayMetadata? {
        guard case .array(let metadata) = recognise(name, text) else { return nil }
        return metadata
    }
}
