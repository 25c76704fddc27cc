"""What anybody stored is decoded by the codecs that are meant, within what the chunk can have.

Method: `zarr.json` documents and chunks as an attacker writes them: codecs of numcodecs and zarr-python
that were registered by a test must not be asked, and Python's own account of memory stays small.
"""

import bz2
import gzip
import lzma
import struct
import tracemalloc
import zlib

import numcodecs
import numpy as np
import pytest
import zarr.registry
from numcodecs.abc import Codec
from zarr.abc.codec import BytesBytesCodec

from hub.compression import inflated
from hub.decoding import ChunkDecoder
from hub.errors import IntegrityError, Invalid
from hub.metadata import ArrayMetadata
from hub.zstd_frame import content_bytes_max

SIDE = 16
CHUNK = np.arange(SIDE * SIDE, dtype="u1").reshape(SIDE, SIDE)
BOMB_BYTES = 64 << 20
# The dictionary of an lzma stream has 8 MiB, whatever it makes.
PEAK_BYTES_MAX = 12 << 20


def decoder(*codecs, data_type="uint8", shape=(SIDE, SIDE), fill=0, endian=True):
    document = {
        "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "chunk_key_encoding": {"name": "default"}, "fill_value": fill, "attributes": {},
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, *codecs]
        if endian else list(codecs),
    }
    return ChunkDecoder(ArrayMetadata(document, shape, shape))


def lz4_zeros(count):
    return bytes(numcodecs.lz4.compress(bytes(count)))


def zstd_zeros(count):
    return bytes(numcodecs.zstd.compress(bytes(count)))


def unsized_zstd_zeros(count):
    """A frame that does not say how much it makes: blocks of one byte that is repeated."""
    blocks = [min(128 << 10, count - at) for at in range(0, count, 128 << 10)]
    headers = [(size << 3 | 1 << 1 | (number == len(blocks) - 1)).to_bytes(3, "little") + b"\0"
               for number, size in enumerate(blocks)]
    return struct.pack("<IBB", 0xFD2FB528, 0, 0x38) + b"".join(headers)


def blosc_zeros(count):
    return bytes(numcodecs.blosc.compress(bytes(count), b"zstd", 5))


