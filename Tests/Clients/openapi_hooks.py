"""What schemathesis asks about: things that exist, beside what it makes up by itself.

Schemathesis loads this module. `OPENAPI_KNOWN` names a JSON file with what the server holds; the
status of every answer goes to the file that `OPENAPI_ANSWERS` names, a line each.
"""

import io
import json
import os

import numpy as np
import schemathesis
from hypothesis import strategies

with open(os.environ["OPENAPI_KNOWN"]) as file:
    KNOWN = json.load(file)

# What takes something away, or makes it another thing, only gets what can be spared.
REFERENCES = {
    "createArray": KNOWN["spare"] + KNOWN["uncreated"],
    "changeArray": KNOWN["spare"],
    "deleteArray": KNOWN["spare"],
    "appendElements": KNOWN["grown"],
    "writeRegion": KNOWN["written"],
    "forkVersion": KNOWN["spare"] + KNOWN["unforked"],
    "changeVersion": KNOWN["spare"],
    "deleteVersion": KNOWN["spare"] + KNOWN["doomed"],
    "describeVersion": KNOWN["versions"],
    "rollBackVersion": KNOWN["versions"],
    "describeCommit": KNOWN["commits"],
    "commitVersion": KNOWN["versions"] + KNOWN["drafts"],
    "forgetCommit": KNOWN["commits"] + KNOWN["forgettable"],
    "listHistory": KNOWN["versions"] + KNOWN["commits"],
    "compareVersions": KNOWN["versions"] + KNOWN["commits"],
    "listDrafts": KNOWN["versions"],
    "createDraft": KNOWN["versions"],
    "discardDraft": KNOWN["drafts"] + KNOWN["discardable"],
}
BODIES = {
    "createArray": [
        {"shape": [7, 5], "dtype": "<i4", "chunks": [2, 2]},
        {"shape": [0, 3], "dtype": "float64", "attributes": {"unit": "nm"}},
        {"shape": [10**10, 512, 512, 3], "dtype": "uint8"},
        {"shape": [8, 8], "dtype": "uint16", "chunks": [2, 2], "shards": [4, 4]},
        {"shape": [4], "dtype": ">f4", "dialect": "zarr2", "compressor": None, "order": "F"},
        {"shape": [6, 6], "dtype": "<i8", "dialect": "hub0"},
        {"kind": "group", "attributes": {"title": "Cells"}},
    ],
    "changeArray": [
        {"shape": [9, 4]}, {"shape": [5]}, {"attributes": {"unit": None, "other": [1]}},
    ],
    "forkVersion": [{"from": text} for text in KNOWN["sources"]],
    "changeVersion": [
        {"sealed": True, "message": "kept"}, {"sealed": False}, {"tag": "v1"}, {"name": "spare"},
        {"retained_commits": 2}, {"retained_commits": None},
    ],
    "rollBackVersion": [{"to": digest} for digest in KNOWN["digests"]],
    "readChunks": [
        {"keys": ["c/0/0", "c/0/1", "c/9/9"]}, {"keys": []}, {"keys": ["0.0"]},
        {"keys": ["c/0", "c/0"], "entity_tags": [None, "\"x\""]},
    ],
    "gatherElements": [
        {"samples": [0, 1, -1, 0]}, {"samples": []}, {"boxes": ["0:2", "1:3"]},
        {"boxes": ["0:1", "0:2"]}, {"boxes": []},
    ],
}
SLICES = [
    "", "...", "0", "-1", "1:3", "::2", "::-1", "0:2,1:3", "...,0", "None,0:2", "[0,2,-1]", "5:1",
    "0:2,[1,0,1]", "1:-1,::-2",
]
DTYPES = ["<i4", "<i4", "<i4", "<i4", ">i4", "<f4", ">f8", "|u1", "<c8", "|b1"]
SHAPES = [(), (), (1,), (3,), (5, 4), (1, 4), (1, 4), (2, 3), (0, 4), (2, 1, 3)]
PATHS = {"namespace": "namespaces", "path": "keys", "reference": "arrays"}


def operation_id(context):
    return context.operation.definition.raw["operationId"]


def npy(dtype, shape, fortran):
    file = io.BytesIO()
    value = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape).astype(dtype)
    np.save(file, np.asfortranarray(value) if fortran else value)
    return file.getvalue()


files = strategies.builds(
    npy, strategies.sampled_from(DTYPES), strategies.sampled_from(SHAPES), strategies.booleans())
broken_files = strategies.builds(
    lambda data, length: data[:length], files, strategies.integers(0, 200))
schemathesis.openapi.media_type("application/x-npy", files | files | broken_files)


@schemathesis.hook
def before_generate_path_parameters(context, strategy):
    """References, names and keys of which most lead somewhere."""
    names = {
        parameter.name: REFERENCES.get(operation_id(context), KNOWN[PATHS[parameter.name]])
        for parameter in context.operation.path_parameters if parameter.name in PATHS
    }
    if not names:
        return strategy
    known = strategies.fixed_dictionaries(
        {name: strategies.sampled_from(values) for name, values in names.items()})
    return known | known | known | strategy


@schemathesis.hook
def before_generate_query(context, strategy):
    """Slices of which most are some."""
    schemas = {one.name: one.definition.get("schema", {}) for one in context.operation.query}
    if "slice" in schemas:
        slices = {"slice": strategies.sampled_from(SLICES)}
        formats = {"format": strategies.sampled_from(schemas["format"]["enum"])}
        return strategy | strategies.fixed_dictionaries(slices, optional=formats)
    if "to" in schemas:
        return strategy | strategies.fixed_dictionaries(
            {"to": strategies.sampled_from(KNOWN["others"])})
    return strategy


@schemathesis.hook
def before_generate_body(context, strategy):
    """Bodies of which some say what the server does."""
    bodies = BODIES.get(operation_id(context))
    return strategy | strategies.sampled_from(bodies) if bodies else strategy


@schemathesis.hook
def after_call(context, case, response):
    # It also tries methods that a resource does not have.
    if case.method.upper() != case.operation.method.upper():
        return
    with open(os.environ["OPENAPI_ANSWERS"], "a") as file:
        file.write(f"{operation_id(context)} {response.status_code}\n")
