"""Regions written over REST hold what NumPy's assignment would put there, and every client sees it."""

import random

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs as v3

from array_api import npy
from s3_clients import body_of
from test_array_random import cases, create, random_slice, values
from test_zarr import obstore_store

RAW = {"Content-Type": "application/octet-stream"}


def spelled(source, piece):
    """The same elements in another order of axes or bytes."""
    if source.random() < 0.4:
        piece = np.asfortranarray(piece)
    if source.random() < 0.4:
        piece = piece.astype(piece.dtype.newbyteorder(">"), order="K")
    return piece


def broadcastable(source, shape):
    """A shape that NumPy broadcasts to another."""
    kept = list(shape)
    for axis in range(len(kept)):
        if source.random() < 0.25:
            kept[axis] = 1
    while kept and source.random() < 0.2:
        kept.pop(0)
    return tuple(kept)


def write_at_random(source, api, reference, data, rounds):
    """Writes regions to an array and to its copy in memory."""
    for _ in range(rounds):
        text = random_slice(source, data.shape)
        region = eval(f"data[{text or '...'}]", {"data": data})
        native = data.dtype.newbyteorder("=")
        if source.random() < 0.3:
            piece = np.asarray(values(source, native, np.shape(region)))
            body = np.ascontiguousarray(piece).astype(native.newbyteorder("<")).tobytes()
            answer = api.send("PUT", f"data/{reference}", body, RAW, slice=text)
        else:
            piece = values(source, native, broadcastable(source, np.shape(region)))
            piece = spelled(source, np.asarray(piece))
            answer = api.send("PUT", f"data/{reference}", npy(piece), slice=text)
        assert answer.status_code == 200, (text, answer.text)
        assert answer.json()["shape"] == list(np.shape(region))
        # With dots also a single element is a region, to which arrays are broadcast.
        index = text if "..." in text else f"{text},..." if text else "..."
        exec(f"data[{index}] = piece", {"data": data, "piece": piece})


@pytest.mark.parametrize("case", cases())
def test_random_regions_of_arrays_that_zarr_made(http_server, http_api, http_bucket, case):
    source = random.Random(case + 70_000)
    store = obstore_store(http_server, http_bucket, "x:v0")
    data = np.array(create(source, store))
    write_at_random(source, http_api, f"{http_bucket}/x:v0", data, 6)
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/x:v0"), data)
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], data)


FILTERS = [
    [numcodecs.Delta("<i4")], [numcodecs.Shuffle(4)], [numcodecs.Delta("<i4"), numcodecs.Shuffle(4)],
]


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("compressor", [None, numcodecs.LZ4(), numcodecs.Zlib(1)])
def test_filters_of_numcodecs_are_written(http_server, http_api, http_bucket, filters, compressor):
    source = random.Random(5)
    store = obstore_store(http_server, http_bucket, "f")
    zarr.create_array(
        store, shape=(200, 30), chunks=(64, 16), dtype="<i4", zarr_format=2, filters=filters,
        compressors=compressor, fill_value=7)
    data = np.full((200, 30), 7, "<i4")
    write_at_random(source, http_api, f"{http_bucket}/f", data, 12)
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], data)


NUMBER_FILTERS = [
    ("<f4", [numcodecs.BitRound(9)]), ("<f8", [numcodecs.BitRound(0)]),
    ("<f2", [numcodecs.BitRound(10)]),
    ("<f8", [numcodecs.FixedScaleOffset(offset=100, scale=10, dtype="<f8", astype="<i2")]),
    ("<f4", [numcodecs.FixedScaleOffset(offset=0.5, scale=20, dtype="<f4", astype="<i4")]),
    ("<f4", [numcodecs.FixedScaleOffset(offset=0, scale=3, dtype="<f4", astype="|i1"),
             numcodecs.Delta("|i1")]),
    ("bool", [numcodecs.PackBits()]),
    ("<f2", [numcodecs.Quantize(2, "<f2")]), ("<f4", [numcodecs.Quantize(3, "<f4", "<f2")]),
    (">f8", [numcodecs.Quantize(1, ">f8", "<f4")]), ("<f8", [numcodecs.Quantize(-1, "<f8", ">f8")]),
    ("<f8", [numcodecs.AsType("<f4", "<f8")]), (">f4", [numcodecs.AsType("|i1", ">f4")]),
    ("<f8", [numcodecs.AsType(">i4", "<f8"), numcodecs.Shuffle(4)]),
    ("<i4", [numcodecs.AsType("<i2", "<i4"), numcodecs.Delta("<i2")]),
    ("<c16", [numcodecs.AsType("<c8", "<c16")]), ("|b1", [numcodecs.AsType("<u2", "|b1")]),
]


