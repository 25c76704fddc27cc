#!/usr/bin/env python3
"""Writes the array fixtures with the reference implementations of the formats.

    pip install numpy zarr numcodecs
    python3 generate.py

`chunks.json` holds single chunks: the metadata document, the stored bytes as the library wrote them,
and the elements as NumPy has them (C order, little-endian). `arrays.json` holds whole small arrays as
keys, and what NumPy answers to slices and reductions over them. `codecs.json` holds chunks like
`chunks.json`, in codecs of numcodecs; `filters.json` what its filters on numbers make of numbers.
"""
import base64
import json
import lzma
import math
import os
import pathlib
import time

import numcodecs
import numpy as np
import zarr
from zarr import codecs as z3
from zarr.codecs import numcodecs as n3

# gzip writes the time into its header.
time.time = lambda: 0
HERE = pathlib.Path(__file__).parent
SHAPE = (3, 4, 5)
RANDOM = np.random.default_rng(20261122)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def little(values):
    values = np.asarray(values)
    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes()


def sample(dtype, shape=SHAPE):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return RANDOM.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = RANDOM.integers(info.min, info.max, shape, dtype=dtype.newbyteorder("="), endpoint=True)
        # Runs, so that compressors have something to do.
        values[..., 2:] = values[..., :1]
        return values.astype(dtype)
    if dtype.kind == "f":
        return (RANDOM.standard_normal(shape) * 100).astype(dtype)
    if dtype.kind == "c":
        return (RANDOM.standard_normal(shape) + 1j * RANDOM.standard_normal(shape)).astype(dtype)
    if dtype.kind == "V":
        raw = RANDOM.integers(0, 256, tuple(shape) + (dtype.itemsize,), dtype="u1")
        return raw.view(dtype).reshape(shape)
    raise ValueError(dtype)


def keys_of(store):
    return {key: value.to_bytes() for key, value in store._store_dict.items()}


def written(values, chunks, **options):
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(
        store=store, shape=values.shape, chunks=chunks, dtype=values.dtype, **options)
    array[...] = values
    # The reader that wrote it must agree before anybody else is asked to.
    assert np.array_equal(np.asarray(array[...]), values, equal_nan=values.dtype.kind in "fc")
    return keys_of(store)


def chunk_fixture(name, values, **options):
    keys = written(values, values.shape, **options)
    document = "zarr.json" if "zarr.json" in keys else ".zarray"
    chunk = [key for key in keys if key not in ("zarr.json", ".zarray", ".zattrs")]
    assert len(chunk) == 1, keys.keys()
    return {
        "name": name, "file": document, "metadata": json.dumps(json.loads(keys[document])),
        "stored": text(keys[chunk[0]]), "expected": text(little(values)),
    }


def hub_metadata(values, chunk_shape):
    return json.dumps({
        "shape": values.shape, "chunk_shape": chunk_shape, "dtype": values.dtype.name, "key": "u/d/t",
        "protocol": "s3", "order": "F", "dclass": "array",
    })


DTYPES = ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


