"""zarr-python, and xarray with it, undo no more of what anybody stored than a chunk can have.

Method: chunks that decompress to much more than their document says, under each codec, in shards
and out of them, of both versions of Zarr; Python's own account of memory stays small. What
zarr-python itself wrote is read as it reads it, also where arrays are pickled, and copied with the
names that the codecs have in the specification.
"""

import contextlib
import json
import pickle
import tracemalloc
import warnings
import zipfile

import numcodecs
import numpy as np
import pytest
import xarray
import zarr
import zarr.codecs
from test_hostile_chunks import BOMB_BYTES, COMPRESSIONS, NAMES, PEAK_BYTES_MAX, spy, zstd_zeros
from zarr.storage import LocalStore, MemoryStore

import hub
from hub.files.bounded_zarr import BoundedZarr
from hub.files.reader import open_reader
from hub.store import HubStore
from hub.view_store import ViewStore

assert spy
SIDE = 16
VALUES = np.arange(SIDE * SIDE, dtype="<i4").reshape(SIDE, SIDE)
# Codecs of numcodecs warn that they are not in the specification of Zarr v3.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@contextlib.contextmanager
def little_memory():
    """Sees that no more is taken than small chunks need."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < PEAK_BYTES_MAX
    finally:
        tracemalloc.stop()


def document(*codecs, data_type="int32", shape=(SIDE, SIDE), fill=0):
    return {
        "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill, "attributes": {}, "dimension_names": ["y", "x"][: len(shape)],
        "codecs": list(codecs),
    }


BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
INDEX_CODECS = [BYTES]


def sharded(*codecs, inner=(SIDE, SIDE)):
    return {"name": "sharding_indexed", "configuration": {
        "chunk_shape": inner, "codecs": list(codecs), "index_codecs": INDEX_CODECS,
        "index_location": "end"}}


def shard_of(chunk):
    return chunk + np.array([0, len(chunk)], "<u8").tobytes()


def folder(path, described, chunk, key="c/0/0"):
    """An array in a folder, as an attacker writes it."""
    (path / key).parent.mkdir(parents=True)
    name = "zarr.json" if described["zarr_format"] == 3 else ".zarray"
    (path / name).write_text(json.dumps(described))
    (path / key).write_bytes(chunk)
    return path


def opened(path):
    return zarr.open_array(BoundedZarr(LocalStore(path, read_only=True)), mode="r")


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
@pytest.mark.parametrize("is_sharded", [False, True])
def test_what_decompresses_to_too_much_is_refused(tmp_path, spy, name, is_sharded):
    codec = {"name": NAMES.get(name, name), "configuration": {"id": "spy"}}
    described = document(sharded(BYTES, codec) if is_sharded else BYTES,
                         *([] if is_sharded else [codec]))
    compress = COMPRESSIONS[name]
    wrap = shard_of if is_sharded else bytes
    good = opened(folder(tmp_path / "good", described, wrap(compress(VALUES.nbytes))))
    assert not good[...].any() and good.shape == (SIDE, SIDE)
    assert good[3, 3] == 0
    bad = opened(folder(tmp_path / "bad", described, wrap(compress(BOMB_BYTES))))
    for array in (bad, pickle.loads(pickle.dumps(bad))):
        for index in (..., (3, 3)):
            with little_memory(), pytest.raises(hub.IntegrityError, match="more than"):
                array[index]
    assert not spy


@pytest.mark.parametrize("name", sorted(set(COMPRESSIONS) - {"gzip members", "unsized zstd"}))
@pytest.mark.parametrize("place", ["compressor", "filter"])
def test_version_2_is_bounded_too(tmp_path, name, place):
    codec = {"id": name.removeprefix("numcodecs."), "level": 1}
    described = {
        "zarr_format": 2, "shape": [SIDE, SIDE], "chunks": [SIDE, SIDE], "dtype": "<i4",
        "fill_value": 0, "order": "C",
        "compressor": codec if place == "compressor" else None,
        "filters": [codec] if place == "filter" else None,
    }
    good = opened(folder(tmp_path / "good", described, COMPRESSIONS[name](VALUES.nbytes), "0.0"))
    assert not good[...].any()
    path = folder(tmp_path / "bad.zarr", described, COMPRESSIONS[name](BOMB_BYTES), "0.0")
    with open_reader(path) as reader, little_memory():
        with pytest.raises(hub.Invalid, match="bad.zarr cannot be read .*more than"):
            reader.read((slice(0, SIDE), slice(0, SIDE)))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_filters_of_version_2_and_3_are_read_as_they_were_written(tmp_path, zarr_format):
    filters = {
        2: [numcodecs.Delta("<i4"), numcodecs.Shuffle(4)],
        3: [zarr.codecs.numcodecs.Delta(dtype="<i4")],
    }[zarr_format]
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=zarr_format)
    array = group.create_array("deep/x", data=VALUES, chunks=(4, 8), filters=filters)
    array.attrs["a"] = 1
    zarr.consolidate_metadata(tmp_path / "a.zarr", zarr_format=zarr_format)
    with open_reader(tmp_path / "a.zarr") as reader:
        found = reader.read((slice(0, SIDE), slice(3, 9)))
        assert reader.layout.chunks == (4, 8) and reader.layout.attributes == {"a": 1}
    np.testing.assert_array_equal(found, VALUES[:, 3:9])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_codec_that_somebody_registered_is_not_asked(tmp_path, spy, zarr_format):
    described = document(BYTES, {"name": "spy"})
    if zarr_format == 2:
        described = {
            "zarr_format": 2, "shape": [SIDE, SIDE], "chunks": [SIDE, SIDE], "dtype": "<i4",
            "fill_value": 0, "order": "C", "compressor": {"id": "spy"}, "filters": None}
    key = "c/0/0" if zarr_format == 3 else "0.0"
    array = opened(folder(tmp_path / "a", described, VALUES.tobytes(), key))
    assert array.shape == (SIDE, SIDE)
    with pytest.raises(hub.Invalid, match="not read here.*spy"):
        array[...]
    assert not spy


def test_an_archive_is_unpacked_to_no_more_than_a_chunk_can_be(tmp_path):
    described = document(BYTES, {"name": "zstd"})
    for name, chunk in [("good", zstd_zeros(VALUES.nbytes)), ("bad", bytes(BOMB_BYTES))]:
        path = tmp_path / f"{name}.zarr.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zarr.json", json.dumps(described))
            archive.writestr("c/0/0", chunk)
    box = (slice(0, SIDE), slice(0, SIDE))
    with open_reader(tmp_path / "good.zarr.zip") as reader:
        assert not reader.read(box).any()
    with open_reader(tmp_path / "bad.zarr.zip") as reader, little_memory():
        with pytest.raises(hub.Invalid, match="can have"):
            reader.read(box)


VERSION_2 = {
    "zarr_format": 2, "shape": [SIDE, SIDE], "chunks": [SIDE, SIDE], "dtype": "<i4", "fill_value": 0,
    "order": "C", "dimension_separator": ".", "filters": None, "compressor": {"id": "zlib", "level": 1}}
GROUP_2 = {"zarr_format": 2}
HIDDEN = {
    "member of version 2": {"zarr.json": {
        "zarr_format": 3, "node_type": "group", "attributes": {}, "consolidated_metadata": {
            "kind": "inline", "must_understand": False, "metadata": {"x": VERSION_2}}}},
    "member of both versions": {"zarr.json": {
        "zarr_format": 3, "node_type": "group", "attributes": {}, "consolidated_metadata": {
            "kind": "inline", "must_understand": False,
            "metadata": {"x": {**VERSION_2, "node_type": "array"}}}}},
    "array under the name of a group": {".zgroup": GROUP_2, ".zmetadata": {
        "zarr_consolidated_format": 1, "metadata": {
            ".zgroup": GROUP_2, "x/.zgroup": VERSION_2, "x/.zarray": {}}}},
    "documents in a group's": {".zgroup": {**GROUP_2, "consolidated_metadata": {
        "kind": "inline", "must_understand": False, "metadata": {"x": VERSION_2}}}},
}


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_wherever_a_document_names_codecs_they_are_bounded(tmp_path, name):
    """zarr-python takes for an array what says so in any of these ways; some of them it refuses."""
    for file, told in HIDDEN[name].items():
        (tmp_path / file).write_text(json.dumps(told))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "0.0").write_bytes(COMPRESSIONS["numcodecs.zlib"](BOMB_BYTES))
    store = BoundedZarr(LocalStore(tmp_path, read_only=True))
    with little_memory(), pytest.raises(Exception) as refusal:  # noqa: B017
        zarr.open_group(store, mode="r")["x"][...]
    assert not isinstance(refusal.value, MemoryError)


def test_texts_are_as_many_as_the_chunk_has(tmp_path):
    texts = [b"a", b"bc", "ü".encode(), b""]
    items = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    described = document(
        {"name": "vlen-utf8"}, {"name": "zstd"}, data_type="string", shape=(4,), fill="")
    for count, name in [(4, "good"), (2**28, "bad")]:
        chunk = bytes(numcodecs.zstd.compress(count.to_bytes(4, "little") + items))
        folder(tmp_path / name, described, chunk, "c/0")
    assert opened(tmp_path / "good")[...].tolist() == ["a", "bc", "ü", ""]
    with little_memory(), pytest.raises(hub.IntegrityError, match="not 4 elements"):
        opened(tmp_path / "bad")[...]


@pytest.fixture
def bomb(namespace, s3):
    """A group on the server with an array that is as it should be, and one that is not."""
    group = zarr.create_group(HubStore(f"{namespace}/x:v1"))
    group.create_array("good", data=VALUES, chunks=(8, 8), shards=(16, 16),
                       dimension_names=("y", "x"), compressors=zarr.codecs.GzipCodec(level=1))
    bad = group.create_array("bad", shape=VALUES.shape, dtype="<i4", chunks=VALUES.shape,
                             dimension_names=("y", "x"), compressors=zarr.codecs.ZstdCodec())
    assert bad[0, 0] == 0
    s3.put_object(Bucket=namespace, Key="x:v1/bad/c/0/0", Body=zstd_zeros(BOMB_BYTES))
    return f"{namespace}/x:v1"


def test_groups_that_anybody_wrote_are_opened_within_bounds(bomb):
    group = zarr.open_group(ViewStore(bomb), mode="r")
    dataset = xarray.open_dataset(f"hub://{bomb}")
    np.testing.assert_array_equal(group["good"][...], VALUES)
    np.testing.assert_array_equal(dataset["good"], VALUES)
    bad = [group["bad"], dataset["bad"], hub.load(f"{bomb}/bad").to_xarray(),
           xarray.open_zarr(ViewStore(bomb), chunks=None)["bad"],
           zarr.open_array(ViewStore(f"{bomb}/bad"), mode="r")]
    for array in bad:
        with little_memory(), pytest.raises(hub.IntegrityError, match="more than"):
            np.asarray(array[...])


def test_who_trusts_what_is_there_gets_it_as_it_is(bomb, spy):
    array = zarr.open_group(ViewStore(bomb, is_trusted=True), mode="r")["good"]
    assert type(array.metadata.codecs[0]) is zarr.codecs.ShardingCodec
    assert ViewStore(bomb) != ViewStore(bomb, is_trusted=True)
    store = pickle.loads(pickle.dumps(ViewStore(bomb, is_trusted=True)))
    assert store == ViewStore(bomb, is_trusted=True)


@pytest.mark.parametrize("dtype", ["int32", "float64"])
def test_a_copy_names_the_codecs_of_the_specification(bomb, tmp_path, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = xarray.open_dataset(f"hub://{bomb}")[["good"]].load()
        dataset["good"].encoding |= {"dtype": dtype, "shards": None, "chunks": (SIDE, SIDE)}
        dataset.to_zarr(tmp_path / "copy", zarr_format=3)
    written = json.loads((tmp_path / "copy/good/zarr.json").read_bytes())
    assert [codec["name"] for codec in written["codecs"]] == ["bytes", "gzip"]
    np.testing.assert_array_equal(zarr.open_group(tmp_path / "copy")["good"][...], VALUES)
    # A part of a chunk that is larger than those it was copied from is read and written.
    store = MemoryStore()
    compressors = zarr.open_group(ViewStore(bomb), mode="r")["good"].compressors
    array = zarr.create_array(store, shape=(64, 64), chunks=(64, 64), dtype=dtype,
                              compressors=compressors)
    array[...] = 7
    array[3] = 8
    assert array[3, 3] == 8 and zarr.open_array(store)[4, 4] == 7