@pytest.mark.parametrize("dtype, filters", NUMBER_FILTERS, ids=str)
@pytest.mark.parametrize("shape", [(40, 30), (7, 3)])
def test_filters_on_numbers_lose_what_numcodecs_loses(
    http_server, http_api, http_bucket, dtype, filters, shape
):
    source = random.Random(3)
    stores = [obstore_store(http_server, http_bucket, name) for name in ("ours", "theirs")]
    arrays = [
        zarr.create_array(
            store, shape=shape, chunks=(16, 11), dtype=dtype, zarr_format=2, filters=filters,
            compressors=numcodecs.Zlib(1), fill_value=0)
        for store in stores
    ]
    random_numbers = np.random.default_rng(4)
    for _ in range(6):
        text = random_slice(source, shape)
        index = text if "..." in text else f"{text},..." if text else "..."
        size = eval(f"data[{index}].shape", {"data": np.empty(shape)})
        piece = random_numbers.normal(0, 8, size).astype(dtype)
        http_api.write(f"{http_bucket}/ours", text, piece)
        whole = arrays[1][...]
        exec(f"whole[{index}] = piece", {"whole": whole, "piece": piece})
        # Chunk by chunk as the server does it: what is read of a chunk is rounded once more.
        arrays[1][...] = whole
    np.testing.assert_array_equal(zarr.open_array(stores[0], mode="r")[...], arrays[1][...])
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/ours"), arrays[1][...])
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/theirs"), arrays[1][...])


LEVELS = [
    {"name": "gzip", "configuration": {"level": 9}},
    {"name": "zstd", "configuration": {"level": -5, "checksum": True}},
    {"name": "zstd", "configuration": {"level": 19, "checksum": False}},
    {"name": "blosc", "configuration": {
        "cname": "blosclz", "clevel": 9, "shuffle": "noshuffle", "typesize": 2, "blocksize": 0}},
    {"name": "blosc", "configuration": {
        "cname": "lz4hc", "clevel": 1, "shuffle": "bitshuffle", "typesize": 2, "blocksize": 512}},
    {"name": "blosc", "configuration": {
        "cname": "zlib", "clevel": 0, "shuffle": "shuffle", "typesize": 2, "blocksize": 0}},
    {"name": "crc32c"},
]


@pytest.mark.parametrize("codec", LEVELS, ids=lambda codec: str(codec))
@pytest.mark.parametrize("shards", [None, [64, 64]])
@pytest.mark.parametrize("endian", ["<", ">"])
def test_codecs_that_a_request_names(http_server, http_api, http_bucket, codec, shards, endian):
    source = random.Random(str(codec))
    reference = f"{http_bucket}/c:v1"
    members = {"shards": shards} if shards else {}
    http_api.create(
        reference, shape=[130, 70], dtype=f"{endian}u2", chunks=[32, 16], codecs=[codec],
        fill_value=3, **members)
    data = np.full((130, 70), 3, "<u2")
    write_at_random(source, http_api, reference, data, 8)
    back = zarr.open_array(obstore_store(http_server, http_bucket, "c:v1"), mode="r")
    np.testing.assert_array_equal(back[...], data)
    np.testing.assert_array_equal(http_api.data(reference), data)


@pytest.mark.parametrize("location", ["start", "end"])
def test_nested_codecs_of_a_shard(http_server, http_api, http_bucket, location):
    reference = f"{http_bucket}/s:v1"
    inner = [v3.TransposeCodec(order=(1, 0)), v3.BytesCodec(endian="big"), v3.GzipCodec(level=2)]
    sharding = v3.ShardingCodec(chunk_shape=(8, 4), codecs=inner, index_location=location)
    http_api.create(
        reference, shape=[40, 30], dtype="float32", chunks=[16, 12], fill_value="NaN",
        codecs=[sharding.to_dict(), v3.Crc32cCodec().to_dict()])
    data = np.full((40, 30), np.nan, "<f4")
    write_at_random(random.Random(1), http_api, reference, data, 10)
    back = zarr.open_array(obstore_store(http_server, http_bucket, "s:v1"), mode="r")
    np.testing.assert_array_equal(back[...], data)


