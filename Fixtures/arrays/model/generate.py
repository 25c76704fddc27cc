#!/usr/bin/env python3
"""Makes selections.json, orthogonal.json, headers.json, metadata.json and translation.json beside this file.

Needs numpy and zarr; PROVENANCE.md names the versions that were used. The files hold what these two
libraries answer, so that the tests of ArrayModel compare with them without running Python.
"""
import io
import json
import pathlib
import warnings

import numpy as np
import zarr
from zarr.storage import MemoryStore

HERE = pathlib.Path(__file__).parent
warnings.simplefilter("ignore")


def write(name, rows):
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def selections():
    """What NumPy answers to a text of basic indexing: the flat element numbers, or an error."""
    cases = {
        (): ["", "...", "()", "0", ":"],
        (10,): [
            "", ":", "...", "3", "-1", "-10", "10", "-11", "2:5", "5:2", "::2", "::-1", "1::3", ":-3",
            "-3:", "-100:100", "100:", "8:2:-3", ":2:-1", "2::-1", "-1:-11:-1", "::-100", "::100",
            "9:0:-9223372036854775808", "-9223372036854775808:9223372036854775807:2", "0:0", "3:3",
            " 1 : 7 : 2 ", "[2:4]", "[ -1 ]", "3,", "3,3", "1:2:3:4", "::0", "...,...", "a", "1.5",
            "+3", "None", "newaxis", "9223372036854775808", "..", "1 2", "[1", "1]", ",", "1,,2",
        ],
        (0,): ["", "0", "-1", ":", "::-1", "5:", "-5:5"],
        (5, 7): [
            "0", "-1", "0,0", "4,6", "1:3,2:6:2", "...,0", "0,...", "...,1:3,0", "::-1,::-2", ":,-1",
            "...,::-1", "5,0", "0,7", "0,-8", "1:1,3", "0,0,0", "0,0,...", "...,0,0", "2:,:3,",
        ],
        (3, 1, 4, 2): [
            "...", "0,...,1", "::-1,...,::-1", "2,0,3,1", ":,0,1:3", "...,2,:", "1:,...,-1:", "-4",
            ":,:,:,:,:", "::2,:,::3,::-1", "...,0,0,0,0", "0,...,0,0,0", "0,1",
        ],
    }
    failures = (IndexError, SyntaxError, ValueError, NameError, TypeError, OverflowError)
    for shape, texts in cases.items():
        data = np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64).reshape(shape)
        for text in texts:
            inner = text.strip()
            if inner.startswith("[") and inner.endswith("]"):
                inner = inner[1:-1]
            try:
                # Basic indexing by nothing is taken as the whole array.
                result = eval(f"data[{inner if inner.strip() else '...'}]", {"data": data})
            except failures as error:
                yield {"shape": shape, "text": text, "error": type(error).__name__}
                continue
            if any(word in text for word in ("None", "()")):
                yield {"shape": shape, "text": text, "error": "unsupported"}
                continue
            result = np.asarray(result)
            yield {
                "shape": shape, "text": text, "result": result.shape,
                "elements": result.ravel().tolist(),
            }