def chunk_fixtures():
    for kind in DTYPES:
        for order in "<>" if np.dtype(kind).itemsize > 1 else "<":
            endian = "little" if order == "<" else "big"
            values = sample(kind)
            yield chunk_fixture(
                f"v3 {kind} {endian} transposed", values, zarr_format=3,
                filters=[z3.TransposeCodec(order=(1, 2, 0))],
                serializer=z3.BytesCodec(endian=endian), compressors=[z3.ZstdCodec(level=3)])
            for memory in "CF":
                yield chunk_fixture(
                    f"v2 {kind} {endian} {memory}", values.astype(np.dtype(kind).newbyteorder(order)),
                    zarr_format=2, order=memory, compressors=None, filters=None)
    yield chunk_fixture("v2 raw bits", sample("V3"), zarr_format=2, compressors=None, filters=None)
    values = sample("i4")
    steps = {
        "none": [], "gzip": [z3.GzipCodec(level=5)], "zstd": [z3.ZstdCodec(level=1)],
        "zstd checksum": [z3.ZstdCodec(level=1, checksum=True)], "crc32c": [z3.Crc32cCodec()],
        "gzip crc32c": [z3.GzipCodec(level=1), z3.Crc32cCodec()],
        "crc32c zstd": [z3.Crc32cCodec(), z3.ZstdCodec(level=1)],
        "gzip zstd blosc": [z3.GzipCodec(level=1), z3.ZstdCodec(level=1), z3.BloscCodec()],
    }
    for name, compressors in steps.items():
        yield chunk_fixture(f"v3 chain {name}", values, zarr_format=3, compressors=compressors)
    for kind in ("u1", "f4", "f8"):
        for compressor in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
            for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
                yield chunk_fixture(
                    f"v3 {kind} blosc {compressor} {shuffle}", sample(kind, (8, 8, 16)), zarr_format=3,
                    compressors=[z3.BloscCodec(cname=compressor, shuffle=shuffle, clevel=5)])
    for name, compressor in {
        "zlib": numcodecs.Zlib(6), "gzip": numcodecs.GZip(6), "zstd": numcodecs.Zstd(6),
        "blosc": numcodecs.Blosc("lz4", 5, 1), "lz4": numcodecs.LZ4(),
    }.items():
        for memory in "CF":
            yield chunk_fixture(
                f"v2 {name} {memory}", sample("u2", (8, 8, 8)), zarr_format=2, order=memory,
                compressors=compressor, filters=None)
    for name, filters in {
        "shuffle": [numcodecs.Shuffle(elementsize=4)], "delta": [numcodecs.Delta(dtype="<i4")],
        "delta shuffle": [numcodecs.Delta(dtype="<i4"), numcodecs.Shuffle(elementsize=4)],
    }.items():
        for memory in "CF":
            yield chunk_fixture(
                f"v2 filter {name} {memory}", sample("<i4"), zarr_format=2, order=memory,
                compressors=numcodecs.Zlib(1), filters=filters)
    for kind in ("u1", "f4", "f8"):
        values = sample(kind)
        # As `hub` 0.2.0.4 encodes a chunk, `hub/marray/array.py`: `chunk.tostring('F')`.
        yield {
            "name": f"hub {kind}", "file": "info.txt", "metadata": hub_metadata(values, values.shape),
            "stored": text(values.tobytes("F")), "expected": text(little(values)),
        }
    for location in ("start", "end"):
        for name, inner in {
            "plain": [], "gzip": [z3.GzipCodec(level=1)], "blosc crc32c": [z3.BloscCodec(), z3.Crc32cCodec()],
        }.items():
            values = sample("i2", (4, 6, 8))
            values[:2, :3] = 0
            sharding = z3.ShardingCodec(
                chunk_shape=(2, 3, 4), codecs=[z3.BytesCodec(), *inner], index_location=location)
            yield chunk_fixture(
                f"v3 shard {name} {location}", values, zarr_format=3, serializer=sharding, compressors=None)
    values = sample("f4", (4, 6, 8))
    yield chunk_fixture(
        "v3 shard transposed zstd", values, zarr_format=3, filters=[z3.TransposeCodec(order=(2, 0, 1))],
        serializer=z3.ShardingCodec(
            chunk_shape=(4, 2, 2),
            codecs=[z3.TransposeCodec(order=(1, 2, 0)), z3.BytesCodec(endian="big")]),
        compressors=[z3.ZstdCodec(level=1)])


def lossy_fixture(name, values, **options):
    """A chunk whose writer keeps less than all of its elements: what is expected is what it reads."""
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(
        store=store, shape=values.shape, chunks=values.shape, dtype=values.dtype, **options)
    array[...] = values
    keys = keys_of(store)
    document = "zarr.json" if "zarr.json" in keys else ".zarray"
    chunk, = (key for key in keys if key not in ("zarr.json", ".zarray", ".zattrs"))
    return {
        "name": name, "file": document, "metadata": json.dumps(json.loads(keys[document])),
        "stored": text(keys[chunk]), "expected": text(little(array[...])),
    }


