"""Arrays in compressors and filters of numcodecs, under either version of Zarr: what zarr wrote is read, what is
written here zarr reads, and chunks that nobody wrote are refused."""

import lzma
import random
import struct
import time
import zlib

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs as v3
import zarr.codecs.numcodecs as n3

from test_array_data import compare, sample, write
from test_array_writes import write_at_random
from test_zarr import obstore_store

pytestmark = pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")

LZMA1, LZMA2, DELTA, X86 = lzma.FILTER_LZMA1, lzma.FILTER_LZMA2, lzma.FILTER_DELTA, lzma.FILTER_X86
COMPRESSORS = {
    "bz2": ("BZ2", {"level": 1}), "bz2 9": ("BZ2", {"level": 9}),
    "xz": ("LZMA", {}), "xz 9": ("LZMA", {"preset": 9, "check": lzma.CHECK_SHA256}),
    "xz unchecked": ("LZMA", {"preset": 0, "check": lzma.CHECK_NONE}),
    "alone": ("LZMA", {"format": lzma.FORMAT_ALONE, "preset": 1}),
    "raw": ("LZMA", {"format": lzma.FORMAT_RAW, "filters": [{"id": LZMA2, "preset": 1}]}),
    "raw first": ("LZMA", {"format": lzma.FORMAT_RAW, "filters": [{"id": LZMA1, "dict_size": 1 << 20}]}),
    "raw delta": ("LZMA", {"format": lzma.FORMAT_RAW, "filters": [
        {"id": X86}, {"id": DELTA, "dist": 4}, {"id": LZMA2, "lc": 0, "lp": 2, "mode": lzma.MODE_FAST}]}),
}


def options(zarr_format, name):
    codec, parameters = COMPRESSORS[name]
    module = numcodecs if zarr_format == 2 else n3
    return {"compressors": getattr(module, codec)(**parameters)}


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("name", COMPRESSORS)
def test_what_zarr_compressed_is_read(http_server, http_api, http_bucket, name, zarr_format):
    data = sample(">f4")
    write(http_server, http_bucket, "x:v0", data, zarr_format, **options(zarr_format, name))
    compare(http_api, f"{http_bucket}/x:v0", data, ["", "1:9:2,::-1,3", "-1"])


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("name", COMPRESSORS)
def test_what_is_compressed_here_zarr_reads(http_server, http_api, http_bucket, name, zarr_format):
    store = obstore_store(http_server, http_bucket, "x:v0")
    zarr.create_array(
        store, shape=(200, 30), chunks=(64, 16), dtype="<i4", zarr_format=zarr_format, fill_value=7,
        **options(zarr_format, name))
    data = np.full((200, 30), 7, "<i4")
    write_at_random(random.Random(5), http_api, f"{http_bucket}/x:v0", data, 12)
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], data)


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compressors_of_inner_chunks(http_server, http_api, http_bucket, name):
    store = obstore_store(http_server, http_bucket, "x:v0")
    zarr.create_array(
        store, shape=(60, 30), chunks=(5, 3), shards=(20, 15), dtype="<u2", **options(3, name))
    data = np.zeros((60, 30), "<u2")
    write_at_random(random.Random(6), http_api, f"{http_bucket}/x:v0", data, 12)
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], data)


