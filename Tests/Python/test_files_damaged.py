"""What is damaged, cut or made to confuse is refused in a sentence that names it, at any place.

Method: whole files of each kind are cut and changed at random places by one seed; beside them stand
documents and pictures that were made so that their libraries fail in ways of their own.
"""

import json
import random
import struct
import zipfile
import zlib

import h5py
import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from hub.errors import HubError, Invalid
from hub.files.hub0_folder import open_hub0
from hub.files.reader import open_reader

VALUES = np.random.default_rng(7).normal(size=(6, 16, 16)).astype("f4")


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def read_whole(source):
    with open_reader(source) as reader:
        return reader.read(tuple(slice(0, extent) for extent in reader.layout.shape))


def write_hdf5(path, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=VALUES, **options)


WRITERS = {
    "a.npy": lambda path: np.save(path, VALUES),
    "a.npz": lambda path: np.savez_compressed(path, VALUES),
    "a.h5": lambda path: write_hdf5(path),
    "b.h5": lambda path: write_hdf5(path, chunks=(2, 16, 16), compression=4, fletcher32=True),
    "a.nii": lambda path: nibabel.save(nibabel.Nifti1Image(VALUES, np.eye(4)), path),
    "a.nii.gz": lambda path: nibabel.save(nibabel.Nifti1Image(VALUES, np.eye(4)), path),
    "a.tif": lambda path: tifffile.imwrite(path, VALUES),
    "b.tif": lambda path: tifffile.imwrite(path, VALUES, compression="zlib", tile=(16, 16)),
    "a.zarr.zip": lambda path: write_archive(path),
}


def write_archive(path):
    with zarr.storage.ZipStore(path, mode="w") as store:
        zarr.create_array(store, data=VALUES, chunks=(2, 16, 16))


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files(folder, name):
    WRITERS[name](folder / name)
    whole = (folder / name).read_bytes()
    assert np.array_equal(read_whole(folder / name), VALUES)
    chance = random.Random(name)
    refusals = 0
    for number in range(60):
        damaged = bytearray(whole)
        if number % 3 == 0:
            del damaged[chance.randrange(len(damaged)):]
        else:
            for _ in range(number % 20 + 1):
                damaged[chance.randrange(min(len(damaged), 1500))] = chance.randrange(256)
        (folder / name).write_bytes(damaged)
        try:
            read_whole(folder / name)
        except HubError as error:
            assert str(folder / name) in str(error), error
            refusals += 1
        except MemoryError:
            pass
    assert refusals > 10


@pytest.mark.parametrize("bytes_left", [100, 352, 400, 5000])
def test_a_cut_volume(folder, bytes_left):
    WRITERS["a.nii"](folder / "a.nii")
    whole = (folder / "a.nii").read_bytes()
    (folder / "a.nii").write_bytes(whole[:bytes_left])
    with pytest.raises(Invalid, match="a.nii (cannot be read|is no whole NIfTI file)"):
        read_whole(folder / "a.nii")


DOCUMENTS = {
    "list": "[]", "object": "{}", "null": "null", "number": "7", "none": "", "deep": "[" * 100_000,
    "members": '{"zarr_format":3,"node_type":"array"}', "no text": "\udcff",
    "huge": '{"zarr_format":3,"node_type":"array","shape":[1e99],"data_type":"float32"}',
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("name", ["zarr.json", ".zarray", ".zgroup"])
def test_documents_of_zarr(folder, name, text):
    (folder / "a.zarr").mkdir()
    (folder / "a.zarr" / name).write_text(text, errors="surrogateescape")
    with pytest.raises(Invalid, match="a.zarr (holds no|cannot be read)"):
        read_whole(folder / "a.zarr")


@pytest.mark.parametrize("change", [
    {"shape": [-5]}, {"data_type": "float99"}, {"codecs": 5}, {"codecs": [{"name": "unheard"}]},
    {"chunk_grid": None}, {"shape": ["a"]}, {"fill_value": {}}, {"dimension_names": 5},
    {"attributes": 7}, {"data_type": "string", "fill_value": ""},
])
@pytest.mark.filterwarnings("ignore")
def test_wrong_members_of_a_zarr_document(folder, change):
    zarr.create_array(folder / "a.zarr", data=VALUES)
    path = folder / "a.zarr/zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(Invalid, match="a.zarr"):
        read_whole(folder / "a.zarr")


def test_a_damaged_chunk_of_zarr(folder):
    zarr.create_array(folder / "a.zarr", data=VALUES, chunks=VALUES.shape)
    (folder / "a.zarr/c/0/0/0").write_bytes(b"no chunk")
    with pytest.raises(Invalid, match="a.zarr cannot be read"):
        read_whole(folder / "a.zarr")


def png(width, height):
    """A picture that says of itself how large it is, and is not.

    Source: PNG specification, sections 5.3 and 11.2.1.
    """
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(1000)))
            + part(b"IEND", b""))


@pytest.mark.parametrize("content", [
    png(60_000, 60_000), png(100, 100), png(0, 5), b"", b"\x89PNG\r\n\x1a\n", b"GIF89a",
    b"II*\0" + bytes(range(200)), b"P6 99999999999 1 255\n", b"BM" + bytes(range(60)),
], ids=["bomb", "lie", "empty", "none", "PNG", "GIF", "TIFF", "PPM", "BMP"])
@pytest.mark.filterwarnings("ignore")
def test_pictures(folder, content):
    Image.fromarray(np.zeros((100, 100, 3), "u1")).save(folder / "b.png")
    (folder / "a.png").write_bytes(content)
    with pytest.raises(Invalid, match="a.png is no (whole )?picture"):
        read_whole(folder)


@pytest.mark.parametrize("method, flags", [(99, 0), (8, 1)], ids=["unknown method", "encrypted"])
def test_archives_of_numpys(folder, method, flags):
    """Source: APPNOTE.TXT 4.3.12, the fields of a central directory's header."""
    np.savez(folder / "a.npz", VALUES)
    data = bytearray((folder / "a.npz").read_bytes())
    start = data.rindex(b"PK\x01\x02")
    data[start + 8 : start + 12] = struct.pack("<HH", flags, method)
    (folder / "a.npz").write_bytes(data)
    with zipfile.ZipFile(folder / "a.npz") as archive:
        assert archive.infolist()[0].compress_type == method
    with pytest.raises(Invalid, match="a.npz cannot be read"):
        read_whole(folder / "a.npz")


@pytest.mark.parametrize("text", [
    "[]", "[" * 100_000, '{"dclass": 5}', "7", "\udcff",
    '{"shape": [5], "chunk_shape": [5], "dtype": "O"}',
])
def test_documents_of_the_original_hub(folder, text):
    (folder / "info.txt").write_text(text, errors="surrogateescape")
    with pytest.raises(Invalid, match="work"):
        open_hub0(str(folder))
