"""What is written into a file is what the library of that kind of file reads back.

Method: boxes of real data (digits, a scan in four dimensions) go in; NumPy, h5py, zarr, nibabel,
tifffile and Pillow read the whole.
"""

import os
import pathlib
import pkgutil
import signal
import threading
import time

import h5py
import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image
from sklearn.datasets import load_digits

from hub.errors import Conflict, Invalid
from hub.files.boxes import Boxes
from hub.files.layout import Layout
from hub.files.writer import open_writer

DIGITS = load_digits().images[:200].astype("u1")
SCAN = nibabel.load(pathlib.Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz")


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def write(target, array, overwrite=False, **more):
    layout = Layout(array.shape, array.dtype, **more)
    with open_writer(target, layout, overwrite) as writer:
        for box in Boxes(array.shape, writer.chunks, array.dtype.itemsize, 5000, layout.order):
            writer.write(box, array[box])


def read_hdf5(path):
    with h5py.File(path) as file:
        return file["array"][...]


READ = {
    ".npy": np.load,
    ".npz": lambda path: np.load(path)["array"],
    ".h5": read_hdf5,
    ".zarr": lambda path: zarr.open_array(path, mode="r")[...],
    ".nii": lambda path: np.asarray(nibabel.load(path).dataobj),
    ".nii.gz": lambda path: np.asarray(nibabel.load(path).dataobj),
    ".tif": tifffile.imread,
}


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize("array", [DIGITS, DIGITS.astype("<f4") / 16], ids=["u1", "f4"])
def test_every_kind_of_file(folder, suffix, array):
    write(folder / f"a{suffix}", array, chunks=(50, 8, 4))
    found = READ[suffix](folder / f"a{suffix}")
    assert np.array_equal(found, array) and found.dtype == array.dtype
    assert [path.name for path in folder.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".zarr"])
@pytest.mark.parametrize("array", [np.array(7), np.zeros((0, 3), "f4")], ids=["scalar", "empty"])
def test_arrays_without_elements_or_axes(folder, suffix, array):
    write(folder / f"a{suffix}", array)
    found = READ[suffix](folder / f"a{suffix}")
    assert np.array_equal(found, array) and found.shape == array.shape


def test_a_volume_keeps_its_place_in_the_world(folder):
    data = np.asarray(SCAN.dataobj)
    attributes = {
        "affine": SCAN.affine.tolist(),
        "voxel_sizes": [float(size) for size in SCAN.header.get_zooms()]}
    write(folder / "a.nii.gz", data, order="F", attributes=attributes)
    found = nibabel.load(folder / "a.nii.gz")
    assert np.array_equal(np.asarray(found.dataobj), data)
    assert np.allclose(found.affine, SCAN.affine)
    assert found.header.get_zooms() == pytest.approx(SCAN.header.get_zooms())


def test_names_attributes_and_chunks_are_kept(folder):
    described = dict(
        chunks=(50, 8, 8), dimension_names=("t", "y", "x"),
        attributes={"unit": "K", "list": [1, 2]})
    write(folder / "a.h5", DIGITS, **described)
    write(folder / "a.zarr", DIGITS, **described)
    with h5py.File(folder / "a.h5") as file:
        array = file["array"]
        assert array.chunks == (50, 8, 8) and [axis.label for axis in array.dims] == ["t", "y", "x"]
        assert array.attrs["unit"] == "K" and list(array.attrs["list"]) == [1, 2]
    array = zarr.open_array(folder / "a.zarr")
    assert array.chunks == (50, 8, 8) and array.metadata.dimension_names == ("t", "y", "x")
    assert array.attrs.asdict() == {"unit": "K", "list": [1, 2]}
    write(folder / "a.tif", DIGITS, **described)
    with tifffile.TiffFile(folder / "a.tif") as file:
        assert file.series[0].axes == "TYX"