COMPRESSIONS = {
    "blosc": blosc_zeros, "numcodecs.blosc": blosc_zeros,
    "zstd": zstd_zeros, "numcodecs.zstd": zstd_zeros, "unsized zstd": unsized_zstd_zeros,
    "gzip": lambda count: gzip.compress(bytes(count)),
    "gzip members": lambda count: gzip.compress(bytes(count // 2)) * 2,
    "numcodecs.gzip": lambda count: gzip.compress(bytes(count)),
    "numcodecs.zlib": lambda count: zlib.compress(bytes(count)),
    "numcodecs.bz2": lambda count: bz2.compress(bytes(count)),
    "numcodecs.lzma": lambda count: lzma.compress(bytes(count)),
    "numcodecs.lz4": lz4_zeros,
}
NAMES = {"unsized zstd": "zstd", "gzip members": "gzip"}


class Spy(Codec):
    """What somebody registered, or what does harm by itself as `pickle` does."""

    codec_id = "spy"
    asked = []

    def __init__(self, **options):
        self.asked.append(options)

    def encode(self, buf):
        return buf

    def decode(self, buf, out=None):
        self.asked.append(buf)
        return buf


class ZarrSpy(BytesBytesCodec):
    is_fixed_size = True

    @classmethod
    def from_dict(cls, data):
        Spy.asked.append(data)
        return cls()


@pytest.fixture
def spy():
    numcodecs.register_codec(Spy)
    zarr.registry.register_codec("spy", ZarrSpy)
    Spy.asked.clear()
    yield Spy.asked
    del numcodecs.registry.codec_registry["spy"]


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
def test_a_compression_is_chosen_by_its_name_alone(spy, name):
    codec = {"name": NAMES.get(name, name), "configuration": {"id": "spy", "level": 1}}
    decoded = decoder(codec).decode(COMPRESSIONS[name](SIDE * SIDE))
    assert decoded.shape == (SIDE, SIDE) and not decoded.any()
    assert not spy


@pytest.mark.parametrize("name", ["shuffle", "crc32", "adler32", "fletcher32", "jenkins_lookup3"])
def test_a_codec_with_options_is_chosen_by_its_name_alone(spy, name):
    options = {"elementsize": 1} if name == "shuffle" else {}
    stored = bytes(numcodecs.get_codec({"id": name, **options}).encode(CHUNK.tobytes()))
    codec = {"name": f"numcodecs.{name}", "configuration": {"id": "spy", **options}}
    np.testing.assert_array_equal(decoder(codec).decode(stored), CHUNK)
    assert not spy


@pytest.mark.parametrize("codecs", [
    [{"name": "spy"}], [{"name": "numcodecs.spy"}], [{"name": "numcodecs.pickle"}],
    [{"name": "gzip"}, {"name": "spy"}],
], ids=str)
def test_a_codec_that_somebody_registered_is_not_asked(spy, codecs):
    opened = decoder(*codecs)
    with pytest.raises(Invalid, match="not read here"):
        opened.decode(CHUNK.tobytes())
    inner = {"name": "sharding_indexed", "configuration": {
        "chunk_shape": [8, 8], "codecs": [{"name": "bytes"}, *codecs]}}
    with pytest.raises(Invalid, match="not read here"):
        decoder(inner, endian=False).decode(CHUNK.tobytes())
    assert not spy


@pytest.mark.parametrize("codec", [
    {"name": "numcodecs.delta", "configuration": {"id": "spy", "dtype": "<u1"}},
    {"name": "numcodecs.astype", "configuration": {
        "encode_dtype": "<u1", "decode_dtype": "<U100000000"}},
    {"name": "numcodecs.delta", "configuration": {"dtype": "O"}},
    {"name": "numcodecs.pickle", "configuration": {}}, {"name": "spy"},
], ids=str)
def test_a_filter_is_of_numbers_and_what_it_is_called(spy, codec):
    opened = decoder(codec, {"name": "bytes"}, endian=False)
    with pytest.raises(Invalid, match="not read here|not understood"):
        opened.decode(CHUNK.tobytes())
    assert not spy


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
@pytest.mark.parametrize("is_inside", [False, True])
def test_little_that_makes_much_is_refused_before_it_is_made(name, is_inside):
    codecs = [{"name": NAMES.get(name, name)}]
    bomb = COMPRESSIONS[name](BOMB_BYTES)
    if is_inside:
        # What comes out of it would be decompressed once more.
        codecs.insert(0, {"name": "gzip"})
    opened = decoder(*codecs)
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError, match="more than"):
            opened.decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < PEAK_BYTES_MAX
    finally:
        tracemalloc.stop()


def test_a_bomb_before_a_filter_of_zarr_is_refused():
    opened = decoder({"name": "numcodecs.delta", "configuration": {"dtype": "<u1"}},
                     {"name": "bytes"}, {"name": "zstd"}, endian=False)
    assert not opened.is_fast
    assert (opened.decode(zstd_zeros(SIDE * SIDE)) == 0).all()
    with pytest.raises(IntegrityError, match="more than"):
        opened.decode(zstd_zeros(BOMB_BYTES))


@pytest.mark.parametrize("is_sharded", [False, True])
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_texts_are_as_many_as_the_chunk_has(is_sharded):
    serializer = [{"name": "vlen-utf8"}, {"name": "zstd"}]
    if is_sharded:
        serializer = [{"name": "sharding_indexed", "configuration": {
            "chunk_shape": [4], "codecs": serializer,
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}}]
    opened = decoder(*serializer, data_type="string", shape=(4,), fill="", endian=False)

    def stored(announced):
        texts = [b"a", b"bc", "ü".encode(), b""]
        items = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        inner = bytes(numcodecs.zstd.compress(struct.pack("<I", announced) + items))
        return inner + struct.pack("<QQ", 0, len(inner)) if is_sharded else inner

    assert opened.decode(stored(4)).tolist() == ["a", "bc", "ü", ""]
    tracemalloc.start()
    try:
        with pytest.raises(IntegrityError, match="not 4 elements"):
            opened.decode(stored(2**28))
        assert tracemalloc.get_traced_memory()[1] < PEAK_BYTES_MAX
    finally:
        tracemalloc.stop()


def test_what_stands_in_no_memory_is_an_error_of_ours():
    shape = (2**20, 2**30)
    inner = {"name": "sharding_indexed", "configuration": {
        "chunk_shape": shape, "codecs": [{"name": "bytes"}], "index_codecs": [{"name": "bytes"}]}}
    opened = decoder(inner, shape=shape, endian=False)
    with pytest.raises(IntegrityError, match="too little memory"):
        opened.decode(b"\xff" * 16)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 65_535 + 256, 65_536 + 256, 1_000_000])
@pytest.mark.parametrize("seed", [None, 5])
def test_the_size_that_a_zstd_frame_states_is_found(count, seed):
    content = bytes(count) if seed is None else np.random.default_rng(seed).bytes(count)
    frame = memoryview(bytes(numcodecs.zstd.compress(content, 1, True)))
    assert content_bytes_max(frame) == count
    skippable = struct.pack("<II", 0x184D2A53, 3) + b"abc"
    assert content_bytes_max(memoryview(skippable + bytes(frame) * 2)) == 2 * count
    for length in (3, 5, len(frame) - 1):
        with pytest.raises(ValueError, match="cut"):
            content_bytes_max(frame[:length])


@pytest.mark.parametrize("count", [1, 100, 1 << 17, 300_000])
def test_what_a_zstd_frame_without_a_size_makes_is_added_up(count):
    frame = unsized_zstd_zeros(count)
    assert content_bytes_max(memoryview(frame)) == count
    assert bytes(numcodecs.zstd.decompress(frame)) == bytes(count)


def test_gzip_members_follow_each_other_and_zeros_them():
    data = gzip.compress(b"ab") + gzip.compress(b"c") + bytes(7)
    assert inflated(data, 3) == gzip.decompress(data) == b"abc"
    with pytest.raises(ValueError, match="more than 2"):
        inflated(data, 2)
    with pytest.raises(ValueError, match="cut"):
        inflated(data[:-20], 3)
