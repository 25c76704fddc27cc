import Testing

@testable import ArrayModel

/// Holds the translation of documents into Zarr v3 against what zarr-python writes for the same array in
/// both versions.
///
/// Method: `translation.json` pairs the documents; fill values are compared as bytes, since a number
/// has several spellings, and everything else as it is spelled.
@Suite struct ZarrTranslationTests {
    @Test func `documents say what zarr-python says in Zarr v3`() throws {
        let rows = try Fixture.rows("translation.json")
        #expect(rows.count > 60)
        for row in rows {
            let old = try #require(row["v2"])
            let expected = try #require(row["v3"])
            let note = "\(String(decoding: old.serialized(), as: UTF8.self))"
            let metadata = try #require(array(.zarr2Array, old), "\(note)")
            let document = try #require(
                ZarrTranslation.array(metadata, document: old, chunks: .stored),
                "\(note)"
            )
            for name in ["zarr_format", "node_type", "shape", "data_type", "chunk_grid", "codecs"] {
                #expect(document[name] == expected[name], "\(name) of \(note)")
            }
            #expect(document["chunk_key_encoding"]?["name"] == .string("v2"), "\(note)")
            if metadata.dataType.isSliceable {
                let bytes = array(.zarr3, document)?.fillValue.bytes
                #expect(bytes == array(.zarr3, expected)?.fillValue.bytes, "\(note)")
                #expect(bytes == metadata.fillValue.bytes, "\(note)")
            } else {
                #expect(document["fill_value"] == expected["fill_value"], "\(note)")
            }
        }
    }

    @Test func `decoded chunks are plain elements`() throws {
        for row in try Fixture.rows("translation.json") {
            let old = try #require(row["v2"])
            let metadata = try #require(array(.zarr2Array, old))
            let document = ZarrTranslation.array(metadata, document: old, chunks: .decoded)
            let codecs = try #require(document?["codecs"]?.elements)
            #expect(codecs.count == 1 && codecs[0]["name"] == .string("bytes"))
            let order: JSONValue? =
                metadata.dataType.swapUnitBytes > 1 ? .string("little") : nil
            #expect(codecs[0]["configuration"]?["endian"] == order)
        }
    }

    @Test func `the original layout is shown by coordinates`() throws {
        let info = try JSONValue(
            parsing: Array(
                #"""
                {"shape": [10, 7], "chunk_shape": [4, 7], "dtype": "int16", "order": "F",
                 "dclass": "array"}
                """#.utf8
            )
        )
        let metadata = try #require(array(.hubInfo, info))
        let document = ZarrTranslation.array(metadata, document: info, chunks: .stored)
        let expected = try JSONValue(
            parsing: Array(
                #"""
                {"zarr_format": 3, "node_type": "array", "shape": [10, 7], "data_type": "int16",
                 "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 7]}},
                 "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                 "fill_value": 0,
                 "codecs": [{"name": "transpose", "configuration": {"order": [1, 0]}},
                            {"name": "bytes", "configuration": {"endian": "little"}}],
                 "attributes": {}, "storage_transformers": []}
                """#.utf8
            )
        )
        #expect(document == expected)
    }

    @Test func `codecs without a word are named as numcodecs names them, in their places`() throws {
        let old = try JSONValue(
            parsing: Array(
                #"""
                {"zarr_format": 2, "shape": [4, 4], "chunks": [2, 2], "dtype": "<f4", "order": "F",
                 "filters": [{"id": "fixedscaleoffset", "scale": 10, "offset": 0},
                             {"id": "fletcher32"}],
                 "compressor": {"id": "lzma", "preset": 1}, "fill_value": null}
                """#.utf8
            )
        )
        let metadata = try #require(array(.zarr2Array, old))
        let document = ZarrTranslation.array(metadata, document: old, chunks: .stored)
        let codecs = try #require(document?["codecs"]?.elements)
        #expect(
            codecs.map { $0["name"]?.string } == [
                "numcodecs.fixedscaleoffset", "transpose", "bytes", "numcodecs.fletcher32",
                "numcodecs.lzma",
            ]
        )
        #expect(
            codecs[0]["configuration"] == .members(["scale": .integer(10), "offset": .integer(0)])
        )
        #expect(codecs[4]["configuration"] == .members(["preset": .integer(1)]))
    }

    @Test func `types without a word in Zarr v3 give no document`() throws {
        for dtype in ["\"<f16\"", "\"|O\"", #"[["a", "<f4", [2]]]"#, #"[["a", ">f4"]]"#] {
            let old = try JSONValue(
                parsing: Array(
                    """
                    {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": \(dtype), "order": "C",
                     "filters": null, "compressor": null, "fill_value": null}
                    """.utf8
                )
            )
            let metadata = try #require(array(.zarr2Array, old), "\(dtype)")
            #expect(ZarrTranslation.array(metadata, document: old, chunks: .stored) == nil)
        }
    }

    @Test func `attributes of xarray go where xarray looks for them`() throws {
        let old = try JSONValue(
            parsing: Array(
                #"""
                {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<f4", "order": "C",
                 "filters": null, "compressor": null, "fill_value": -1.5}
                """#.utf8
            )
        )
        let attributes = try JSONValue(
            parsing: Array(#"{"_ARRAY_DIMENSIONS": ["time"], "units": "K"}"#.utf8)
        )
        let plain = try #require(array(.zarr2Array, old))
        let metadata = ArrayMetadata(
            dialect: plain.dialect,
            shape: plain.shape,
            dataType: plain.dataType,
            chunkShape: plain.chunkShape,
            chunkKeys: plain.chunkKeys,
            codecs: plain.codecs,
            fillValue: plain.fillValue,
            dimensionNames: nil,
            attributes: attributes
        )
        let document = ZarrTranslation.array(metadata, document: old, chunks: .stored)
        #expect(document?["dimension_names"] == .array([.string("time")]))
        // base64.b64encode(struct.pack("<d", -1.5)) in Python.
        let expected = JSONValue.members([
            "units": .string("K"), "_FillValue": .string("AAAAAAAA+L8="),
        ])
        #expect(document?["attributes"] == expected)
    }

    @Test func `base64 is that of RFC 4648, section 10`() {
        let rows = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
        for (text, expected) in rows {
            #expect(Base64Text.encode(Array(text.utf8)) == expected)
        }
    }

    private func array(_ file: MetadataFile, _ document: JSONValue) -> ArrayMetadata? {
        guard
            case .array(let metadata) = NodeRecognition.recognise(
                file,
                bytes: document.serialized()
            )
        else { return nil }
        return metadata
    }
}
