import ArrayModel
import Foundation
import Testing

/// Holds regions and statistics, as clients get them, against what NumPy says of the same data.
@Suite struct ArrayDataTests {
    @Test func `every form of every region is NumPy's`() async throws {
        try await ServiceDesk.with { desk in
            for (number, array) in try Fixture.arrays().enumerated() {
                try await array.put("a\(number):v0", in: desk)
                for answer in array.answers {
                    let slice = answer.slice.replacing(" ", with: "+")
                    let path = "/v1/data/test/a\(number):v0?slice=\(slice)"
                    let raw = try await desk.get("\(path)&format=raw")
                    #expect(raw.status == 200, "\(array.name)[\(answer.slice)]")
                    #expect(Data(raw.bytes) == answer.expected, "\(array.name)[\(answer.slice)]")
                    let shape = JSONValue.integers(answer.shape).serialized()
                    #expect(
                        raw.headers.first(name: "x-nave-shape")
                            == String(decoding: shape, as: UTF8.self)
                    )

                    let npy = try await desk.get(path)
                    #expect(npy.bytes.suffix(raw.bytes.count).elementsEqual(raw.bytes))
                    #expect(npy.bytes.count % 64 == raw.bytes.count % 64)
                    let header = String(
                        decoding: npy.bytes.dropLast(raw.bytes.count),
                        as: UTF8.self
                    )
                    let numbers = answer.shape.map(String.init).joined(separator: ", ")
                    #expect(header.contains("'shape': (\(numbers)"), "\(header)")

                    let json = try await desk.get("\(path)&format=json")
                    #expect(json.status == 200)
                    #expect(elementCount(try json.json()) >= answer.shape.reduce(1, *))
                }
            }
        }
    }

    private func elementCount(_ value: JSONValue) -> Int {
        value.elements.map { $0.reduce(0) { $0 + elementCount($1) } } ?? 1
    }

    @Test func `statistics are NumPy's`() async throws {
        try await ServiceDesk.with { desk in
            for (number, array) in try Fixture.arrays().enumerated() {
                try await array.put("a\(number):v0", in: desk)
                for answer in array.answers {
                    guard let expected = answer.statistics else { continue }
                    let slice = answer.slice.replacing(" ", with: "+")
                    let got = try await desk.get("/v1/stats/test/a\(number):v0?slice=\(slice)")
                        .json()
                    #expect(got["count"]?.integer == answer.shape.reduce(1, *))
                    for (name, text) in expected where name != "count" {
                        let value = try #require(got["statistics"]?[name])
                        #expect(
                            agrees(value, text),
                            "\(array.name)[\(answer.slice)] \(name): \(value)"
                        )
                    }
                }
            }
        }
    }

    /// Whole numbers agree exactly, floats to rounding, NaN and the infinities by name.
    private func agrees(_ value: JSONValue, _ text: String) -> Bool {
        switch value {
        case .bool(let value): return text == (value ? "1" : "0")
        case .string(let name):
            return ["nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"][text] == name
        case .number(let number):
            guard number.text != text else { return true }
            guard let expected = Double(text), number.integer == nil else { return false }
            return abs(number.double - expected) <= 1e-9 * max(abs(expected), 1)
        case .null, .array, .object: return false
        }
    }

    @Test func `nothing selected has a sum and a mean and no extrema`() async throws {
        try await ServiceDesk.with { desk in
            try await Self.putPetabyte(in: desk)
            let got = try await desk.get("/v1/stats/test/big:v0?slice=0:0").json()
            #expect(got["count"] == .integer(0))
            #expect(got["shape"] == .integers([0, 512, 512, 3]))
            let expected: JSONValue = .members([
                "sum": .integer(0), "mean": .string("NaN"), "std": .string("NaN"), "min": .null,
                "max": .null,
            ])
            #expect(got["statistics"] == expected)
        }
    }

    static func putPetabyte(in desk: ServiceDesk) async throws {
        let info = """
            {"key": "x", "shape": [10000000000, 512, 512, 3], "chunk_shape": [1, 512, 512, 3],
             "dtype": "uint8", "protocol": "object", "order": "F", "dclass": "array"}
            """
        try await desk.put("big/v0/info.txt", info.utf8)
        try await desk.put(
            "big/v0/9999999999-10000000000_0-512_0-512_0-3",
            [UInt8](repeating: 7, count: 512 * 512 * 3)
        )
    }

    @Test func `every row of a petabyte can be read`() async throws {
        try await ServiceDesk.with { desk in
            try await Self.putPetabyte(in: desk)
            for (slice, expected) in [
                ("9999999999,511,511,2", [7]), ("0,0,0,0", [0]), ("-1,0,:2,1", [7, 7]),
                ("::-9999999999,1,1,1", [7, 0]), ("4999999999:5000000001,3,3,:2", [0, 0, 0, 0]),
            ] as [(String, [UInt8])] {
                let answer = try await desk.get("/v1/data/test/big:v0?slice=\(slice)&format=raw")
                #expect(answer.bytes == expected, "\(slice)")
            }
            let beyond = try await desk.get("/v1/data/test/big:v0?slice=10000000000")
            #expect(try beyond.problem() == "400 index_out_of_range")
            #expect(try beyond.json()["extent"] == .integer(10_000_000_000))
            let json = try await desk.get("/v1/data/test/big:v0?format=json")
            #expect(try json.problem() == "400 result_too_large")
            let sum = try await desk.get("/v1/stats/test/big:v0?op=sum,max").json()
            #expect(sum["count"] == .integer(7_864_320_000_000_000))
            #expect(
                sum["statistics"] == .members(["sum": .integer(5_505_024), "max": .integer(7)])
            )
        }
    }

    @Test func `long elements are spelled as JSON up to so many bytes`() async throws {
        try await ServiceDesk.with { desk in
            let metadata = """
                {"zarr_format": 3, "node_type": "array", "shape": [1000000], "data_type": "r8388608",
                 "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
                 "chunk_key_encoding": {"name": "default"}, "fill_value": 0, "codecs": ["bytes"]}
                """
            try await desk.put("x:v0/zarr.json", metadata.utf8)
            let one = try await desk.get("/v1/data/test/x:v0?slice=5&format=json")
            #expect(one.bytes.count == 2 * (1 << 20) + 3, "two digits a byte, quotes, a line end")
            let many = try await desk.get("/v1/data/test/x:v0?slice=:17&format=json")
            #expect(try many.problem() == "400 result_too_large")
        }
    }

    @Test func `HEAD tells the length and reads nothing`() async throws {
        try await ServiceDesk.with { desk in
            try await Self.putPetabyte(in: desk)
            let head = try await desk.get("/v1/data/test/big:v0", method: .HEAD)
            #expect(head.status == 200)
            #expect(head.headers.first(name: "x-nave-dtype") == "uint8")
            #expect(head.bytes.isEmpty)
        }
    }

    @Test func `much JSON is sent in pieces and reads as one document`() async throws {
        try await ServiceDesk.with { desk in
            let metadata = """
                {"zarr_format": 3, "node_type": "array", "shape": [500, 1000], "data_type": "int16",
                 "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [250, 1000]}},
                 "chunk_key_encoding": {"name": "default"}, "fill_value": -9, "codecs":
                 [{"name": "bytes", "configuration": {"endian": "little"}}]}
                """
            try await desk.put("x:v0/zarr.json", metadata.utf8)
            let numbers = (0..<250_000).map { $0 % 30_000 }
            let chunk = numbers.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            try await desk.put("x:v0/c/1/0", chunk)
            let answer = try await desk.get("/v1/data/test/x:v0?format=json")
            #expect(!answer.isCut)
            #expect(answer.pieces.count > 5)
            #expect(answer.pieces.allSatisfy { $0 <= 1 << 20 })
            let rows = try #require(try answer.json().elements)
            #expect(rows.count == 500)
            let nines = JSONValue.integers([Int](repeating: -9, count: 1000))
            #expect(rows.prefix(250).allSatisfy { $0 == nines })
            for row in 0..<250 {
                let expected = JSONValue.integers(Array(numbers[(row * 1000)...].prefix(1000)))
                #expect(rows[250 + row] == expected)
            }
            let head = try await desk.get("/v1/data/test/x:v0?format=json", method: .HEAD)
            #expect(head.status == 200 && head.bytes.isEmpty)
        }
    }

    @Test func `what a slow client may still get at the end is little`() async throws {
        try await ServiceDesk.with { desk in
            try await Self.putPetabyte(in: desk)
            let path = "/v1/data/test/big:v0?slice=9999999998:"
            let answer = try await desk.get("\(path)&format=raw")
            let row = 512 * 512 * 3
            #expect(answer.pieces == [2 * row - (1 << 19), 1 << 18, 1 << 18])
            #expect(answer.bytes.prefix(row).allSatisfy { $0 == 0 })
            #expect(answer.bytes.suffix(row).allSatisfy { $0 == 7 })
        }
    }

    @Test func `a broken chunk is a problem before the first byte and a cut after it`() async throws
    {
        try await ServiceDesk.with { desk in
            let metadata = """
                {"zarr_format": 3, "node_type": "array", "shape": [40, 1000000], "data_type": "uint8",
                 "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1000000]}},
                 "chunk_key_encoding": {"name": "default"}, "fill_value": 1, "codecs": ["bytes"]}
                """
            try await desk.put("x:v0/zarr.json", metadata.utf8)
            try await desk.put("x:v0/c/39/0", [1, 2, 3])
            let problem = try await desk.get("/v1/data/test/x:v0?slice=39,:5")
            #expect(try problem.problem() == "422 chunk_corrupt")
            let whole = try await desk.get("/v1/data/test/x:v0?format=raw")
            #expect(whole.status == 200)
            #expect(whole.isCut)
            #expect(whole.bytes.count < 40_000_000)
            let sound = try await desk.get("/v1/data/test/x:v0?slice=:39&format=raw")
            #expect(sound.bytes.count == 39_000_000)
            #expect(sound.bytes.allSatisfy { $0 == 1 })
        }
    }
}