def orthogonal():
    """What NumPy answers to a list or a mask along one axis and to new axes.

    Where a number and a list are apart, NumPy moves the axis of the list to the front; there zarr's
    orthogonal indexing answers.
    """
    cases = {
        (10,): [
            "[1,5,7]", "[ -1 , 0,0 ]", "[]", "[3]", "[[1,5]]", "[2:4]", "[...]", "[None]", "None",
            "[True,False,False,True,False,False,False,False,False,True]", "[9,8,7,0,1,2]",
            "newaxis,[1,2]", "[1,2],None", "None,::-1,None", "[10]", "[-11]", "[True]",
            "[0],[1]", "[0,True]", "[1.5]", "[0", "[[0,1],[2,3]]", "[a]",
        ],
        (5, 7): [
            "[0,4]", ":,[6,0,6]", "1,[2,3]", "[2,3],1", "[4,-5],::-2", "::2,[1,1]", "...,[0]",
            "[False,True,False,False,True]", ":,[True,False,False,False,False,False,True]",
            "None,[1],None,0", "[5]", ":,[7]", "[True,True],0",
        ],
        (3, 1, 4, 2): [
            "[2,0]", "0,:,[3,1]", "[2,0],:,:,1", "...,[1,0]", "1,...,[0]", ":,[0,0],1", "0,[0],3,1",
            "None,...,[1],None",
        ],
    }
    failures = (IndexError, SyntaxError, ValueError, NameError, TypeError, OverflowError)
    for shape, texts in cases.items():
        data = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        store = zarr.create_array(MemoryStore(), data=data)
        for text in texts:
            # Brackets around nothing but numbers are a list; else they are those of the indexing.
            is_list = not any(sign in text[1:-1] for sign in "[:.N") and text.startswith("[")
            surrounds = text.startswith("[") and text.endswith("]") and text.find("]") in (
                len(text) - 1, len(text) - 2)
            inner = text[1:-1] if surrounds and not is_list else text
            try:
                index = eval(f"Index[{inner}]", {"Index": np.s_, "None": None, "newaxis": None})
                entries = index if isinstance(index, tuple) else (index,)
                lists = [entry for entry in entries if isinstance(entry, list)]
                if len(lists) > 1 or any(np.ndim(entry) > 1 for entry in lists):
                    raise IndexError("one list of one axis")
                if lists and {type(entry) for entry in lists[0]} == {int, bool}:
                    raise IndexError("numbers and truth values")
                if lists and any(isinstance(entry, int) for entry in entries):
                    result = apart(data, store, entries)
                else:
                    result = data[index if lists != [[]] else np.array([], int)]
            except failures as error:
                yield {"shape": shape, "text": text, "error": type(error).__name__}
                continue
            yield {
                "shape": shape, "text": text, "result": result.shape,
                "elements": result.ravel().tolist(),
            }


def apart(data, store, entries):
    """A list beside numbers, with the list's axis where it is."""
    if None not in entries:
        return np.asarray(store.oindex[tuple(
            np.array(entry) if isinstance(entry, list) else entry for entry in entries)])
    return data[entries]


def headers():
    """The bytes that numpy.lib.format puts before the data."""
    dtypes = [
        "bool", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8",
        "<c16", "V3",
    ]
    for dtype in dtypes:
        for shape in [(), (0,), (5,), (3, 4), (10_000_000_000, 512, 512, 3), (1,) * 32]:
            for version in [(1, 0), (2, 0), (3, 0)]:
                if dtype not in ("bool", "<f4", "V3") and version != (1, 0):
                    continue
                header = {
                    "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
                    "fortran_order": False, "shape": shape,
                }
                file = io.BytesIO()
                np.lib._format_impl._write_array_header(file, header, version)
                yield {
                    "dtype": dtype, "shape": shape, "version": version[0],
                    "hex": file.getvalue().hex(),
                }


