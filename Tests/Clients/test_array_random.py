"""Random arrays, written by zarr-python: every region and statistic equals NumPy's.

Seeded: the case's number names the array. $NAVE_RANDOM_ARRAYS asks for more or others, as a range
such as 1000-3000.
"""

import math
import os
import random

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs as v3
import zarr.codecs.numcodecs as n3

from test_zarr import obstore_store

COMPARISONS = 24
TYPES = [
    "bool", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8",
    "<c16", ">i2", ">u2", ">i4", ">u8", ">f2", ">f4", ">f8", ">c8",
]
SPECIAL_FLOATS = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-8, 65504.0]


def cases():
    first, _, last = os.environ.get("NAVE_RANDOM_ARRAYS", "0-240").partition("-")
    return range(int(first), int(last))


def values(source, dtype, shape):
    """Elements that try the whole range of a type, or a narrow part of it."""
    random_numbers = np.random.default_rng(source.randrange(2**32))
    native = dtype.newbyteorder("=")
    if dtype.kind == "b":
        return random_numbers.random(shape) < source.random()
    if dtype.kind in "iu":
        limits = np.iinfo(native)
        low, high = source.choice([(limits.min, limits.max), (0, 100), (limits.max - 3, limits.max)])
        return random_numbers.integers(low, high, shape, native, endpoint=True)
    spread = source.choice([1.0, 1e-3, 1000.0])
    data = random_numbers.normal(source.choice([0.0, 5.0, 1000.0]), spread, shape)
    if dtype.kind == "c":
        data = data + 1j * random_numbers.normal(0.0, spread, shape)
    data = np.asarray(data.astype(native))
    if data.size and source.random() < 0.25:
        for _ in range(source.randint(1, 3)):
            place = tuple(source.randrange(extent) for extent in data.shape)
            data[place] = source.choice(SPECIAL_FLOATS)
    return data


def fill_value(source, dtype):
    if source.random() < 0.4:
        return None
    one = values(source, dtype, ()).astype(dtype.newbyteorder("="))[()]
    if dtype.kind == "f" and source.random() < 0.4:
        return dtype.type(source.choice(SPECIAL_FLOATS))
    return one


def codecs_of_version_3(source, dtype, axes):
    options = {}
    if axes and source.random() < 0.4:
        order = list(range(axes))
        source.shuffle(order)
        options["filters"] = v3.TransposeCodec(order=tuple(order))
    options["serializer"] = v3.BytesCodec(endian=source.choice(["little", "big"]))
    options["compressors"] = source.choice([
        None, v3.GzipCodec(level=1), v3.ZstdCodec(level=1), v3.ZstdCodec(level=1, checksum=True),
        v3.Crc32cCodec(), [v3.ZstdCodec(level=1), v3.Crc32cCodec()],
        v3.BloscCodec(cname="lz4", shuffle="shuffle", typesize=dtype.itemsize),
        v3.BloscCodec(cname="zstd", shuffle="bitshuffle", typesize=dtype.itemsize),
        n3.BZ2(level=1), n3.LZMA(preset=0),
    ])
    return options


def codecs_of_version_2(source):
    return {
        "order": source.choice("CF"),
        "compressors": source.choice([
            None, numcodecs.Zlib(1), numcodecs.GZip(1), numcodecs.Zstd(1),
            numcodecs.Blosc("lz4", shuffle=numcodecs.Blosc.SHUFFLE),
            numcodecs.Blosc("zlib", shuffle=numcodecs.Blosc.BITSHUFFLE),
            numcodecs.BZ2(1), numcodecs.LZMA(preset=0),
        ]),
        "chunk_key_encoding": {"name": "v2", "separator": source.choice("./")},
    }