FILTERS = {
    "quantize": ("f4", [n3.Quantize(digits=2)], "little"),
    "quantize astype": ("f8", [n3.Quantize(digits=1), n3.AsType(encode_dtype="float32")], "little"),
    "astype big": ("f8", [n3.AsType(encode_dtype=">f4")], "big"),
    "astype bytes": ("f8", [n3.AsType(encode_dtype="int8")], "little"),
    "astype twice": ("f8", [n3.AsType(encode_dtype="f4"), n3.AsType(encode_dtype="i2", decode_dtype="f4")],
                     "little"),
    "transposed": ("f8", [n3.AsType(encode_dtype="f4"), v3.TransposeCodec(order=(1, 0))], "little"),
    "bitround big": ("f4", [n3.BitRound(keepbits=4)], "big"),
    "scale": ("f8", [n3.FixedScaleOffset(offset=1, scale=10, dtype="float64", astype="int16")], "little"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_under_zarr3_lose_what_numcodecs_loses(http_server, http_api, http_bucket, name):
    dtype, filters, endian = FILTERS[name]
    arrays = [
        zarr.create_array(
            obstore_store(http_server, http_bucket, path), shape=(40, 30), chunks=(16, 11), dtype=dtype,
            filters=filters, serializer=v3.BytesCodec(endian=endian), compressors=n3.BZ2(level=1))
        for path in ("ours", "theirs")
    ]
    numbers = np.random.default_rng(4)
    for text, index in [("", np.s_[...]), ("3:20,::2", np.s_[3:20, ::2]), ("-1", np.s_[-1])]:
        whole = arrays[1][...]
        whole[index] = piece = numbers.normal(0, 8, whole[index].shape).astype(dtype)
        http_api.write(f"{http_bucket}/ours", text, piece)
        arrays[1][...] = whole
    np.testing.assert_array_equal(arrays[0][...], arrays[1][...])
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/ours"), arrays[1][...])
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/theirs"), arrays[1][...])


def test_an_array_is_created_with_codecs_of_numcodecs(http_server, http_api, http_bucket):
    codecs = [{"name": "numcodecs.quantize", "configuration": {"digits": 3, "dtype": "float64"}},
              {"name": "numcodecs.lzma", "configuration": {"preset": 1}}]
    http_api.create(f"{http_bucket}/x:v0", shape=[100, 40], dtype="float64", codecs=codecs)
    data = np.random.default_rng(1).normal(size=(100, 40))
    http_api.write(f"{http_bucket}/x:v0", "", data)
    want = numcodecs.Quantize(3, "f8").encode(data)
    got = zarr.open_array(obstore_store(http_server, http_bucket, "x:v0"), mode="r")[...]
    np.testing.assert_array_equal(got, want)


def test_orders_that_zarr_does_not_read_are_refused(http_server, http_api, http_bucket):
    write(http_server, http_bucket, "x:v0", sample("f8"), filters=[n3.AsType(encode_dtype="f4")],
          serializer=v3.BytesCodec(endian="big"))
    assert http_api.problem(f"data/{http_bucket}/x:v0", slice="0") == (422, "codec_unsupported")


# MARK: chunks that nobody wrote

def damaged(source, stored):
    """A chunk with a part missing, bits flipped, bytes overwritten, or other bytes behind it."""
    body = bytearray(stored)
    match source.randrange(4):
        case 0: del body[source.randrange(len(body)):]
        case 1:
            for _ in range(source.randint(1, 4)):
                body[source.randrange(len(body))] ^= 1 << source.randrange(8)
        case 2:
            at = source.randrange(len(body))
            body[at:at + 16] = source.randbytes(len(body[at:at + 16]))
        case _: body += source.randbytes(source.randint(1, 50))
    return bytes(body)


def test_a_long_chunk_without_content_is_refused_at_its_beginning(
    http_server, http_api, http_s3, http_bucket
):
    zarr.create_array(
        obstore_store(http_server, http_bucket, "x"), shape=(4096, 4096), chunks=(4096, 4096), dtype="<i4",
        zarr_format=2, **options(2, "xz"))
    http_s3.put_object(Bucket=http_bucket, Key="x/0.0", Body=empty_blocks(1_000_000))
    started = time.monotonic()
    assert http_api.problem(f"data/{http_bucket}/x", slice="0") == (422, "chunk_corrupt")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", COMPRESSORS)
def test_damaged_chunks_are_problems_and_the_server_goes_on(
    http_server, http_api, http_s3, http_bucket, name
):
    source = random.Random(9)
    data = np.arange(900, dtype="<i4").reshape(30, 30)
    write(http_server, http_bucket, "x", data, 2, chunks=(30, 30), **options(2, name))
    stored = http_s3.get_object(Bucket=http_bucket, Key="x/0.0")["Body"].read()
    refused = 0
    for _ in range(60):
        http_s3.put_object(Bucket=http_bucket, Key="x/0.0", Body=damaged(source, stored))
        answer = http_api.get(f"data/{http_bucket}/x", slice="0,0")
        if answer.status_code != 200:
            assert answer.status_code == 422 and answer.json()["code"] == "chunk_corrupt"
            refused += 1
    assert refused > 20
    http_s3.put_object(Bucket=http_bucket, Key="x/0.0", Body=stored)
    np.testing.assert_array_equal(http_api.data(f"{http_bucket}/x"), data)


def with_dictionary(stored, code):
    """A `.xz` stream that asks for another dictionary: byte 16 of it, under the check of its header."""
    stream = bytearray(stored)
    assert stream[12:16] == b"\x02\x00\x21\x01"
    stream[16] = code
    stream[20:24] = struct.pack("<I", zlib.crc32(stream[12:20]))
    return bytes(stream)


def empty_blocks(count):
    """A `.xz` stream of blocks without content whose dictionaries, of 64 and 96 MiB, take turns."""
    one = lzma.compress(b"x", check=lzma.CHECK_NONE)
    blocks = []
    for number in range(count):
        header = bytearray(one[12:24])
        header[4] = 28 + number % 2
        header[8:] = struct.pack("<I", zlib.crc32(header[:8]))
        blocks.append(bytes(header) + b"\0\0\0\0")
    return one[:12] + b"".join(blocks)


def test_bombs_cost_neither_memory_nor_time(http_server, http_api, http_s3, http_bucket):
    zeros = bytes(1 << 28)
    bombs = {
        "bz2": ("bz2", numcodecs.BZ2(9).encode(zeros)),
        "xz": ("xz", lzma.compress(zeros, preset=0)),
        "alone": ("alone", lzma.compress(zeros, format=lzma.FORMAT_ALONE, preset=0)),
        "raw": ("raw", lzma.compress(zeros, format=lzma.FORMAT_RAW, filters=[{"id": LZMA2, "preset": 0}])),
        "dictionary of 4 GiB": ("xz", with_dictionary(lzma.compress(b"x" * 3600), 40)),
        "dictionary of 384 MiB": ("xz", with_dictionary(lzma.compress(b"x" * 3600), 33)),
        "other length": ("xz", with_dictionary(lzma.compress(b"x" * 3599), 32)),
        "empty blocks": ("xz", empty_blocks(4000)),
        "empty streams": ("bz2", numcodecs.BZ2(9).encode(b"") * 4000),
    }
    for name in {codec for codec, _ in bombs.values()}:
        zarr.create_array(
            obstore_store(http_server, http_bucket, name), shape=(30, 30), chunks=(30, 30), dtype="<i4",
            zarr_format=2, **options(2, name))
    http_s3.put_object(
        Bucket=http_bucket, Key="xz/0.0", Body=with_dictionary(lzma.compress(b"x" * 3600), 32))
    assert http_api.data(f"{http_bucket}/xz").tobytes() == b"x" * 3600
    before = http_server.resident_bytes()
    for kind, (codec, body) in bombs.items():
        http_s3.put_object(Bucket=http_bucket, Key=f"{codec}/0.0", Body=body)
        started = time.monotonic()
        for _ in range(3):
            problem = http_api.problem(f"data/{http_bucket}/{codec}", slice="0")
            assert problem == (422, "chunk_corrupt"), kind
        assert time.monotonic() - started < 5, kind
        assert http_server.resident_bytes() - before < 64 << 20, kind
