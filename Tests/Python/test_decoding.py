"""Chunks decode to what zarr-python wrote, whatever the type and the codecs.

Method: zarr-python writes arrays into memory; each stored chunk is decoded here and compared with
the part of the array that it holds. Damage is put in from outside and must be noticed.
"""

import pickle
import warnings

import numpy as np
import pytest
import zarr
from zarr.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ShardingCodec,
    TransposeCodec,
    ZstdCodec,
)
from zarr.codecs import numcodecs as zarr_numcodecs
from zarr.storage import MemoryStore

from hub.decoding import ChunkDecoder
from hub.errors import IntegrityError, Invalid
from hub.metadata import ArrayMetadata

TYPES = [
    "bool", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16",
]


def values_of(dtype, shape):
    generator = np.random.default_rng(7)
    raw = generator.integers(0, 256, int(np.prod(shape)) * np.dtype(dtype).itemsize, "u1")
    if np.dtype(dtype).kind == "b":
        return (raw % 2).astype(bool).reshape(shape)
    return raw.view(dtype).reshape(shape)


def extra(name, **options):
    """A codec of numcodecs in zarr-python, which warns of each that it is no part of Zarr v3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(zarr_numcodecs, name)(**options)


def quietly(function):
    """For what writes such codecs, or types that are no part of Zarr v3 yet."""
    return pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")(function)


def written(values, **options):
    """What zarr-python stores for an array, and its metadata."""
    store = MemoryStore()
    array = zarr.create_array(store, shape=values.shape, dtype=values.dtype, **options)
    array[...] = values
    stored = {key: buffer.to_bytes() for key, buffer in store._store_dict.items()}
    return ArrayMetadata.parse(stored.pop("zarr.json")), stored


def check(values, is_fast=True, **options):
    metadata, stored = written(values, **options)
    decoder = pickle.loads(pickle.dumps(ChunkDecoder(metadata)))
    assert decoder.is_fast is is_fast
    assert stored
    for place in np.ndindex(metadata.grid_shape):
        data = stored.get(metadata.key(place))
        if data is None:
            decoded = np.full(metadata.chunk_shape, metadata.fill, metadata.dtype)
        else:
            decoded = decoder.decode(data)
            assert not decoded.flags.writeable
        assert decoded.shape == metadata.chunk_shape and decoded.dtype == metadata.dtype
        assert decoded.dtype.isnative
        begins = [at * extent for at, extent in zip(place, metadata.chunk_shape)]
        expected = values[tuple(slice(b, b + c) for b, c in zip(begins, metadata.chunk_shape))]
        found = decoded[tuple(slice(0, extent) for extent in expected.shape)]
        assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


class TestCodecs:
    @pytest.mark.parametrize("dtype", TYPES)
    @pytest.mark.parametrize("endian", ["little", "big"])
    def test_types_in_both_byte_orders(self, dtype, endian):
        check(values_of(dtype, (7, 9)), chunks=(4, 5), serializer=BytesCodec(endian=endian),
              compressors=None)

    @pytest.mark.parametrize("name", ["lz4", "lz4hc", "blosclz", "zlib", "zstd"])
    @pytest.mark.parametrize("shuffle", ["noshuffle", "shuffle", "bitshuffle"])
    def test_blosc(self, name, shuffle):
        values = np.repeat(values_of("f4", (9, 11)), 3, axis=1)
        codec = BloscCodec(cname=name, shuffle=shuffle, typesize=4)
        check(values, chunks=(4, 8), compressors=codec)

    @pytest.mark.parametrize(
        "compressors",
        [
            None,
            ZstdCodec(level=3),
            ZstdCodec(level=1, checksum=True),
            GzipCodec(level=5),
            Crc32cCodec(),
            (ZstdCodec(), Crc32cCodec()),
            (Crc32cCodec(), GzipCodec()),
            (BloscCodec(), ZstdCodec(), Crc32cCodec()),
        ],
        ids=str,
    )
    def test_compressions_and_chains_of_them(self, compressors):
        check(values_of("i4", (6, 10)), chunks=(4, 4), compressors=compressors)

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
    def test_turned_axes(self, order):
        check(values_of("u2", (5, 6, 7)), chunks=(2, 3, 4), filters=TransposeCodec(order=order))

    def test_axes_turned_twice(self):
        filters = (TransposeCodec(order=(1, 2, 0)), TransposeCodec(order=(0, 2, 1)))
        check(values_of("u2", (5, 6, 7)), chunks=(2, 3, 4), filters=filters)

    @pytest.mark.parametrize("shape", [(), (5,), (1, 1, 1, 1, 3)])
    def test_few_and_many_axes(self, shape):
        check(values_of("i8", shape), chunks=tuple(min(2, n) for n in shape) or ())

    @pytest.mark.parametrize("location", ["start", "end"])
    def test_shards_with_their_index_at_either_end(self, location):
        values = values_of("f4", (13, 17))
        values[4:8, 4:8] = 0  # An inner chunk that is left out.
        codec = ShardingCodec(
            chunk_shape=(4, 4), codecs=[BytesCodec(endian="big"), ZstdCodec(), Crc32cCodec()],
            index_location=location,
        )
        check(values, chunks=(8, 12), serializer=codec, compressors=None)

    def test_shards_that_zarr_makes_by_itself_and_in_shards(self):
        check(values_of("u1", (20, 30)), chunks=(5, 5), shards=(10, 15))
        inner = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec()])
        outer = ShardingCodec(chunk_shape=(4, 6), codecs=[inner])
        check(values_of("i2", (9, 13)), chunks=(8, 12), serializer=outer, compressors=None)

    @quietly
    def test_shards_with_turned_axes_outside_and_inside(self):
        inner = ShardingCodec(
            chunk_shape=(2, 3), codecs=[TransposeCodec(order=(1, 0)), BytesCodec(), GzipCodec()]
        )
        check(values_of("i2", (9, 13)), chunks=(6, 6), filters=TransposeCodec(order=(1, 0)),
              serializer=inner, compressors=None)

    @pytest.mark.parametrize("name", ["Zlib", "LZ4", "BZ2", "LZMA", "GZip", "Zstd"])
    def test_compressions_of_numcodecs(self, name):
        check(values_of("i4", (6, 10)), chunks=(4, 4), compressors=extra(name))

    def test_compressions_of_numcodecs_in_chains_and_shards(self):
        compressors = (extra("Shuffle", elementsize=4), extra("LZ4"))
        check(values_of("i4", (6, 10)), chunks=(4, 4), compressors=compressors)
        codec = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), extra("LZ4")])
        check(values_of("i4", (6, 10)), chunks=(4, 4), serializer=codec, compressors=None)

    @pytest.mark.parametrize("name, options", [
        ("Delta", {"dtype": "<i4"}),
        ("FixedScaleOffset", {"offset": 3, "scale": 2, "dtype": "<i4", "astype": "<i8"}),
    ])
    def test_filters_of_numcodecs_go_through_zarr(self, name, options):
        values = np.arange(60, dtype="i4").reshape(6, 10)
        check(values, is_fast=False, chunks=(4, 4), filters=extra(name, **options))

    @quietly
    @pytest.mark.parametrize("dtype", ["M8[s]", "m8[ms]", "U5", "S4"])
    def test_types_that_zarr_alone_knows(self, dtype):
        numbers = np.arange(12).reshape(3, 4)
        check(numbers.astype(dtype), is_fast=False, chunks=(2, 2))

    # zarr-python's own delta filter does not go with big-endian bytes.
    @pytest.mark.parametrize(
        "endian, is_fast", [("little", True), ("big", True), ("little", False)])
    def test_bfloat16_is_two_raw_bytes(self, endian, is_fast):
        values = values_of("u2", (4, 6))
        metadata, stored = written(
            values, chunks=(4, 6), serializer=BytesCodec(endian=endian),
            filters=None if is_fast else extra("Delta", dtype="<u2"),
        )
        document = dict(metadata.document) | {"data_type": "bfloat16", "fill_value": "0x3fc0"}
        metadata = ArrayMetadata(document, metadata.shape, metadata.chunk_shape)
        decoder = ChunkDecoder(metadata)
        assert decoder.is_fast is is_fast
        decoded = decoder.decode(stored["c/0/0"])
        assert decoded.dtype == np.dtype("V2") == metadata.dtype
        assert decoded.tobytes() == values.tobytes()
        assert bytes(metadata.fill) == b"\xc0\x3f"

    @quietly
    def test_raw_bits_keep_their_order(self):
        values = values_of("V3", (4, 6))
        metadata, stored = written(values, chunks=(4, 6), fill_value=np.void(b"\1\2\3"))
        named = dict(metadata.document) | {"data_type": "r24", "fill_value": [1, 2, 3]}
        for metadata in (metadata, ArrayMetadata(named, (4, 6), (4, 6))):
            assert ChunkDecoder(metadata).decode(stored["c/0/0"]).tobytes() == values.tobytes()
            assert bytes(metadata.fill) == b"\1\2\3"


class TestMetadata:
    @pytest.mark.parametrize(
        "encoding, expected",
        [
            ({"name": "default", "separator": "/"}, "c/1/23"),
            ({"name": "default", "separator": "."}, "c.1.23"),
            ({"name": "v2", "separator": "."}, "1.23"),
            ({"name": "v2", "separator": "/"}, "1/23"),
        ],
    )
    def test_keys(self, encoding, expected):
        store = MemoryStore()
        array = zarr.create_array(
            store, shape=(100, 100), chunks=(2, 2), dtype="u1", chunk_key_encoding=encoding
        )
        array[3, 47] = 1
        metadata = ArrayMetadata.parse(store._store_dict["zarr.json"].to_bytes())
        assert metadata.key((1, 23)) == expected and expected in store._store_dict

    @pytest.mark.parametrize("encoding", ["default", "v2"])
    def test_the_key_of_an_array_without_axes(self, encoding):
        store = MemoryStore()
        array = zarr.create_array(
            store, shape=(), dtype="u1", chunk_key_encoding={"name": encoding}
        )
        array[...] = 1
        metadata = ArrayMetadata.parse(store._store_dict["zarr.json"].to_bytes())
        assert set(store._store_dict) == {"zarr.json", metadata.key(())}
        assert metadata.grid_shape == ()

    @pytest.mark.parametrize(
        "dtype, fill",
        [
            ("f4", float("nan")), ("f8", float("-inf")), ("f2", 1.5), ("i8", -(2**62)),
            ("bool", True), ("c16", 1 - 2j), ("c8", complex("nan")),
            ("M8[s]", np.datetime64(5, "s")),
        ],
    )
    @quietly
    def test_fill_values(self, dtype, fill):
        metadata, _ = written(np.zeros(3, dtype), chunks=(2,), fill_value=fill)
        assert metadata.fill.dtype == metadata.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(metadata.fill, np.array(fill, dtype))

    @pytest.mark.parametrize(
        "value", [0.0, 1.5, -2.71828, 1e-40, "NaN", "Infinity", 65504, "0x3fc0"])
    def test_fill_values_of_bfloat16(self, value):
        torch = pytest.importorskip("torch")
        metadata, _ = written(np.zeros(3, "u2"), chunks=(2,))
        document = dict(metadata.document) | {"data_type": "bfloat16", "fill_value": value}
        fill = ArrayMetadata(document, (3,), (2,)).fill
        expected = torch.tensor(1.5 if value == "0x3fc0" else float(value)).to(torch.bfloat16)
        found = torch.frombuffer(bytearray(bytes(fill)), dtype=torch.bfloat16)[0]
        assert torch.equal(found, expected) or (found.isnan() and expected.isnan())

    def test_what_is_no_array_is_refused(self):
        with pytest.raises(Invalid, match="group"):
            ArrayMetadata.parse(b'{"zarr_format": 3, "node_type": "group"}')


class TestDamage:
    @pytest.mark.parametrize(
        "options",
        [
            {"compressors": None},
            {"compressors": BloscCodec(cname="lz4", shuffle="shuffle", typesize=4)},
            {"compressors": ZstdCodec()},
            {"compressors": GzipCodec()},
            {"compressors": Crc32cCodec()},
            {"shards": (8, 8)},
        ],
        ids=str,
    )
    def test_a_cut_chunk_is_told(self, options):
        values = np.arange(64, dtype="f4").reshape(8, 8)
        chunks = (4, 4) if "shards" in options else (8, 8)
        metadata, stored = written(values, chunks=chunks, **options)
        decoder = ChunkDecoder(metadata)
        (data,) = stored.values()
        for length in {0, 1, 15, 16, len(data) // 2, len(data) - 1}:
            with pytest.raises(IntegrityError, match="cannot be decoded") as caught:
                decoder.decode(data[:length], where="here")
            assert caught.value.where == "here" and "damaged" in str(caught.value)

    def test_a_changed_checksum_is_told(self):
        metadata, stored = written(values_of("u1", (8,)), chunks=(8,), compressors=Crc32cCodec())
        data = bytearray(stored["c/0"])
        data[3] ^= 1
        with pytest.raises(IntegrityError, match="CRC-32C"):
            ChunkDecoder(metadata).decode(bytes(data))

    def test_a_chunk_of_another_array_is_told(self):
        large, _ = written(values_of("f8", (8, 8)), chunks=(8, 8), compressors=BloscCodec())
        _, stored = written(values_of("f8", (4, 4)), chunks=(4, 4), compressors=BloscCodec())
        with pytest.raises(IntegrityError):
            ChunkDecoder(large).decode(stored["c/0/0"])

    def test_an_inner_chunk_outside_its_shard_is_told(self):
        codec = ShardingCodec(chunk_shape=(4,), codecs=[BytesCodec()], index_codecs=[BytesCodec()])
        metadata, stored = written(
            values_of("u1", (8,)), chunks=(8,), serializer=codec, compressors=None
        )
        data = bytearray(stored["c/0"])
        data[-16:-8] = (1000).to_bytes(8, "little")
        with pytest.raises(IntegrityError, match="outside"):
            ChunkDecoder(metadata).decode(bytes(data))