def create(source, store):
    """A random array on the server, some of its chunks written, and what it holds."""
    dtype = np.dtype(source.choice(TYPES))
    axes = source.choice([0, 1, 1, 2, 2, 3, 3, 4])
    longest = [1, 60, 25, 12, 7][axes]
    shape = tuple(
        0 if source.random() < 0.02 else source.randint(1, longest) for _ in range(axes)
    )
    chunks = tuple(source.randint(max(1, extent // 4), extent + 2) for extent in shape)
    options = {"fill_value": fill_value(source, dtype)}
    zarr_format = source.choice([2, 3, 3])
    if zarr_format == 2:
        options |= codecs_of_version_2(source)
    else:
        options |= codecs_of_version_3(source, dtype, axes)
        options["chunk_key_encoding"] = source.choice([
            {"name": "default", "separator": "/"}, {"name": "default", "separator": "."},
            {"name": "v2", "separator": "."}, {"name": "v2", "separator": "/"}])
        if axes and source.random() < 0.3:
            options["shards"] = tuple(extent * source.randint(1, 2) for extent in chunks)
    options["config"] = {"write_empty_chunks": source.random() < 0.5}
    array = zarr.create_array(
        store, shape=shape, chunks=chunks, dtype=dtype, zarr_format=zarr_format, **options)
    data = np.asarray(array[...])
    for _ in range(source.randint(0, 3)):
        box = tuple(
            slice(*sorted((source.randint(0, extent), source.randint(0, extent))))
            for extent in shape
        ) if source.random() < 0.7 else tuple(slice(0, extent) for extent in shape)
        piece = values(source, dtype, data[box].shape)
        if piece.size:
            array[box if box else ...] = piece
    return np.asarray(array[...])


def random_slice(source, shape):
    parts = []
    for extent in shape[: source.randint(0, len(shape))]:
        if extent and source.random() < 0.25:
            parts.append(str(source.randrange(-extent, extent)))
            continue
        ends = [source.choice(["", source.randint(-extent - 3, extent + 3)]) for _ in "ab"]
        step = source.choice(["", ":", ":-1", ":2", ":-3", f":{extent + 5}", f":{-extent - 1}"])
        parts.append(f"{ends[0]}:{ends[1]}{step}")
    if len(parts) < len(shape) and source.random() < 0.4:
        parts.insert(source.randint(0, len(parts)), "...")
        # Indices behind the dots count from the last axis.
        dots = parts.index("...")
        behind = len(parts) - dots - 1
        for offset in range(behind):
            extent = shape[len(shape) - behind + offset]
            parts[dots + 1 + offset] = f"{source.randint(-extent - 1, extent + 1)}::-1"
    return ",".join(parts)


def number(value):
    """A value of a statistic as a Python number."""
    if isinstance(value, list):
        return complex(number(value[0]), number(value[1]))
    return float(value) if isinstance(value, str) else value


def close(got, want, size):
    """Whether a sum of rounded numbers is as near to the exact one as double precision allows."""
    if isinstance(want, complex):
        return close(got.real, want.real, size) and close(got.imag, want.imag, size)
    if math.isnan(want) or math.isinf(want):
        return got == want or (math.isnan(got) and math.isnan(want))
    return abs(got - want) <= 1e-12 * size + 1e-300


def check_statistics(api, reference, text, data):
    is_complex = data.dtype.kind == "c"
    if is_complex and not np.isfinite(data).all():
        # NumPy divides complex numbers by complex arithmetic, which makes NaN of an infinite part.
        return
    operations = "sum,mean,std" if is_complex else "sum,mean,std,min,max"
    answer = api.statistics(reference, text, op=operations)
    assert answer["count"] == data.size, text
    got = {name: number(value) for name, value in answer["statistics"].items()}
    exact = data.astype("c16" if is_complex else "f8")
    with np.errstate(all="ignore"):
        size = float(np.abs(exact).sum()) + 1.0
        if data.dtype.kind in "biu":
            assert got["sum"] == int(data.sum()), text
        else:
            assert close(got["sum"], exact.sum().item(), size), (text, got["sum"], exact.sum())
        if not data.size:
            return
        # The mean of wide integers is exact on the server; rounding a part is NumPy's.
        assert close(got["mean"], exact.mean().item(), size / data.size), text
        largest = float(np.abs(exact).max())
        assert close(got["std"], exact.std().item(), largest * 1e3 + 1), (
            text, got["std"], exact.std())
    if not is_complex:
        for name, want in (("min", data.min()), ("max", data.max())):
            assert got[name] == want or (np.isnan(got[name]) and np.isnan(want)), (text, name)


@pytest.mark.parametrize("case", cases())
def test_regions_and_statistics_of_a_random_array_equal_numpys(
    http_server, http_api, http_bucket, case
):
    source = random.Random(case)
    data = create(source, obstore_store(http_server, http_bucket, "x:v0"))
    reference = f"{http_bucket}/x:v0"
    for round_number in range(COMPARISONS):
        text = random_slice(source, data.shape) if round_number else ""
        want = eval(f"data[{text or '...'}]", {"data": data})
        if round_number % 4 == 3:
            check_statistics(http_api, reference, text, np.asarray(want))
            continue
        got = http_api.data(reference, text)
        assert got.dtype == want.dtype.newbyteorder("<"), text
        assert got.shape == want.shape, text
        wanted = np.asarray(want).astype(got.dtype)
        assert got.tobytes() == wanted.tobytes(), (text, got, wanted)
