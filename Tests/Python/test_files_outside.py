"""A file or folder that is pushed takes nothing along from outside of it, whatever it names.

Method: a file that nobody meant to push lies beside the folder; HDF5, Zarr, OME-TIFF, pictures and
arrays of the original Hub name it in the ways that their formats and the file system have.
"""

import json
import os

import h5py
import hub
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from hub.errors import Invalid, NotFound
from hub.files.hub0_folder import open_hub0
from hub.files.reader import ReadingOptions, open_reader

SECRET = b"aws_secret_access_key = nobody-else's"


@pytest.fixture
def folder(tmp_path):
    """An empty folder, beside which lies a secret."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def read_whole(source, **options):
    with open_reader(source, ReadingOptions(**options)) as reader:
        return reader.read(tuple(slice(0, extent) for extent in reader.layout.shape))


def test_the_elements_of_an_hdf5_file_lie_in_it(folder, connected, namespace):
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset(
            "x", shape=(10,), dtype="u1", external=[(str(folder.parent / "secret"), 0, 10)])
        file["y"] = np.arange(3)
    with pytest.raises(Invalid, match=r"a.h5: the elements of x lie in another file, .*secret"):
        hub.push(folder / "a.h5", f"{namespace}/a:v1", member="x", show_progress=False)
    with pytest.raises(NotFound):
        hub.load(f"{namespace}/a:v1")
    assert read_whole(folder / "a.h5", member="y").tolist() == [0, 1, 2]


def virtual(file, name, source, shape=(3,)):
    layout = h5py.VirtualLayout(shape=shape, dtype="i8")
    layout[:] = source
    file.create_virtual_dataset(name, layout)


def test_a_virtual_hdf5_data_set_is_made_of_its_own_file(folder):
    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = np.arange(3)
    with h5py.File(folder / "a.h5", "w") as file:
        own = file.create_dataset("group/own", data=np.arange(3, 6))
        virtual(file, "inside", h5py.VirtualSource(own))
        virtual(file, "outside", h5py.VirtualSource(str(folder / "other.h5"), "x", shape=(3,)))
        virtual(file, "twice", h5py.VirtualSource(file["outside"]))
        file["link"] = h5py.ExternalLink(str(folder / "other.h5"), "x")
        virtual(file, "linked", h5py.VirtualSource(".", "link", shape=(3,)))
    assert read_whole(folder / "a.h5", member="inside").tolist() == [3, 4, 5]
    for member in ("outside", "twice", "linked"):
        with pytest.raises(Invalid, match=r"a.h5: the elements of \w+ lie in another file"):
            open_reader(folder / "a.h5", ReadingOptions(member=member))
    with pytest.raises(NotFound, match="holds no array link"):
        open_reader(folder / "a.h5", ReadingOptions(member="link"))


def make_zarr(path, zarr_format=3):
    array = zarr.create_array(
        path, shape=(len(SECRET) * 2,), chunks=(len(SECRET),), dtype="u1", compressors=None,
        filters=None, fill_value=0, zarr_format=zarr_format)
    array[:] = 1
    return array


@pytest.mark.parametrize("link", ["chunk", "folder", "document", "absolute", "chain"])
def test_what_a_zarr_folder_links_to_lies_in_it(folder, link):
    path = folder / "a.zarr"
    make_zarr(path)
    (folder.parent / "chunks").mkdir()
    (folder.parent / "chunks/0").write_bytes(SECRET)
    target, place = {
        "chunk": ("../../../secret", "c/0"), "folder": ("../../chunks", "c"),
        "document": ("../../secret", "zarr.json"),
        "absolute": (str(folder.parent / "secret"), "c/1"), "chain": ("../next", "c/1"),
    }[link]
    if link == "folder":
        (path / "c").rename(path / "d")
    else:
        (path / place).unlink()
    (path / "next").symlink_to("../../secret")
    if link != "chain":
        (path / "next").unlink()
    (path / place).symlink_to(target)
    assert (path / place).exists()
    with pytest.raises(Invalid, match=rf"a.zarr/{place if link != 'chain' else ''}.* leads out of"):
        open_reader(path)


def test_links_within_a_folder_are_followed(folder):
    make_zarr(folder / "a.zarr")
    (folder / "a.zarr/c/0").write_bytes(SECRET)
    (folder / "a.zarr/c/1").unlink()
    (folder / "a.zarr/c/1").symlink_to("0")
    (folder / "b.zarr").symlink_to("a.zarr")
    for name in ("a.zarr", "b.zarr"):
        assert read_whole(folder / name).tobytes() == SECRET * 2


def test_members_of_a_zarr_group_lie_in_it(folder):
    zarr.create_group(folder / "a.zarr")
    make_zarr(folder / "other.zarr")
    (folder / "a.zarr/x").symlink_to("../other.zarr")
    with pytest.raises(Invalid, match="a.zarr/x .* leads out of"):
        open_reader(folder / "a.zarr", ReadingOptions(member="x"))


def test_pictures_of_a_folder_lie_in_it(folder):
    pixels = np.arange(64, dtype="u1").reshape(8, 8)
    (folder / "all").mkdir()
    for place in ("all/a.png", "all/c.png", "../b.png"):
        Image.fromarray(pixels).save(folder / place)
    (folder / "all/d.png").symlink_to("c.png")
    assert read_whole(folder).shape == (3, 8, 8)
    (folder / "all/b.png").symlink_to("../../b.png")
    with pytest.raises(Invalid, match=r"all/b.png .* leads out of .*Put what it leads to"):
        open_reader(folder)


def test_chunks_of_the_original_hub_lie_in_their_folder(folder):
    info = {"shape": [10], "chunk_shape": [10], "dtype": "uint8", "dclass": "array"}
    (folder / "info.txt").write_text(json.dumps(info))
    (folder.parent / "ten").write_bytes(SECRET[:10])
    (folder / "0-10").symlink_to("../ten")
    with pytest.raises(Invalid, match="0-10 .* leads out of"):
        open_hub0(str(folder))


def test_the_pages_of_an_ome_tiff_lie_in_it(folder):
    """Source: OME Data Model, "OME-TIFF specification", files of several parts."""
    pages = np.arange(2 * 64, dtype="u1").reshape(2, 8, 8)
    tifffile.imwrite(folder / "other.ome.tif", pages[1], description=document("b"), metadata=None)
    tifffile.imwrite(folder / "a.ome.tif", pages[0], description=document("a"), metadata=None)
    assert np.array_equal(tifffile.imread(folder / "a.ome.tif"), pages)
    with pytest.raises(Invalid, match="a.ome.tif: pages of it lie in another file"):
        open_reader(folder / "a.ome.tif")


def document(own):
    """An OME description of two planes, each of which is in a file of its own."""
    names = {"a": "a.ome.tif", "b": "other.ome.tif"}
    planes = "".join(
        f'<TiffData FirstZ="{number}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{letter * 8}-0000-4000-8000-000000000000</UUID>'
        "</TiffData>" for number, (letter, name) in enumerate(names.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        f'UUID="urn:uuid:{own * 8}-0000-4000-8000-000000000000"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="8" SizeY="8" SizeZ="2" '
        'SizeC="1" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f"{planes}</Pixels></Image></OME>")


def test_a_picture_is_of_a_known_kind_whatever_its_name(folder):
    """Pillow hands PostScript to another program, which may read what it likes."""
    (folder / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n")
    Image.open(folder / "a.png").close()
    with pytest.raises(Invalid, match="a.png is no picture"):
        open_reader(folder)


def test_a_link_that_leads_nowhere_is_told(folder):
    make_zarr(folder / "a.zarr")
    os.symlink("loop", folder / "a.zarr/loop")
    (folder / "a.zarr/gone").symlink_to("nothing")
    assert read_whole(folder / "a.zarr").sum() == 2 * len(SECRET)


def test_the_address_of_a_bucket_holds_no_secret():
    for source, endpoint in (("s3://key:S3CRET@bucket/me/x/v1", "http://127.0.0.1:1"),
                             ("s3://bucket/me/x/v1", "http://key:S3CRET@127.0.0.1:1")):
        with pytest.raises(Invalid, match="do not belong into") as refusal:
            open_hub0(source, endpoint)
        assert "S3CRET" not in str(refusal.value)