# The containers of numcodecs.LZMA with all that it takes: checks, presets and chains of filters.
LZMA1, LZMA2, DELTA, X86 = lzma.FILTER_LZMA1, lzma.FILTER_LZMA2, lzma.FILTER_DELTA, lzma.FILTER_X86
LZMA = {
    "xz": {}, "xz none": {"check": lzma.CHECK_NONE}, "xz crc32": {"check": lzma.CHECK_CRC32, "preset": 0},
    "xz sha256": {"check": lzma.CHECK_SHA256, "preset": 9 | lzma.PRESET_EXTREME},
    "alone": {"format": lzma.FORMAT_ALONE}, "alone 9": {"format": lzma.FORMAT_ALONE, "preset": 9},
    "raw": {"format": lzma.FORMAT_RAW, "filters": [{"id": LZMA2}]},
    "raw first": {"format": lzma.FORMAT_RAW, "filters": [{"id": LZMA1, "preset": 9}]},
    "raw delta": {"format": lzma.FORMAT_RAW, "filters": [{"id": DELTA, "dist": 4}, {"id": LZMA2, "preset": 1}]},
    "raw x86 delta": {"format": lzma.FORMAT_RAW, "filters": [
        {"id": X86}, {"id": DELTA}, {"id": LZMA2, "dict_size": 1 << 16, "lc": 1, "lp": 2, "pb": 0, "nice_len": 64,
                                     "mode": lzma.MODE_FAST, "mf": lzma.MF_HC4, "depth": 5}]},
}


def numcodecs_fixtures():
    """Codecs of numcodecs under the name that either version of Zarr gives them."""
    values = sample("i4", (4, 6, 8))
    for name, options in LZMA.items():
        yield chunk_fixture(
            f"v2 lzma {name}", values, zarr_format=2, compressors=numcodecs.LZMA(**options), filters=None)
        yield chunk_fixture(f"v3 lzma {name}", values, zarr_format=3, compressors=[n3.LZMA(**options)])
    for level in (1, 9):
        yield chunk_fixture(
            f"v2 bz2 {level}", values, zarr_format=2, compressors=numcodecs.BZ2(level), filters=None, order="F")
        yield chunk_fixture(f"v3 bz2 {level}", values, zarr_format=3, compressors=[n3.BZ2(level=level)])
    yield chunk_fixture(
        "v3 shard bz2", values, zarr_format=3, compressors=None, serializer=z3.ShardingCodec(
            chunk_shape=(1, 2, 2), codecs=[z3.BytesCodec(), n3.BZ2(level=1)]))
    for kind in ("f2", "f4", "f8"):
        for order in "<>":
            dtype = np.dtype(kind).newbyteorder(order)
            for stored in (dtype, np.dtype("<f4"), np.dtype(">f4")):
                yield lossy_fixture(
                    f"v2 quantize {dtype.str} {stored.str}", sample(dtype), zarr_format=2, compressors=None,
                    filters=[numcodecs.Quantize(2, dtype.str, stored.str)])
    yield lossy_fixture("v3 quantize", sample("f4"), zarr_format=3, filters=[n3.Quantize(digits=3)])
    yield lossy_fixture(
        "v3 quantize astype", sample("f8"), zarr_format=3,
        filters=[n3.Quantize(digits=1), n3.AsType(encode_dtype="float32", decode_dtype="float64")])
    for stored, endian in (("float32", "little"), (">f4", "big"), ("int8", "little")):
        yield lossy_fixture(
            f"v3 astype {stored}", sample("f8"), zarr_format=3, serializer=z3.BytesCodec(endian=endian),
            filters=[n3.AsType(encode_dtype=stored)])
    yield lossy_fixture(
        "v3 bitround big", sample("f4"), zarr_format=3, serializer=z3.BytesCodec(endian="big"),
        filters=[n3.BitRound(keepbits=5)])
    yield lossy_fixture(
        "v3 fixedscaleoffset", sample("f8"), zarr_format=3,
        filters=[n3.FixedScaleOffset(offset=3, scale=10, dtype="float64", astype="int16")])
    yield lossy_fixture(
        "v3 transpose astype", sample("f8"), zarr_format=3, compressors=[n3.LZMA()],
        filters=[n3.AsType(encode_dtype="f4", decode_dtype="f8"), z3.TransposeCodec(order=(2, 0, 1))])
    yield lossy_fixture(
        "v3 shard astype", sample("i2", (4, 6, 8)), zarr_format=3, compressors=None,
        serializer=z3.ShardingCodec(chunk_shape=(1, 2, 2), codecs=[
            n3.AsType(encode_dtype="<i8", decode_dtype="<i2"), z3.BytesCodec(), n3.LZMA()]))
    for dtype, stored in (("<i8", "<i4"), (">i4", "<i2"), (">f8", ">f4"), ("<f4", ">f8"), ("<u2", "|u1"),
                          ("|u1", "<i4"), ("|b1", "<f4"), ("<c16", "<c8"), (">c8", ">c16")):
        yield lossy_fixture(
            f"v2 astype {dtype} {stored}", sample(dtype), zarr_format=2, order="F",
            compressors=numcodecs.BZ2(1), filters=[numcodecs.AsType(stored, dtype)])