def described(store, name):
    """What zarr-python reads out of the metadata that it wrote, and the key of the last chunk."""
    array = zarr.open_array(store, mode="r")
    meta = array.metadata
    fill = array.fill_value
    kind = array.dtype.kind
    is_plain = array.dtype.names is None
    row = {
        "file": name,
        "document": json.dumps(json.loads(store._store_dict[name].to_bytes())),
        "shape": array.shape,
        "chunks": meta.chunks if name == ".zarray" else meta.chunk_grid.chunk_shape,
        "dtype": array.dtype.name if kind in "biufcVMm" and is_plain else str(array.dtype),
        "sliceable": kind in "biufc" or kind == "V" and is_plain,
    }
    if row["sliceable"]:
        native = array.dtype.newbyteorder("<")
        value = np.zeros((), native) if fill is None else np.asarray(fill).astype(native)
        row["fill"] = value.tobytes().hex()
    last = tuple(max(-(-s // c) - 1, 0) for s, c in zip(array.shape, row["chunks"]))
    row["last"] = last
    row["key"] = meta.encode_chunk_key(last)
    return row


def zarr3():
    nan, inf = float("nan"), float("inf")
    crc = [zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]
    turned = zarr.codecs.TransposeCodec(order=(1, 0))
    return [
        dict(shape=(10, 7), chunks=(4, 3), dtype="f4", fill_value=nan),
        dict(shape=(10, 7), chunks=(4, 3), dtype=">f8", fill_value=-inf, attributes={"unit": "µm"}),
        dict(shape=(), dtype="c8", fill_value=complex(nan, 1)),
        dict(shape=(3,), dtype="c16", fill_value=complex(-inf, -0.1)),
        dict(shape=(0, 5), chunks=(1, 5), dtype="i1", fill_value=-3),
        dict(shape=(6,), chunks=(4,), dtype="bool", fill_value=True),
        dict(shape=(10_000_000_000, 512, 512, 3), chunks=(1, 512, 512, 3), dtype="u1", fill_value=255),
        dict(shape=(4,), dtype="u8", fill_value=2**64 - 1),
        dict(shape=(4,), dtype="i8", fill_value=-(2**63)),
        dict(shape=(4,), dtype="f2", fill_value=0.1),
        dict(shape=(4,), dtype="f4", fill_value=0.1),
        dict(shape=(4,), dtype="V3"),
        dict(shape=(4, 4), chunks=(2, 2), shards=(4, 4), dtype=">i2", dimension_names=["x", None]),
        dict(shape=(4, 6), chunks=(2, 3), dtype="u2", compressors=crc),
        dict(shape=(4, 6), chunks=(2, 3), dtype="u2", compressors=zarr.codecs.BloscCodec(), filters=turned),
        dict(shape=(9,), chunks=(2,), dtype="i4", chunk_key_encoding={"name": "default", "separator": "."}),
        dict(shape=(9, 9), chunks=(2, 2), dtype="i4", chunk_key_encoding={"name": "v2", "separator": "/"}),
        dict(shape=(2,), dtype="M8[ns]"),
        dict(shape=(2,), dtype="m8[10us]"),
        dict(shape=(2,), dtype="U3"),
        dict(shape=(2,), dtype="S3"),
        dict(shape=(2,), dtype=[("a", "i4"), ("b", "f8")]),
        dict(shape=(2,), dtype=str),
    ]


def zarr2():
    nan, inf = float("nan"), float("inf")
    return [
        dict(shape=(10, 7), chunks=(4, 3), dtype="f4", fill_value=nan),
        dict(shape=(10, 7), chunks=(4, 3), dtype=">f8", fill_value=-inf, order="F"),
        dict(shape=(10, 7), chunks=(4, 3), dtype=">i2", fill_value=-2,
             chunk_key_encoding={"name": "v2", "separator": "/"}),
        dict(shape=(), dtype="f8", fill_value=inf),
        dict(shape=(2,), dtype="c8", fill_value=complex(nan, 1)),
        dict(shape=(5,), dtype="bool"),
        dict(shape=(5,), dtype="u8", fill_value=2**64 - 1),
        dict(shape=(5,), dtype="f2", fill_value=65504),
        dict(shape=(2,), dtype="V3"),
        dict(shape=(2,), dtype="S3", fill_value=b"ab"),
        dict(shape=(2,), dtype="U3"),
        dict(shape=(2,), dtype="M8[ns]"),
        dict(shape=(2,), dtype=[("a", "i4"), ("b", "f8")]),
        dict(shape=(2, 3), dtype="i4", compressors=None, filters=None, fill_value=None),
    ]


def metadata():
    for options in zarr3():
        store = MemoryStore()
        zarr.create_array(store, **options)
        yield described(store, "zarr.json")
    for options in zarr2():
        store = MemoryStore()
        zarr.create_array(store, zarr_format=2, **options)
        yield described(store, ".zarray")
    # What hub 0.2.0.4 stored for HubArray(shape=(5, 7), chunk_shape=[2, 3], dtype="int16", …).
    yield {
        "file": "info.txt",
        "document": json.dumps({
            "key": "user/data/v0", "shape": [5, 7], "chunk_shape": [2, 3], "dtype": "int16",
            "protocol": "factory_object", "order": "F", "dclass": "array",
        }),
        "shape": [5, 7], "chunks": [2, 3], "dtype": "int16", "sliceable": True, "fill": "0000",
        "last": [2, 2], "key": "4-5_6-7",
    }


def spelled(value):
    """A value as JSON can say it: NaN and infinities by name, complex numbers as pairs."""
    if isinstance(value, list):
        return [spelled(inner) for inner in value]
    if isinstance(value, complex):
        return [spelled(value.real), spelled(value.imag)]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value.hex() if isinstance(value, bytes) else value


def lists():
    """What `tolist` gives of random bits of every type."""
    random = np.random.default_rng(20261122)
    dtypes = ["bool", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]
    for dtype in map(np.dtype, dtypes):
        for shape in [(), (4,), (2, 3, 2), (1, 1, 5), (40,)]:
            count = int(np.prod(shape))
            data = np.frombuffer(random.bytes(count * dtype.itemsize), dtype)
            if dtype == np.dtype(bool):
                data = random.integers(0, 2, count).astype(bool)
            elif dtype.kind == "f" and count == 40:
                info = np.finfo(dtype)
                data = data.copy()
                data[:9] = [
                    np.nan, np.inf, -np.inf, 0.1, -0.0, 1e5, info.max, info.tiny,
                    info.smallest_subnormal,
                ]
            data = data.reshape(shape)
            yield {
                "dtype": dtype.name, "shape": shape, "hex": data.tobytes().hex(),
                "list": spelled(data.tolist()),
            }


def translation():
    """The documents that zarr-python writes for one array in Zarr v2 and in Zarr v3."""
    from numcodecs import Blosc, GZip, Zstd
    from zarr import codecs as v3

    types = [
        ("bool", True), ("i1", -128), ("<i2", -7), ("<i4", 0), ("<i8", -2**63), ("u1", 255), ("<u2", 1),
        ("<u4", 2**32 - 1), ("<u8", 2**64 - 1), ("<f2", 0.1), ("<f4", 0.1), ("<f8", 0.1),
        ("<f2", np.nan), ("<f4", np.nan), ("<f8", np.nan), ("<f4", np.inf), ("<f8", -np.inf),
        ("<f8", 1e300), ("<f4", 1e-45), ("<c8", 1 - 2j), ("<c16", complex(np.nan, np.inf)),
        ("<U5", "ab"), ("S4", b"xy"), ("V3", b"abc"), ("<M8[ns]", np.datetime64(5, "ns")),
        ("<m8[25s]", np.timedelta64(-3, "25s")), ([("a", "<f4"), ("b", "<i2")], None), (str, "ab"),
    ]
    compressors = [
        (None, None), (GZip(3), v3.GzipCodec(level=3)), (Zstd(7), v3.ZstdCodec(level=7)),
        (Zstd(1, checksum=True), v3.ZstdCodec(level=1, checksum=True)),
    ] + [
        (Blosc(name, 4, number, blocksize=512), dict(
            cname=name, clevel=4, shuffle=shuffle, blocksize=512))
        for name in ("lz4", "lz4hc", "blosclz", "zstd", "zlib")
        for number, shuffle in enumerate(("noshuffle", "shuffle", "bitshuffle"))
    ]
    rows = [(dtype, fill, compressors[0], "C") for dtype, fill in types]
    rows += [("<i4", 1, compressor, order) for compressor in compressors for order in "CF"]
    for dtype, fill, (old, new), order in rows:
        dtype = dtype if dtype is str else np.dtype(dtype)
        if isinstance(new, dict):
            new = v3.BloscCodec(typesize=dtype.itemsize, **new)
        if isinstance(dtype, np.dtype) and dtype.names:
            fill = np.zeros((), dtype)[()]
        shared = {"shape": (6, 4), "chunks": (4, 3), "dtype": dtype, "fill_value": fill}
        transpose = v3.TransposeCodec(order=(1, 0)) if order == "F" else ()
        documents = []
        for options in (
            {"zarr_format": 2, "order": order, "compressors": old},
            {"zarr_format": 3, "compressors": new, "filters": transpose},
        ):
            store = MemoryStore()
            zarr.create_array(store, **shared, **options)
            name = ".zarray" if options["zarr_format"] == 2 else "zarr.json"
            documents.append(json.loads(store._store_dict[name].to_bytes()))
        yield {"v2": documents[0], "v3": documents[1]}


if __name__ == "__main__":
    write("translation.json", translation())
    write("lists.json", lists())
    write("selections.json", selections())
    write("orthogonal.json", orthogonal())
    write("headers.json", headers())
    write("metadata.json", metadata())