def test_the_original_hub_layout_is_written(http_api, http_bucket, http_s3):
    reference = f"{http_bucket}/me/h:v0"
    created = http_api.create(
        reference, dialect="hub0", shape=[50, 20], chunks=[32, 16], dtype="int16")
    assert created["key_prefix"] == "me/h/v0/" and created["dialect"] == "hub0"
    data = np.zeros((50, 20), "<i2")
    write_at_random(random.Random(9), http_api, reference, data, 6)
    http_api.write(reference, "", data)
    # The client reads raw elements in Fortran order, of a full chunk, named by its clipped ends.
    chunk = np.frombuffer(body_of(http_s3, http_bucket, "me/h/v0/32-50_16-20"), "<i2")
    chunk = chunk.reshape((32, 16), order="F")
    np.testing.assert_array_equal(chunk[:18, :4], data[32:, 16:])


@pytest.mark.parametrize("dtype, value", [
    ("bool", True), ("complex64", 1 + 2j), ("float16", 1.5), ("uint64", 2**64 - 1),
    ("datetime64[s]", 0),
])
def test_scalars_fill_a_region(http_api, http_bucket, dtype, value):
    reference = f"{http_bucket}/t:v0"
    if dtype.startswith("datetime"):
        assert http_api.refusal(
            "PUT", f"arrays/{reference}", f'{{"shape": [4], "dtype": "{dtype}"}}'
        ) == (400, "specification_invalid")
        return
    http_api.create(reference, shape=[7, 5], dtype=dtype, chunks=[3, 3])
    answer = http_api.write(reference, "1:6:2,::-2", np.array(value, dtype))
    assert answer["chunks_written"] == 4
    want = np.zeros((7, 5), dtype)
    want[1:6:2, ::-2] = value
    np.testing.assert_array_equal(http_api.data(reference), want)


def test_bfloat16_comes_as_two_raw_bytes(http_api, http_bucket):
    reference = f"{http_bucket}/b:v0"
    http_api.create(reference, shape=[4], dtype="bfloat16")
    http_api.write(reference, "1:3", np.array([b"\x80\x3f", b"\x00\x40"], "V2"))
    assert http_api.get(f"data/{reference}", format="json").json() == [0.0, 1.0, 2.0, 0.0]


def test_an_element_at_the_far_end_of_petabytes(http_api, http_bucket):
    reference = f"{http_bucket}/test/bigarray:v0"
    created = http_api.create(reference, shape=[10_000_000_000, 512, 512, 3], dtype="uint8")
    assert created["chunks_stored"] == 0
    assert 1 << 20 <= np.prod(created["chunk_shape"]) <= 16 << 20
    assert created["chunk_shape"][3] == 3
    http_api.write(reference, "-1,-1,-1", np.array([1, 2, 3], "u1"))
    http_api.write(reference, "5000000000,0,0,0", np.array(9, "u1"))
    assert http_api.data(reference, "-1,511,510:").tolist() == [[0, 0, 0], [1, 2, 3]]
    assert http_api.data(reference, "5000000000,0,0").tolist() == [9, 0, 0]


def refusals():
    """What a region of an array of int16 and shape (6, 5) cannot take."""
    good = np.zeros((6, 5), "<i2")
    return [
        (good.astype("<i4"), {}, (422, "dtype_mismatch")),
        (good.astype("<u2"), {}, (422, "dtype_mismatch")),
        (np.zeros((5, 6), "<i2"), {}, (422, "shape_mismatch")),
        (np.zeros((6, 5, 1), "<i2"), {}, (422, "shape_mismatch")),
        (np.zeros(2, "<i2"), {"slice": "0,0"}, (422, "shape_mismatch")),
        (good, {"slice": "6"}, (400, "index_out_of_range")),
        (good, {"slice": "x"}, (400, "slice_invalid")),
        (good, {"format": "csv"}, (400, "parameter_invalid")),
        (good, {"axis": "0"}, (400, "parameter_unknown")),
    ]