CASTS = ["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]
EDGES = [0, -0.0, 0.5, -0.5, 1, -1, 1.5, 2.5, 127, 128, 255, 256, 300.7, -300.2, 32767, 32768, 65504, 65519, 65520,
         70000, -70000, 2**24 + 1, 3e9, -3e9, 5e9, 2.0**31, 2.0**32, 2.0**53, 9.3e18, 1.8e19, 2.0**63, 2.0**64, 1e30,
         -1e30, 1e-3, 6e-8, 3e-8, 2e-8, -1e-40, 1e-310, 3.4e38, 3.5e38, np.nan, np.inf, -np.inf]


def edges(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return np.concatenate([np.array(EDGES).astype(dtype), sample(dtype, (20,))])
    if dtype.kind == "b":
        return np.array([True, False, True])
    info = np.iinfo(dtype)
    near = [value for value in (0, 1, 2, 127, 128, 255, 256, 2049, 2051, 65519, 65520, 2**24 + 1, 2**24 + 3,
                                2**53 + 1, 2**53 + 3, info.max, info.max - 1) if value <= info.max]
    near += [-value for value in near if info.min < 0] + [info.min]
    return np.concatenate([np.array(near, dtype), sample(dtype, (20,))])


def cast_fixtures():
    for dtype in CASTS:
        for stored in CASTS:
            values = edges(dtype)
            cast = numcodecs.AsType(stored, dtype)
            yield {"decode_dtype": dtype, "encode_dtype": stored, "elements": text(values),
                   "stored": text(cast.encode(values)), "decoded": text(cast.decode(cast.encode(values)))}


def quantize_fixtures():
    for dtype in ("<f2", "<f4", "<f8", ">f4"):
        for digits in (-2, 0, 1, 3, 6, 15):
            for stored in (dtype, "<f2", ">f8"):
                values = edges(np.dtype(dtype).newbyteorder("<"))
                ties = (np.arange(-8, 9) + 0.5) * 2.0 ** -np.ceil(np.log2(10.0**digits))
                values = np.concatenate([values, ties, sample("<f8", (40,))]).astype(dtype)
                codec = numcodecs.Quantize(digits, dtype, stored)
                encoded = codec.encode(values)
                yield {"digits": digits, "dtype": dtype, "astype": stored, "elements": text(values.tobytes()),
                       "stored": text(encoded.tobytes()), "decoded": text(codec.decode(encoded).tobytes())}


def quantize_scale(digits):
    """The exponent of the power of two by which numcodecs 0.16 scales (`quantize.py`); None where it fails."""
    try:
        exponent = math.log10(10.0**-digits)
        exponent = math.floor(exponent) if exponent < 0 else math.ceil(exponent)
        bits = math.ceil(math.log2(10.0**-exponent))
        assert 2.0**bits
    except (OverflowError, ValueError):
        return None
    return bits


def filter_fixtures():
    with np.errstate(all="ignore"):
        return {"casts": list(cast_fixtures()), "quantizations": list(quantize_fixtures()),
                "scales": {digits: quantize_scale(digits) for digits in range(-330, 331)}}


def number(value):
    """A statistic as JSON: integers exactly, as text; floats by repr."""
    return str(int(value)) if isinstance(value, (int, np.integer, np.bool_)) else repr(float(value))


def statistics(values):
    if values.dtype.kind in "c" or values.size == 0:
        return None
    # NumPy's own rounding of narrow floats is not the reference; its double precision is.
    wide = values.astype("f8") if values.dtype.kind == "f" else values
    with np.errstate(all="ignore"):
        return {
            "count": str(values.size), "sum": number(wide.sum()), "mean": number(np.mean(wide, dtype="f8")),
            # In extended precision: beside a large mean double precision loses digits.
            "std": number(np.std(wide.astype("longdouble" if values.dtype.kind == "f" else "f8"))), "min": number(values.min()), "max": number(values.max()),
        }


def answers(values, slices):
    for slice_text in slices:
        part = eval(f"values[{slice_text}]", {"values": values})
        yield {
            "slice": slice_text, "shape": list(np.shape(part)), "expected": text(little(part)),
            "statistics": statistics(np.asarray(part)),
        }


SLICES = [
    "...", "0", "-1", "1:3", "::2", "::-1", "2:9, 1:5", "..., 1", "1, ..., ::-2", "3:3", "5:2", "1:8:3, ::-1",
    "-3:, -2", "7, 3",
]


def array_fixture(name, values, chunks, absent=(), **options):
    keys = written(values, chunks, **options)
    values = values.copy()
    for key, box, fill in absent:
        del keys[key]
        values[box] = fill
    return {
        "name": name, "keys": {key: text(value) for key, value in keys.items()},
        "answers": list(answers(values, SLICES)),
    }


def hub_array(name, values, chunk_shape):
    keys = {"info.txt": text(hub_metadata(values, chunk_shape).encode())}
    for at in np.ndindex(*[-(-n // c) for n, c in zip(values.shape, chunk_shape)]):
        lower = [k * c for k, c in zip(at, chunk_shape)]
        upper = [min(a + c, n) for a, c, n in zip(lower, chunk_shape, values.shape)]
        box = tuple(slice(a, b) for a, b in zip(lower, upper))
        chunk = np.zeros(chunk_shape, values.dtype, order="F")
        chunk[tuple(slice(0, b - a) for a, b in zip(lower, upper))] = values[box]
        if chunk.any():
            key = "_".join(f"{a}-{b}" for a, b in zip(lower, upper))
            keys[key] = text(chunk.tobytes("F"))
    return {"name": name, "keys": keys, "answers": list(answers(values, SLICES))}


def array_fixtures():
    shape, chunks = (10, 7, 3), (4, 3, 2)
    for kind in ("bool", "i1", "u1", "i4", "u8", "f4", "f8", "c8"):
        yield array_fixture(
            f"v3 {kind}", sample(kind, shape), chunks, zarr_format=3, compressors=[z3.BloscCodec()])
    values = sample("i8", shape)
    yield array_fixture(
        "v2 big-endian F", values.astype(">i8"), chunks, zarr_format=2, order="F",
        compressors=numcodecs.Zlib(1), filters=None)
    values = sample("f2", shape)
    values[5, 2, 1] = np.nan
    yield array_fixture("v3 half with NaN", values, chunks, zarr_format=3, compressors=[])
    values = sample("f8", shape)
    values[2, 2, 2] = np.inf
    yield array_fixture("v3 infinity", values, chunks, zarr_format=3, compressors=[z3.GzipCodec()])
    yield array_fixture(
        "v3 absent chunks", sample("i2", shape), chunks,
        [("c/0/0/0", np.s_[0:4, 0:3, 0:2], 42), ("c/2/2/1", np.s_[8:, 6:, 2:], 42)],
        zarr_format=3, compressors=[z3.ZstdCodec()], fill_value=42)
    yield array_fixture(
        "v2 absent chunks", sample("f4", shape), chunks, [("1.1.0", np.s_[4:8, 3:6, 0:2], -1.5)],
        zarr_format=2, compressors=None, filters=None, fill_value=-1.5)
    values = sample("u1", shape)
    values[4:8] = 0
    yield hub_array("hub u1", values, chunks)
    yield hub_array("hub f8", sample("f8", shape), chunks)
    values = (sample("f8", shape) * 1e-3 + 1e9)
    yield array_fixture("v3 large mean", values, chunks, zarr_format=3, compressors=[])
    values = np.full(shape, np.iinfo("i8").max, "i8")
    yield array_fixture("v3 wrapping sum", values, chunks, zarr_format=3, compressors=[])
    values = sample("i4", shape)
    sharding = z3.ShardingCodec(chunk_shape=(2, 1, 2), codecs=[z3.BytesCodec(), z3.ZstdCodec()])
    yield array_fixture(
        "v3 shards", values, (4, 3, 2), zarr_format=3, serializer=sharding, compressors=None)


def write(name, rows):
    rows = list(rows)
    path = HERE / name
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(name, len(rows), "rows", os.path.getsize(path), "bytes")


write("chunks.json", chunk_fixtures())
write("arrays.json", array_fixtures())
# After the others, so that their random numbers stay what they are.
write("codecs.json", numcodecs_fixtures())
(HERE / "filters.json").write_text(json.dumps(filter_fixtures()) + "\n")
