"""Regions and statistics: every answer equals what NumPy says of the same data.

The data is written by the arrays' own clients, and compared with the NumPy array that it came from.
"""

import json
import math
import random

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs as v3

from array_api import ArrayAPI
from signing import exchange, presign, send
from test_zarr import obstore_store

SHAPE, CHUNKS = (11, 7, 5), (4, 3, 5)
SLICES = [
    "", ":", "...", "0", "-1", "0,0,0", "-11,-7,-5", "1:3", "2:9:3", "::-1", "...,::-1",
    "::-2,1:6:2,::-3", "10:2:-3,...,-1", "5:5", "8:2", "100:200", "-100:100", "0:11,3", "...,2",
    "3,...,4", ":,:,:", "1:-1,1:-1,1:-1", "0:10:4 , 6", "...,0:0", "[2:4, 1]", "9:4:-1,-2:,...",
]


def expected(data, text):
    """What NumPy's own indexing gives for the text."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    return eval(f"data[{inner or '...'}]", {"data": data})


def seeded_slices(shape, count=25):
    source = random.Random(9)
    for _ in range(count):
        parts = []
        for extent in shape[: source.randint(1, len(shape))]:
            if source.random() < 0.25:
                parts.append(str(source.randrange(-extent, extent)))
                continue
            ends = [source.choice(["", source.randint(-extent - 3, extent + 3)]) for _ in "ab"]
            step = source.choice(["", ":", ":-1", ":2", ":-3", f":{extent + 5}"])
            parts.append(f"{ends[0]}:{ends[1]}{step}")
        yield ",".join(parts)


def sample(dtype, shape=SHAPE):
    dtype = np.dtype(dtype)
    source = np.random.default_rng(4)
    if dtype.kind == "b":
        return source.random(shape) < 0.5
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return source.integers(
            limits.min, limits.max, shape, dtype.newbyteorder("="), endpoint=True).astype(dtype)
    if dtype.kind == "c":
        return (source.normal(size=shape) + 1j * source.normal(size=shape)).astype(dtype)
    return source.normal(size=shape).astype(dtype)


def write(server, bucket, path, data, zarr_format=3, chunks=CHUNKS, **options):
    array = zarr.create_array(
        obstore_store(server, bucket, path), shape=data.shape, chunks=chunks, dtype=data.dtype,
        zarr_format=zarr_format, **options)
    array[...] = data
    return array


def compare(api, reference, data, slices):
    for text in slices:
        got, want = api.data(reference, text), expected(data, text)
        assert got.dtype == want.dtype.newbyteorder("<"), text
        assert got.shape == want.shape, text
        np.testing.assert_array_equal(got, want, err_msg=text)


def test_every_slice_equals_numpys(server, api, bucket):
    data = sample("<i4")
    write(server, bucket, "x:v0", data)
    compare(api, f"{bucket}/x:v0", data, [*SLICES, *seeded_slices(SHAPE)])


V3_CODECS = {
    "none": {"compressors": None},
    "gzip": {"compressors": v3.GzipCodec(level=3)},
    "zstd": {"compressors": v3.ZstdCodec(level=5)},
    "zstd checksum": {"compressors": v3.ZstdCodec(level=1, checksum=True)},
    "crc32c": {"compressors": v3.Crc32cCodec()},
    "zstd crc32c": {"compressors": [v3.ZstdCodec(), v3.Crc32cCodec()]},
    "transpose": {"filters": v3.TransposeCodec(order=(2, 0, 1)), "compressors": None},
    "transpose gzip": {
        "filters": v3.TransposeCodec(order=(1, 2, 0)), "compressors": v3.GzipCodec()},
    "big endian": {"serializer": v3.BytesCodec(endian="big"), "compressors": None},
} | {
    f"blosc {name} {shuffle}": {"compressors": v3.BloscCodec(cname=name, shuffle=shuffle)}
    for name in ("lz4", "lz4hc", "blosclz", "zstd", "zlib")
    for shuffle in ("noshuffle", "shuffle", "bitshuffle")
}


@pytest.mark.parametrize("name", V3_CODECS)
def test_zarr3_chunks_of_every_codec_are_decoded(http_server, http_api, http_bucket, name):
    data = sample("<i2")
    write(http_server, http_bucket, "x:v0", data, **V3_CODECS[name])
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "1:9:2,::-1,3", "-1"])


V2_CODECS = {
    "none": {"compressors": None}, "zlib": {"compressors": numcodecs.Zlib(4)},
    "gzip": {"compressors": numcodecs.GZip(4)}, "zstd": {"compressors": numcodecs.Zstd(4)},
    "blosc": {"compressors": numcodecs.Blosc("lz4", shuffle=numcodecs.Blosc.SHUFFLE)},
    "blosc bits": {"compressors": numcodecs.Blosc("zstd", shuffle=numcodecs.Blosc.BITSHUFFLE)},
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", V2_CODECS)
def test_zarr2_chunks_of_every_codec_and_order_are_decoded(
    http_server, http_api, http_bucket, name, order
):
    data = sample(">f4")
    write(http_server, http_bucket, "x:v0", data, 2, order=order, **V2_CODECS[name])
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "1:9:2,::-1,3", "-1"])


TYPES = [
    "bool", "int8", "uint8", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8",
    "<c16", ">i2", ">u4", ">i8", ">f4", ">f8", ">c16",
]


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_and_byte_order_is_read(http_server, http_api, http_bucket, dtype, zarr_format):
    data = sample(dtype)
    write(http_server, http_bucket, "x:v0", data, zarr_format)
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "::-2,3", "4,5,2"])


@pytest.mark.parametrize(
    ("dtype", "fill"),
    [("<i4", -7), ("<u8", 2**64 - 1), ("<f4", np.nan), ("<f8", -np.inf), ("bool", True),
     ("<c8", 1 - 2j), ("<f8", 0.1)],
)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_missing_chunks_are_the_fill_value(
    http_server, http_api, http_bucket, dtype, fill, zarr_format
):
    array = zarr.create_array(
        obstore_store(http_server, http_bucket, "x:v0"), shape=(9, 9), chunks=(4, 4), dtype=dtype,
        fill_value=fill, zarr_format=zarr_format)
    array[5:9, 0:4] = sample(dtype, (4, 4))
    compare(http_api, f"{http_bucket}/x:v0", array[...], ["", "::-1,2:7", "0", "8,8"])


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1, 1, 1, 1, 1), (1000,)])
def test_odd_shapes_are_read(http_server, http_api, http_bucket, shape):
    data = np.arange(math.prod(shape), dtype="f8").reshape(shape)
    chunks = tuple(max(1, extent) for extent in shape)
    array = zarr.create_array(
        obstore_store(http_server, http_bucket, "x:v0"), shape=shape, chunks=chunks, dtype="f8")
    if data.size:
        array[...] = data
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "..."])


def test_a_sharded_array_is_read(http_server, http_api, http_bucket):
    data = np.arange(30 * 30, dtype="u2").reshape(30, 30)
    array = zarr.create_array(
        obstore_store(http_server, http_bucket, "x:v0"), shape=(30, 30), chunks=(5, 5),
        shards=(15, 15), dtype="u2")
    array[:20] = data[:20]
    data[20:] = 0
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "3:27:4,::-1", "29"])


def hub_put(s3, bucket, path, data, chunks):
    """Writes an array the way hub==0.2.0.4 does: full chunks, Fortran order, ends clipped."""
    info = {"shape": data.shape, "chunk_shape": chunks, "dtype": data.dtype.name, "order": "F",
            "dclass": "array", "key": path, "protocol": "object"}
    s3.put_object(Bucket=bucket, Key=f"{path}/info.txt", Body=json.dumps(info).encode())
    for index in np.ndindex(*[-(-extent // size) for extent, size in zip(data.shape, chunks)]):
        start = [number * size for number, size in zip(index, chunks)]
        end = [min(low + size, extent) for low, size, extent in zip(start, chunks, data.shape)]
        chunk = np.zeros(chunks, data.dtype)
        piece = data[tuple(slice(low, high) for low, high in zip(start, end))]
        chunk[tuple(slice(0, extent) for extent in piece.shape)] = piece
        name = "_".join(f"{low}-{high}" for low, high in zip(start, end))
        s3.put_object(Bucket=bucket, Key=f"{path}/{name}", Body=chunk.tobytes("F"))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "bool"])
def test_an_array_of_the_original_client_is_read_with_ragged_chunks(api, s3, bucket, dtype):
    data = sample(dtype)
    hub_put(s3, bucket, "me/x/v0", data, CHUNKS)
    compare(api, f"{bucket}/me/x:v0", data, SLICES[::3])


def test_ten_thousand_million_rows_are_addressable(api, s3, bucket):
    extent = 10_000_000_000
    info = {"shape": [extent, 512, 512, 3], "chunk_shape": [1, 512, 512, 3], "dtype": "uint8",
            "order": "F", "dclass": "array"}
    s3.put_object(Bucket=bucket, Key="me/big/v0/info.txt", Body=json.dumps(info).encode())
    image = sample("uint8", (512, 512, 3))
    name = f"{extent - 1}-{extent}_0-512_0-512_0-3"
    s3.put_object(Bucket=bucket, Key=f"me/big/v0/{name}", Body=image[None].tobytes("F"))
    reference = f"{bucket}/me/big:v0"
    np.testing.assert_array_equal(api.data(reference, "-1"), image)
    np.testing.assert_array_equal(api.data(reference, f"{extent - 1},10:20,::-1,1"),
                                  image[10:20, ::-1, 1])
    np.testing.assert_array_equal(api.data(reference, "5000000000,0:2,0:2"), np.zeros((2, 2, 3)))
    np.testing.assert_array_equal(
        api.data(reference, "::-2500000000,0,0,0"), [image[0, 0, 0], 0, 0, 0])
    assert api.problem(f"data/{reference}", slice=str(extent)) == (400, "index_out_of_range")
    entry = api.document(f"arrays/{reference}")
    assert entry["shape"][0] == extent and entry["chunks_stored"] == 1


def test_raw_and_json_say_the_same_as_npy(server, api, bucket):
    data = sample("<i2")
    write(server, bucket, "x:v0", data)
    raw = api.get(f"data/{bucket}/x:v0", slice="2:5,::-1", format="raw")
    want = data[2:5, ::-1]
    assert raw.headers["X-Nave-Shape"] == json.dumps(want.shape, separators=(",", ":")).replace(
        "(", "[").replace(")", "]")
    assert raw.content == want.astype("<i2").tobytes()
    assert api.get(f"data/{bucket}/x:v0", slice="2:5,::-1", format="json").json() == want.tolist()
    assert api.get(f"data/{bucket}/x:v0", slice="1,1,1", format="json").json() == data[1, 1, 1]


def test_json_spells_what_json_has_no_number_for(server, api, bucket):
    data = np.array([np.nan, np.inf, -np.inf, 0.1, -0.0])
    write(server, bucket, "x:v0", data, chunks=(5,))
    got = api.get(f"data/{bucket}/x:v0", format="json").json()
    assert got == ["NaN", "Infinity", "-Infinity", 0.1, 0.0]


def test_a_large_region_streams_and_is_equal(server, api, bucket):
    data = np.random.default_rng(1).integers(0, 2**31, (300, 200, 60), "i4")
    write(server, bucket, "x:v0", data, chunks=(64, 64, 60))
    compare(api, f"{bucket}/x:v0", data, ["", "::-1,5:190:3"])


@pytest.mark.parametrize(
    ("text", "code"),
    [("11", "index_out_of_range"), ("-12", "index_out_of_range"), ("0,0,0,0", "slice_invalid"),
     ("::0", "slice_invalid"), ("a", "slice_invalid"), ("...,...", "slice_invalid"),
     ("Nil", "slice_invalid"), ("1.5", "slice_invalid"), ("99999999999999999999", "slice_invalid"),
     ("1:2:3:4", "slice_invalid"), (",", "slice_invalid"), ("0" * 100_000, None)],
    ids=lambda text: str(text)[:20],
)
def test_a_slice_that_numpy_refuses_is_a_problem(http_server, http_api, http_bucket, text, code):
    write(http_server, http_bucket, "x:v0", sample("u1"))
    answer = http_api.get(f"data/{http_bucket}/x:v0", slice=text)
    assert 400 <= answer.status_code < 500
    if code:
        assert answer.json()["code"] == code, answer.text


def test_a_chunk_that_is_not_what_the_metadata_says_is_an_error(server, api, s3, bucket):
    write(server, bucket, "x:v0", sample("<i4"))
    s3.put_object(Bucket=bucket, Key="x:v0/c/0/0/0", Body=b"not a zstd frame")
    assert api.problem(f"data/{bucket}/x:v0", slice="0") == (422, "chunk_corrupt")
    assert api.data(f"{bucket}/x:v0", "-1").shape == (7, 5)


def test_a_group_cannot_be_sliced_and_its_member_can(server, api, bucket):
    root = zarr.create_group(obstore_store(server, bucket, "g:v0"))
    root.create_array("in/side", shape=(3,), dtype="i4")[:] = [1, 2, 3]
    assert api.problem(f"data/{bucket}/g:v0") == (422, "group_not_sliceable")
    np.testing.assert_array_equal(api.data(f"{bucket}/g:v0/in/side", "::-1"), [3, 2, 1])


def test_writes_are_seen_by_the_next_read(server, api, bucket):
    array = write(server, bucket, "x:v0", np.zeros((8,), "i4"), chunks=(4,))
    for value in range(1, 20):
        array[value % 8] = value
        assert api.data(f"{bucket}/x:v0", str(value % 8)) == value


def test_signed_and_presigned_requests_read_data(server, bucket):
    write(server, bucket, "x:v0", np.arange(4, dtype="u1"), chunks=(4,))
    path = f"/v1/data/{bucket}/x%3Av0?slice=1%3A3&format=raw"
    assert exchange(server, "GET", path).body == bytes([1, 2])
    assert send(server, "GET", presign(server, "GET", path)).body == bytes([1, 2])


STATISTIC_TYPES = ["bool", "uint8", "<i2", "<i8", "<u8", "<f4", "<f8", ">f4"]


@pytest.mark.parametrize("dtype", STATISTIC_TYPES)
def test_statistics_equal_numpys(http_server, http_api, http_bucket, dtype):
    data = sample(dtype)
    write(http_server, http_bucket, "x:v0", data)
    for text in ["", "2:9:3,::-1", "0,0,0", "...,1"]:
        want = expected(data, text)
        got = http_api.statistics(f"{http_bucket}/x:v0", text)
        assert got["count"] == want.size and got["shape"] == list(want.shape)
        values = got["statistics"]
        exact = want.astype("f8")
        assert values["min"] == want.min() and values["max"] == want.max()
        assert values["mean"] == pytest.approx(exact.mean(), rel=1e-12, abs=1e-12)
        assert values["std"] == pytest.approx(exact.std(), rel=1e-9, abs=1e-12)
        if np.dtype(dtype).kind == "f":
            assert values["sum"] == pytest.approx(exact.sum(), rel=1e-12, abs=1e-9)
        else:
            with np.errstate(over="ignore"):
                assert values["sum"] == int(want.sum()), text


def test_statistics_of_not_a_number_follow_numpy(server, api, bucket):
    data = np.array([1.0, np.nan, 3.0])
    write(server, bucket, "x:v0", data, chunks=(2,))
    assert set(api.statistics(f"{bucket}/x:v0")["statistics"].values()) == {"NaN"}
    got = api.statistics(f"{bucket}/x:v0", "::2", op="mean,sum")["statistics"]
    assert got == {"mean": 2.0, "sum": 4.0}


def test_statistics_that_make_no_sense_are_problems(server, api, bucket):
    write(server, bucket, "x:v0", np.zeros((3,), "c8"), chunks=(3,))
    assert api.problem(f"stats/{bucket}/x:v0", op="median") == (400, "parameter_invalid")
    assert api.problem(f"stats/{bucket}/x:v0", op="max") == (422, "statistic_unsupported")


def test_nobody_reads_over_basic_authentication_with_a_wrong_secret(http_server, http_bucket):
    api = ArrayAPI(http_server, (http_server.root_keys[0], "wrong"))
    assert api.problem(f"data/{http_bucket}/x:v0")[0] in (401, 403)
