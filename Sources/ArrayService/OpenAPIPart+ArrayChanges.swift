extension OpenAPIPart {
    /// What changes the list of arrays, as members of the path item `/v1/arrays/{reference}`.
    static let arrayChanges = #"""
        "put": {
          "operationId": "createArray", "tags": ["arrays"],
          "summary": "Creates an array or a group.",
          "description": "The namespace must exist, and the name must be free, and not inside an array. Without a tag it is the version `latest`. Whatever the shape, nothing is stored but the metadata until elements are written. Of conditions `If-None-Match: *` is taken.",
          "security": [{"basic": []}, {"signature": []}],
          "parameters": [{"$ref": "#/components/parameters/Reference"}],
          "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ArrayCreation"}}}
          },
          "responses": {
            "201": {
              "description": "The description of what was created.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Array"}}}
            },
            \#(OpenAPIDocument.changeRefusals),
            "412": {"$ref": "#/components/responses/PreconditionFailed"},
            "422": {"$ref": "#/components/responses/Unprocessable"}
          }
        },
        "patch": {
          "operationId": "changeArray", "tags": ["arrays"],
          "summary": "Changes the shape of an array, its attributes or both in one change, or the attributes of a group.",
          "description": "Of a smaller shape the chunks outside are deleted, and the parts of others that stick out become the fill value. More chunks outside than one change deletes go after it. With `If-Match` nothing is changed unless the metadata is, at the moment of the change, in a state that it names.",
          "security": [{"basic": []}, {"signature": []}],
          "parameters": [
            {"$ref": "#/components/parameters/Reference"},
            {"name": "If-Match", "in": "header", "schema": {"type": "string"},
             "description": "The `metadata_entity_tag` of a description, several of them, or `*`."}
          ],
          "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ArrayChange"}}}
          },
          "responses": {
            "200": {
              "description": "The description after the change.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Array"}}}
            },
            \#(OpenAPIDocument.changeRefusals),
            "412": {"$ref": "#/components/responses/PreconditionFailed"},
            "422": {"$ref": "#/components/responses/Unprocessable"}
          }
        },
        "delete": {
          "operationId": "deleteArray", "tags": ["arrays"],
          "summary": "Deletes an array, or a group and what is below it.",
          "description": "Chunks first, the metadata last.",
          "security": [{"basic": []}, {"signature": []}],
          "parameters": [{"$ref": "#/components/parameters/Reference"}],
          "responses": {
            "200": {
              "description": "How many keys were deleted.",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ArrayDeletion"}}}
            },
            \#(OpenAPIDocument.changeRefusals),
            "422": {"$ref": "#/components/responses/Unprocessable"}
          }
        }
        """#

    /// Members of `schemas` for ``arrayChanges``.
    static let arrayChangeSchemas = #"""
        "ChunkExtents": {
          "type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 32
        },
        "ArrayCreation": {
          "type": "object", "additionalProperties": false,
          "anyOf": [
            {"required": ["shape", "dtype"]},
            {"required": ["kind"], "properties": {"kind": {"const": "group"}}}
          ],
          "properties": {
            "kind": {
              "enum": ["array", "group"], "default": "array",
              "description": "A group takes `dialect` and `attributes` alone."
            },
            "dialect": {
              "enum": ["zarr3", "zarr2", "hub0"], "default": "zarr3",
              "description": "`hub0`, the original Hub layout, takes `shape`, `dtype` and `chunks` alone, and has no groups."
            },
            "shape": {
              "description": "The extents; 0 for an axis that is to grow.",
              "$ref": "#/components/schemas/Shape"
            },
            "dtype": {
              "type": "string", "examples": ["float32", "<f4", ">i2", "bfloat16", "r16"],
              "description": "By the name of Zarr v3 or of NumPy."
            },
            "chunks": {
              "description": "Chosen if it is left out: up to 4 MiB, about cubes, short axes whole.",
              "$ref": "#/components/schemas/ChunkExtents"
            },
            "shards": {
              "description": "Zarr v3: the extents of a stored object that holds many chunks.",
              "$ref": "#/components/schemas/ChunkExtents"
            },
            "codecs": {
              "description": "Zarr v3: as in `zarr.json`; the step to bytes may be left out. Of a sharded array, those of the inner chunks.",
              "type": "array", "maxItems": 32,
              "items": {
                "type": "object", "required": ["name"],
                "properties": {"name": {"type": "string"}, "configuration": {"type": "object"}}
              }
            },
            "compressor": {
              "description": "Zarr v2: as in `.zarray`; null for none.",
              "type": ["object", "null"],
              "properties": {"id": {"type": "string"}}
            },
            "order": {"description": "Zarr v2: how elements lie in a chunk.", "enum": ["C", "F"]},
            "fill_value": {"description": "As in the metadata of the dialect; 0 if it is left out."},
            "dimension_names": {
              "description": "Zarr v3.",
              "type": "array", "items": {"type": ["string", "null"]}, "maxItems": 32
            },
            "attributes": {"type": "object"}
          },
          "examples": [
            {"shape": [10000000000, 512, 512, 3], "dtype": "uint8"},
            {"kind": "group", "attributes": {"title": "Cells"}}
          ]
        },
        "ArrayChange": {
          "type": "object", "additionalProperties": false,
          "anyOf": [{"required": ["shape"]}, {"required": ["attributes"]}],
          "properties": {
            "shape": {"$ref": "#/components/schemas/Shape"},
            "attributes": {"type": "object"},
            "attribute_policy": {
              "description": "Whether the attributes are merged with those that are there, where null removes one (RFC 7396), or take their place.",
              "enum": ["merge", "replace"], "default": "merge"
            }
          },
          "examples": [{"shape": [20000000000, 512, 512, 3], "attributes": {"unit": "nm"}}]
        },
        "ArrayDeletion": {
          "type": "object", "required": ["reference", "deleted_keys"],
          "properties": {
            "reference": {"type": "string"},
            "deleted_keys": {
              "description": "Null where a whole version went at once, whatever it held.",
              "type": ["integer", "null"], "minimum": 0
            }
          }
        }
        """#
}
