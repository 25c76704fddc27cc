extension OpenAPIPart {
    /// `/v1/data`.
    static let data = OpenAPIPart(
        paths: #"""
            "/v1/data/{reference}": {
              "get": {
                "operationId": "readRegion", "tags": ["arrays"],
                "summary": "Reads a region.",
                "description": "Chunks that are not stored are the fill value. If a chunk turns out to be damaged after the answer has begun, the connection is cut.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/Slice"},
                  {
                    "name": "format", "in": "query",
                    "description": "`npy` is what numpy.save would write, `raw` the elements alone in C order and little-endian, `json` nested lists. Without it the Accept header chooses.",
                    "schema": {"enum": ["npy", "raw", "json"]}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The elements.",
                    "headers": {
                      "X-Nave-Shape": {"description": "The shape as a JSON list.", "schema": {"type": "string"}},
                      "X-Nave-Dtype": {"description": "The data type by its name in Zarr v3.", "schema": {"type": "string"}}
                    },
                    "content": {
                      "application/x-npy": {}, "application/octet-stream": {},
                      "application/json": {"schema": {"$ref": "#/components/schemas/Elements"}}
                    }
                  },
                  \#(OpenAPIDocument.usualRefusals),
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "Elements": {
              "description": "One element, or nested lists of them. NaN and the infinities are strings, complex numbers pairs, raw bits hexadecimal digits.",
              "type": ["array", "number", "boolean", "string"]
            }
            """#,
        problemCodes: [
            "slice_invalid", "index_out_of_range", "result_too_large", "group_not_sliceable",
            "metadata_unreadable", "chunk_corrupt", "codec_missing", "codec_unsupported",
            "dtype_unsupported", "chunk_too_large",
        ]
    )

    /// `/v1/stats`.
    static let statistics = OpenAPIPart(
        paths: #"""
            "/v1/stats/{reference}": {
              "get": {
                "operationId": "reduceRegion", "tags": ["arrays"],
                "summary": "Computes statistics of a region.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/Slice"},
                  {
                    "name": "op", "in": "query", "style": "form", "explode": false,
                    "description": "Which statistics, separated by commas; all that the type has if it is left out.",
                    "schema": {
                      "type": "array", "minItems": 1,
                      "items": {"enum": ["mean", "std", "min", "max", "sum"]}
                    }
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The statistics.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Statistics"}}}
                  },
                  \#(OpenAPIDocument.usualRefusals),
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "Statistics": {
              "type": "object",
              "required": ["reference", "slice", "dtype", "shape", "count", "statistics"],
              "properties": {
                "reference": {"type": "string"},
                "slice": {"type": "string"},
                "dtype": {"type": "string"},
                "shape": {"$ref": "#/components/schemas/Shape"},
                "count": {"type": "integer", "minimum": 0},
                "statistics": {
                  "type": "object",
                  "additionalProperties": {
                    "description": "A number; NaN and the infinities are strings, complex numbers pairs. Null for extrema of nothing.",
                    "type": ["number", "string", "boolean", "array", "null"]
                  }
                }
              }
            }
            """#,
        problemCodes: ["statistic_unsupported"]
    )
}
