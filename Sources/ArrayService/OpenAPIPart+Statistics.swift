extension OpenAPIPart {
    /// `/v1/stats`.
    static let statistics = OpenAPIPart(
        paths: #"""
            "/v1/stats/{reference}": {
              "get": {
                "operationId": "reduceRegion", "tags": ["elements"],
                "summary": "Computes statistics of a region, or of some axes of it.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/Slice"},
                  {
                    "name": "op", "in": "query", "style": "form", "explode": false,
                    "description": "Which statistics; `sum`, `mean`, `std`, `min` and `max` as far as the type has them if it is left out.",
                    "schema": {
                      "type": "array", "minItems": 1,
                      "items": {"enum": [
                        "sum", "mean", "std", "var", "min", "max", "count", "count_nonzero", "count_nan",
                        "histogram", "percentile"
                      ]}
                    },
                    "example": ["mean", "std"]
                  },
                  {
                    "name": "axis", "in": "query", "style": "form", "explode": false,
                    "description": "The axes of the slice's result that are reduced, all if it is left out.",
                    "schema": {"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "integer"}}
                  },
                  {
                    "name": "ddof", "in": "query",
                    "description": "What the divisor of `std` and `var` is lessened by.",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 1000000, "default": 0}
                  },
                  {
                    "name": "nan", "in": "query",
                    "description": "Whether one NaN makes a statistic NaN, or is passed over.",
                    "schema": {"enum": ["propagate", "skip"], "default": "propagate"}
                  },
                  {
                    "name": "bins", "in": "query",
                    "description": "With `op=histogram`. Refused if double precision has fewer numbers between the bounds.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 65536, "default": 10}
                  },
                  {
                    "name": "range", "in": "query", "style": "form", "explode": false,
                    "description": "With `op=histogram`: the lower and the upper bound; those of the elements if it is left out.",
                    "schema": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
                  },
                  {
                    "name": "q", "in": "query", "style": "form", "explode": false,
                    "description": "With `op=percentile`: which ones.",
                    "schema": {
                      "type": "array", "minItems": 1, "maxItems": 32,
                      "items": {"type": "number", "minimum": 0, "maximum": 100}
                    }
                  },
                  {
                    "name": "format", "in": "query",
                    "description": "`npy` with one `op`; of percentiles the axis of `q` comes first, of histograms that of the bins last.",
                    "schema": {"enum": ["json", "npy"], "default": "json"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The statistics.",
                    "headers": {
                      "X-Nave-Range": {
                        "description": "The outer edges of a histogram as `.npy`, a JSON list.",
                        "schema": {"type": "string"}
                      }
                    },
                    "content": {
                      "application/json": {"schema": {"$ref": "#/components/schemas/Statistics"}},
                      "application/x-npy": {}
                    }
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
              "required": ["reference", "slice", "dtype", "shape", "statistics"],
              "anyOf": [{"required": ["count", "chunks"]}, {"required": ["axis", "result_shape"]}],
              "properties": {
                "reference": {"type": "string"},
                "slice": {"type": "string"},
                "dtype": {"type": "string"},
                "shape": {"$ref": "#/components/schemas/Shape"},
                "count": {"type": "integer", "minimum": 0},
                "chunks": {
                  "description": "Chunks that were read, and those of which the statistics were known.",
                  "type": "object", "required": ["read", "known"],
                  "properties": {
                    "read": {"type": "integer", "minimum": 0},
                    "known": {"type": "integer", "minimum": 0}
                  }
                },
                "axis": {
                  "description": "The axes that were reduced.",
                  "type": "array", "items": {"type": "integer", "minimum": 0}
                },
                "result_shape": {"$ref": "#/components/schemas/Shape"},
                "statistics": {
                  "type": "object",
                  "additionalProperties": {
                    "description": "A number, or nested lists of shape `result_shape`; NaN and the infinities are strings, complex numbers pairs. Null for extrema of nothing.",
                    "type": ["number", "string", "boolean", "array", "null"]
                  }
                },
                "histogram": {
                  "type": "object", "required": ["counts", "edges"],
                  "properties": {
                    "counts": {
                      "description": "Numbers; along axes nested lists of `result_shape` and, inside, the bins.",
                      "type": "array", "items": {"type": ["integer", "array"], "minimum": 0}
                    },
                    "edges": {"type": "array", "items": {"type": ["number", "string"]}}
                  }
                },
                "percentile": {
                  "type": "object", "required": ["q", "values"],
                  "properties": {
                    "q": {"type": "array", "items": {"type": "number"}},
                    "values": {
                      "description": "For each `q` a number, or nested lists of `result_shape`.",
                      "type": "array", "items": {"type": ["number", "string", "array"]}
                    }
                  }
                }
              }
            }
            """#,
        problemCodes: readProblemCodes + ["statistic_unsupported", "statistic_undefined"]
    )
}