@pytest.mark.parametrize("value, parameters, expected", refusals())
def test_what_does_not_fit_is_refused_and_changes_nothing(
    http_api, http_bucket, value, parameters, expected
):
    reference = f"{http_bucket}/r:v0"
    http_api.create(reference, shape=[6, 5], dtype="int16")
    assert http_api.refusal("PUT", f"data/{reference}", npy(value), **parameters) == expected
    assert http_api.document(f"arrays/{reference}")["chunks_stored"] == 0


def broken_files():
    whole = npy(np.zeros((6, 5), "<i2"))
    head = whole[:128]
    return [
        (b"", "npy_invalid"), (b"hello", "npy_invalid"), (b"\x93NUMPY", "npy_invalid"),
        (whole[:-1], "body_length"), (whole + b"\0", "body_length"),
        (whole[:6] + b"\x09" + whole[7:], "npy_invalid"),
        (whole[:8] + b"\xff\xff" + whole[10:], "npy_invalid"),
        (head.replace(b"(6, 5)", b"(6,-5)") + whole[128:], "npy_invalid"),
        (head.replace(b"'<i2'", b"'|O2'") + whole[128:], "npy_invalid"),
        (head.replace(b"False", b"Maybe") + whole[128:], "npy_invalid"),
        (head.replace(b"'shape'", b"'shade'") + whole[128:], "npy_invalid"),
    ]


@pytest.mark.parametrize("body, code", broken_files())
def test_broken_files_are_refused(http_api, http_bucket, body, code):
    reference = f"{http_bucket}/n:v0"
    http_api.create(reference, shape=[6, 5], dtype="int16")
    assert http_api.refusal("PUT", f"data/{reference}", body) == (400, code)


def test_raw_elements_must_be_exactly_as_many(http_api, http_bucket):
    reference = f"{http_bucket}/n:v0"
    http_api.create(reference, shape=[6, 5], dtype="int16")
    for length in (0, 59, 61):
        assert http_api.refusal(
            "PUT", f"data/{reference}", b"x" * length, RAW
        ) == (400, "body_length")
    assert http_api.send("PUT", f"data/{reference}", b"x" * 60, RAW).status_code == 200


def test_more_than_one_write_takes_is_refused_with_the_limit(http_api, http_bucket):
    reference = f"{http_bucket}/l:v0"
    http_api.create(reference, shape=[1 << 40], dtype="float64", chunks=[1 << 17])
    header = npy(np.zeros(1, "<f8"))[:128].replace(b"(1,)", b"(99999999,)")[:128]
    assert http_api.send("PUT", f"data/{reference}", header.replace(
        b"(99999999,)", b"(9223372036854775807, 9223372036854775807)")[:128]).status_code == 413
    answer = http_api.send("PUT", f"data/{reference}", header)
    assert answer.status_code == 413 and answer.json()["limit_bytes"] == 256 << 20
    answer = http_api.send("PUT", f"data/{reference}", npy(np.float64(1)), slice="::131072")
    assert answer.status_code == 413 and answer.json()["limit_chunks"] == 16_000


def test_what_is_stored_and_damaged_is_told(http_api, http_bucket, http_s3):
    reference = f"{http_bucket}/d:v0"
    http_api.create(reference, shape=[8], dtype="int16", chunks=[8])
    http_s3.put_object(Bucket=http_bucket, Key="d:v0/c/0", Body=b"no zstd")
    assert http_api.refusal(
        "PUT", f"data/{reference}", npy(np.int16(1)), slice="0"
    ) == (422, "chunk_corrupt")
    # The whole chunk is written over what was there.
    http_api.write(reference, "", np.arange(8, dtype="i2"))
    assert http_api.data(reference).tolist() == list(range(8))


def test_who_may_not_write_is_refused(http_api, http_bucket, second_keys):
    from array_api import ArrayAPI

    reference = f"{http_bucket}/p:v0"
    http_api.create(reference, shape=[4], dtype="int8")
    body = npy(np.zeros(4, "i1"))
    for keys, status in ((second_keys, 403), ((), 401)):
        other = ArrayAPI(http_api.server, keys)
        for method, path, sent in (
            ("PUT", f"data/{reference}", body), ("POST", f"append/{reference}", body),
            ("PUT", f"arrays/{http_bucket}/q:v0", b"{}"), ("PATCH", f"arrays/{reference}", b"{}"),
            ("DELETE", f"arrays/{reference}", b""),
        ):
            assert other.refusal(method, path, sent)[0] == status, (method, path)
    assert http_api.document(f"arrays/{reference}")["shape"] == [4]
