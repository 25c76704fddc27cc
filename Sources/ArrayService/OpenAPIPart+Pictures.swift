extension OpenAPIPart {
    /// `/v1/preview` and `/v1/occupancy`.
    static let pictures = OpenAPIPart(
        paths: #"""
            "/v1/preview/{reference}": {
              "get": {
                "operationId": "previewPlane", "tags": ["pictures"],
                "summary": "Draws a plane of an array.",
                "description": "The last two axes are rows and columns if none are named, or of RGB(A), an array of `uint8` whose last axis has 3 or 4 elements, the two before it. A pixel is the mean of a box of elements. NaN is transparent in PNG and white in JPEG.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/PlaneAxes"},
                  {
                    "name": "index", "in": "query", "style": "form", "explode": false,
                    "description": "A place along each of the other axes, in their order; the middle if it is left out.",
                    "schema": {"type": "array", "maxItems": 32, "items": {"type": "integer"}}
                  },
                  {
                    "name": "window", "in": "query", "style": "form", "explode": false,
                    "description": "The values that become black and white.",
                    "schema": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
                  },
                  {
                    "name": "percentile", "in": "query", "style": "form", "explode": false,
                    "description": "The same by percentiles of the picture's values, of all colours together; not together with `window`. 1 and 99 if neither is given, unless the type is `uint8` or `bool`.",
                    "schema": {
                      "type": "array", "minItems": 2, "maxItems": 2,
                      "items": {"type": "number", "minimum": 0, "maximum": 100}
                    }
                  },
                  {
                    "name": "map", "in": "query",
                    "schema": {"enum": ["gray", "viridis", "magma", "inferno", "turbo"], "default": "gray"}
                  },
                  {"$ref": "#/components/parameters/PictureSize"},
                  {"name": "format", "in": "query", "schema": {"enum": ["png", "jpeg"], "default": "png"}},
                  {"$ref": "#/components/parameters/IfNoneMatch"}
                ],
                "responses": {
                  "200": {
                    "description": "The picture.",
                    "headers": {
                      "ETag": {"description": "Changes whenever the plane does.", "schema": {"type": "string"}},
                      "X-Nave-Sampled": {
                        "description": "`chunks=…; of=…`: how many chunks were looked at, where those are not all.",
                        "schema": {"type": "string"}
                      }
                    },
                    "content": {"image/png": {}, "image/jpeg": {}}
                  },
                  "304": {"description": "The client has it already."},
                  \#(OpenAPIDocument.usualRefusals),
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            },
            "/v1/occupancy/{reference}": {
              "get": {
                "operationId": "showOccupancy", "tags": ["pictures"],
                "summary": "Tells which chunks are stored.",
                "parameters": [
                  {"$ref": "#/components/parameters/Reference"},
                  {"$ref": "#/components/parameters/PlaneAxes"},
                  {"$ref": "#/components/parameters/PictureSize"},
                  {
                    "name": "format", "in": "query",
                    "description": "`json` lists the chunks page by page; `png` and `npy` count them in each cell of two axes of the grid, the first two if none are named.",
                    "schema": {"enum": ["json", "png", "npy"], "default": "json"}
                  },
                  {
                    "name": "limit", "in": "query",
                    "description": "The most chunks of a page.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000}
                  },
                  {
                    "name": "cursor", "in": "query",
                    "description": "The `next` of the page before: the coordinates of a chunk.",
                    "schema": {"type": "string", "pattern": "^([0-9]+(,[0-9]+)*)?$", "maxLength": 700}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The chunks that are stored.",
                    "headers": {
                      "X-Nave-Sampled": {
                        "description": "`chunks=…`: how many stored chunks were counted, where those are not all.",
                        "schema": {"type": "string"}
                      }
                    },
                    "content": {
                      "application/json": {"schema": {"$ref": "#/components/schemas/Occupancy"}},
                      "image/png": {}, "application/x-npy": {}
                    }
                  },
                  \#(OpenAPIDocument.usualRefusals),
                  "422": {"$ref": "#/components/responses/Unprocessable"}
                }
              }
            }
            """#,
        schemas: #"""
            "Occupancy": {
              "type": "object",
              "required": [
                "reference", "grid_shape", "chunk_shape", "chunks_total", "chunks_stored", "chunks", "next"
              ],
              "properties": {
                "reference": {"type": "string"},
                "grid_shape": {"$ref": "#/components/schemas/Shape"},
                "chunk_shape": {"$ref": "#/components/schemas/Shape"},
                "chunks_total": {"type": "integer", "minimum": 0},
                "chunks_stored": {
                  "description": "Null where it is not kept, as in commits.",
                  "type": ["integer", "null"], "minimum": 0
                },
                "chunks": {
                  "description": "The coordinates of chunks, in the order of their keys.",
                  "type": "array", "items": {"$ref": "#/components/schemas/Shape"}, "maxItems": 10000
                },
                "next": {"$ref": "#/components/schemas/Next"}
              }
            }
            """#,
        problemCodes: readProblemCodes + ["plane_invalid"]
    )
}
