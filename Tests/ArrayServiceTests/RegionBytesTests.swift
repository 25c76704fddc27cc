import ArrayModel
import StorageModel
import Testing

@testable import ArrayService
@testable import ArrayStorage

/// Checks how long the memory of an answer is set aside.
///
/// Method: an answer is read to its last piece, which a client may take slowly, and the budget is asked.
@Suite struct RegionBytesTests {
    @Test(arguments: [nil, 10..<90] as [Range<Int>?])
    func `memory is set aside until the answer goes`(range: Range<Int>?) async throws {
        try await ServiceDesk.with { desk in
            let metadata = """
                {"zarr_format": 3, "node_type": "array", "shape": [100], "data_type": "uint8",
                 "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10]}},
                 "chunk_key_encoding": {"name": "default"}, "fill_value": 7, "codecs": ["bytes"]}
                """
            try await desk.put("x:v0/zarr.json", metadata.utf8)
            let namespace = try #require(desk.store.namespace(try NamespaceName("test")))
            let array = try await desk.service.catalog.resolve(
                ArrayReference("test/x:v0"),
                in: namespace
            )
            let region = Region(array: array, selection: .whole(shape: [100]), format: .raw)
            let reader = desk.service.reader
            var body: RegionBytes? = try RegionBytes(region, reader, range: range)
            let taken = reader.budget.takenBytes
            #expect(taken >= 80)
            var count = 0
            while let piece = try await body?.next() { count += piece.readableBytes }
            #expect(count == range?.count ?? 100)
            #expect(reader.budget.takenBytes == taken)
            body = nil
            #expect(reader.budget.takenBytes == 0)
        }
    }
}
