extension OpenAPIPart {
    /// `/v1/data`.
    static let data = OpenAPIPart(
        paths: #"""
            "/v1/data/{reference}": {
              "get": {
                "operationId": "readRegion", "tags": ["elements"],
                "summary": "Reads a region.",
                "description": "Chunks that are not stored are the fill value. If a chunk turns out to be damaged after the answer has begun, the connection is cut.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/Slice"},
                  {
                    "name": "format", "in": "query",
                    "description": "`npy` is what numpy.save would write, `raw` the elements alone in C order and little-endian, `json` nested lists, `csv` rows of at most two axes, `png` a picture whose samples are the elements. Without it the Accept header chooses.",
                    "schema": {"enum": ["npy", "raw", "json", "csv", "png"]}
                  },
                  {"$ref": "#/components/parameters/IfNoneMatch"},
                  {
                    "name": "Range", "in": "header",
                    "description": "One range of the bytes of `npy` or `raw`; several are answered with everything.",
                    "schema": {"type": "string"}, "example": "bytes=0-127"
                  },
                  {
                    "name": "If-Range", "in": "header",
                    "description": "The tag that the answer must have for `Range` to count.",
                    "schema": {"type": "string"}
                  }
                ],
                "responses": {
                  "200": {"$ref": "#/components/responses/Region"},
                  "206": {"$ref": "#/components/responses/RegionPart"},
                  "304": {"description": "The client has it already."},
                  \#(OpenAPIDocument.usualRefusals),
                  "416": {"$ref": "#/components/responses/RangeInvalid"},
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              },
              "put": {
                "operationId": "writeRegion", "tags": ["elements"],
                "summary": "Writes a region: all of it or nothing, seen by others at one moment.",
                "description": "The elements of a `.npy` file are broadcast to the region as in NumPy's assignment. Chunks of which a part is written keep the rest.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {
                    "name": "slice", "in": "query",
                    "description": "Whole numbers, slices with steps and `...` as in NumPy, and along one axis a list that names no index twice, or a mask; no new axes. Everything if it is left out.",
                    "schema": {"type": "string", "maxLength": 16384, "pattern": "^[ -~]*$"},
                    "example": "0:2,...,::-1"
                  },
                  {
                    "name": "format", "in": "query",
                    "description": "The form of the body; without it the content type says whether it is `raw`.",
                    "schema": {"enum": ["npy", "raw"]}
                  }
                ],
                "requestBody": {
                  "required": true,
                  "description": "A `.npy` file, or the elements alone in C order and little-endian; of exactly the array's type.",
                  "content": {
                    "application/x-npy": {"schema": {"$ref": "#/components/schemas/NumPyFile"}},
                    "application/octet-stream": {"schema": {"$ref": "#/components/schemas/RawElements"}}
                  }
                },
                "responses": {
                  "200": {
                    "description": "What was written.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WrittenRegion"}}}
                  },
                  \#(OpenAPIDocument.changeRefusals),
                  "408": {"$ref": "#/components/responses/BodyTooSlow"},
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "Elements": {
              "description": "One element, or nested lists of them. NaN and the infinities are strings, complex numbers pairs, raw bits hexadecimal digits.",
              "type": ["array", "number", "boolean", "string"]
            },
            "NumPyFile": {
              "description": "A file as numpy.save writes it.",
              "type": "string", "format": "binary"
            },
            "RawElements": {
              "description": "The elements alone, in C order and little-endian.",
              "type": "string", "format": "binary"
            },
            "WrittenRegion": {
              "type": "object",
              "required": ["reference", "slice", "shape", "dtype", "chunks_written", "sequence"],
              "properties": {
                "reference": {"type": "string"},
                "slice": {"type": "string"},
                "shape": {"$ref": "#/components/schemas/Shape"},
                "dtype": {"type": "string"},
                "chunks_written": {"type": "integer", "minimum": 0},
                "sequence": {"$ref": "#/components/schemas/Sequence"}
              }
            }
            """#,
        responses: #"""
            "Region": {
              "description": "The elements.",
              "headers": {
                "X-Nave-Shape": {"description": "The shape as a JSON list.", "schema": {"type": "string"}},
                "X-Nave-Dtype": {"description": "The data type by its name in Zarr v3.", "schema": {"type": "string"}},
                "ETag": {"description": "Changes whenever the region does.", "schema": {"type": "string"}}
              },
              "content": {
                "application/x-npy": {}, "application/octet-stream": {}, "text/csv": {}, "image/png": {},
                "application/json": {"schema": {"$ref": "#/components/schemas/Elements"}}
              }
            },
            "RegionPart": {
              "description": "The part of the answer that `Content-Range` names.",
              "headers": {"Content-Range": {"required": true, "schema": {"type": "string"}}},
              "content": {"application/x-npy": {}, "application/octet-stream": {}}
            }
            """#,
        problemCodes: readProblemCodes + writeProblemCodes + OpenAPIDocument.bodyProblemCodes
            + ["format_unsuitable", "range_unsatisfiable"]
    )

    /// `/v1/append`.
    static let append = OpenAPIPart(
        paths: #"""
            "/v1/append/{reference}": {
              "post": {
                "operationId": "appendElements", "tags": ["elements"],
                "summary": "Grows an array along an axis and writes the elements there, in one change.",
                "description": "Those who append at the same time each get a range of their own.",
                "security": [{"basic": []}, {"signature": []}],
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {
                    "name": "axis", "in": "query",
                    "schema": {"type": "integer", "minimum": -32, "maximum": 31, "default": 0}
                  },
                  {"name": "format", "in": "query", "schema": {"enum": ["npy"]}}
                ],
                "requestBody": {
                  "required": true,
                  "description": "A `.npy` file of exactly the array's type, with its extents on the other axes.",
                  "content": {"application/x-npy": {"schema": {"$ref": "#/components/schemas/NumPyFile"}}}
                },
                "responses": {
                  "200": {
                    "description": "Where the elements are, and the array's shape afterwards.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AppendedElements"}}}
                  },
                  \#(OpenAPIDocument.changeRefusals),
                  "408": {"$ref": "#/components/responses/BodyTooSlow"},
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "AppendedElements": {
              "type": "object",
              "required": ["reference", "axis", "start", "stop", "shape", "chunks_written", "sequence"],
              "properties": {
                "reference": {"type": "string"},
                "axis": {"type": "integer", "minimum": 0},
                "start": {"type": "integer", "minimum": 0},
                "stop": {"type": "integer", "minimum": 0},
                "shape": {"$ref": "#/components/schemas/Shape"},
                "chunks_written": {"type": "integer", "minimum": 0},
                "sequence": {"$ref": "#/components/schemas/Sequence"}
              }
            }
            """#,
        problemCodes: readProblemCodes + writeProblemCodes + OpenAPIDocument.bodyProblemCodes
    )

    /// The codes of what is in the way of reading elements.
    static let readProblemCodes = [
        "slice_invalid", "index_out_of_range", "result_too_large", "group_not_sliceable",
        "metadata_unreadable", "chunk_corrupt", "codec_missing", "codec_unsupported",
        "dtype_unsupported", "chunk_too_large",
    ]

    /// The codes of what is in the way of writing elements.
    private static let writeProblemCodes = [
        "npy_invalid", "body_length", "dtype_mismatch", "shape_mismatch", "region_too_large",
        "array_changed", "dialect_unsupported", "version_sealed",
    ]
}