def test_a_folder_of_pictures(folder):
    write(f"{folder}/grey/", DIGITS, chunks=(30, 8, 8))
    names = sorted(path.name for path in (folder / "grey").iterdir())
    assert names == [f"{number:03}.png" for number in range(200)]
    for number, name in enumerate(names):
        assert np.array_equal(np.asarray(Image.open(folder / "grey" / name)), DIGITS[number])
    colours = np.stack([DIGITS[:3]] * 3, -1)
    write(f"{folder}/colours/", colours)
    assert np.array_equal(np.asarray(Image.open(folder / "colours/2.png")), colours[2])


def test_what_is_there_is_replaced_only_if_asked(folder):
    for suffix in (".npy", ".zarr"):
        target = folder / f"a{suffix}"
        write(target, DIGITS)
        with pytest.raises(Conflict, match="exists. .*--overwrite"):
            write(target, DIGITS[:3])
        write(target, DIGITS[:3], overwrite=True)
        assert np.array_equal(READ[suffix](target), DIGITS[:3])


@pytest.mark.parametrize("suffix", [*READ, "/"])
def test_a_failure_leaves_nothing_behind(folder, suffix):
    with pytest.raises(KeyboardInterrupt):
        with open_writer(f"{folder}/a{suffix}", Layout(DIGITS.shape, DIGITS.dtype)) as writer:
            writer.write((slice(0, 5), slice(0, 8), slice(0, 8)), DIGITS[:5])
            raise KeyboardInterrupt
    assert not list(folder.iterdir())


@pytest.mark.parametrize("suffix", [".npz", ".nii.gz"])
def test_what_is_left_by_an_exception_is_not_compressed(folder, suffix, monkeypatch):
    compressed = []
    monkeypatch.setattr("zipfile.ZipFile", lambda *_, **__: compressed.append("zip"))
    monkeypatch.setattr("gzip.open", lambda *_, **__: compressed.append("gzip"))
    with pytest.raises(KeyboardInterrupt):
        with open_writer(f"{folder}/a{suffix}", Layout(DIGITS.shape, DIGITS.dtype)):
            raise KeyboardInterrupt
    assert not compressed and not list(folder.iterdir())


@pytest.mark.parametrize("suffix", [".h5", ".zarr"])
def test_an_interrupt_waits_for_what_a_library_is_at(folder, suffix, monkeypatch):
    """The interrupt comes while a chunk is written; it ends the pull, and not the library's work."""
    ended, first = [], threading.Lock()

    def interrupts(whole):
        def write(*arguments, **options):
            if first.acquire(blocking=False):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)
            ended.append(threading.current_thread())
            return whole(*arguments, **options)
        return write

    with pytest.raises(KeyboardInterrupt):
        # Chunks that HDF5 does not keep in memory until the end.
        layout = Layout((4, 1 << 21), np.dtype("u1"), chunks=(1, 1 << 21))
        with open_writer(f"{folder}/a{suffix}", layout) as writer:
            target = {".h5": "hub.files.hdf5_writer.UnfailingFile.write",
                      ".zarr": "zarr.storage._local._put"}[suffix]
            module, _, name = target.rpartition(".")
            owner = pkgutil.resolve_name(module)
            monkeypatch.setattr(owner, name, interrupts(getattr(owner, name)))
            writer.write((slice(0, 4), slice(0, 1 << 21)), np.ones((4, 1 << 21), "u1"))
            raise AssertionError("no interrupt came")
    assert ended and threading.main_thread() not in ended
    assert not list(folder.iterdir())


@pytest.mark.parametrize("target, array, message", [
    ("a.doc", DIGITS, "is of no kind that can be written. Kinds: .npy"),
    ("missing/a.npy", DIGITS, "There is no folder .*missing to write a.npy into"),
    ("a.nii", DIGITS > 3, "NIfTI has no elements of type bool"),
    ("a.tif", DIGITS[0, 0], "a TIFF has two axes or more"),
    ("a/", DIGITS[0], "makes no pictures"),
    ("a/", DIGITS.astype("f4"), r"float32 of \(200, 8, 8\) makes no pictures"),
])
def test_what_cannot_be_written_is_refused_by_name(folder, target, array, message):
    with pytest.raises(Invalid, match=message):
        write(f"{folder}/{target}", array)
    assert not list(folder.iterdir())
