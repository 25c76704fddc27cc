"""Files of every kind are read as the libraries that wrote them read them, box by box.

Method: NumPy, h5py, zarr, nibabel, tifffile and Pillow write real data (a scan in four dimensions,
handwritten digits); the boxes that a reader gives are put together and compared with it.
"""

import json
import pathlib
import subprocess
import sys
import zipfile

import h5py
import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image
from sklearn.datasets import load_digits

from hub.errors import Invalid, NotFound
from hub.files.boxes import Boxes, box_shape
from hub.files.hub0_folder import open_hub0
from hub.files.reader import ReadingOptions, open_reader

DIGITS = load_digits().images.astype("u1")
SCAN = pathlib.Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz"


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def read_whole(source, bytes_max=1000, **options):
    """All elements of a file, read in boxes of at most so many bytes, and its layout."""
    with open_reader(source, ReadingOptions(**options)) as reader:
        return assembled(reader, bytes_max), reader.layout


def assembled(reader, bytes_max=1000):
    layout = reader.layout
    result = np.empty(layout.shape, layout.dtype)
    chunks = [max(1, min(3, extent)) for extent in layout.shape]
    for box in Boxes(layout.shape, chunks, layout.dtype.itemsize, bytes_max, layout.order):
        part = reader.read(box)
        assert part.shape == box_shape(box) and part.dtype == layout.dtype
        result[box] = part
    return result


@pytest.mark.parametrize("array", [
    DIGITS, np.asfortranarray(DIGITS), DIGITS[:7, :, 0] > 3, DIGITS[:5].astype(">i4"),
    np.array(7.5), np.zeros((0, 3), "f4"), (DIGITS[3] * 1j).astype("c8"),
], ids=["C", "Fortran", "bool", "big-endian", "scalar", "empty", "complex"])
def test_npy_files(folder, array):
    np.save(folder / "a.npy", array)
    found, layout = read_whole(folder / "a.npy")
    assert np.array_equal(found, array) and found.dtype == array.dtype.newbyteorder("<")
    is_fortran = array.flags.f_contiguous and array.ndim > 1 and array.size
    assert layout.order == ("F" if is_fortran else "C")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_files_give_the_named_member(folder, save):
    path = folder / "a.npz"
    save(path, images=DIGITS, labels=load_digits().target)
    assert np.array_equal(read_whole(path, member="images")[0], DIGITS)
    assert np.array_equal(read_whole(path, member="labels")[0], load_digits().target)
    with pytest.raises(Invalid, match=r"a.npz holds 2 arrays: images, labels.*--member"):
        open_reader(path)
    with pytest.raises(NotFound, match="holds no array pictures; it holds images, labels"):
        open_reader(path, ReadingOptions(member="pictures"))


def test_a_compressed_member_leaves_no_temporary_file(folder, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(folder / "temporary"))
    (folder / "temporary").mkdir()
    np.savez_compressed(folder / "a.npz", DIGITS)
    with open_reader(folder / "a.npz"):
        assert len(list((folder / "temporary").iterdir())) == 1
    assert not list((folder / "temporary").iterdir())


def test_hdf5_files(folder):
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        images = file.create_dataset("set/images", data=DIGITS, chunks=(100, 8, 8), compression=4)
        images.attrs["unit"] = "grey"
        images.attrs["gains"] = np.array([1.5, 2.0])
        for dimension, name in zip(images.dims, "nyx"):
            dimension.label = name
    found, layout = read_whole(path)
    assert np.array_equal(found, DIGITS)
    assert (layout.chunks, layout.dimension_names) == ((100, 8, 8), ("n", "y", "x"))
    assert layout.attributes == {"unit": "grey", "gains": [1.5, 2.0]}
    with h5py.File(path, "a") as file:
        file["other"] = [1, 2]
    assert np.array_equal(read_whole(path, member="/set/images")[0], DIGITS)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr_folders(folder, zarr_format):
    path = folder / "a.zarr"
    group = zarr.create_group(path, zarr_format=zarr_format)
    array = group.create_array(
        "scans/day", shape=DIGITS.shape, dtype="i2", chunks=(500, 8, 4), attributes={"a": [1]})
    array[:] = DIGITS
    found, layout = read_whole(path)
    assert np.array_equal(found, DIGITS) and found.dtype == np.dtype("<i2")
    assert layout.chunks == (500, 8, 4) and layout.attributes == {"a": [1]}
    direct, _ = read_whole(path / "scans/day")
    assert np.array_equal(direct, DIGITS)


def test_zarr_shards_and_archives(folder):
    with zarr.storage.ZipStore(folder / "a.zarr.zip", mode="w") as store:
        array = zarr.create_array(
            store, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="u1",
            dimension_names=["y", "x"])
        array[:] = DIGITS[5]
    found, layout = read_whole(folder / "a.zarr.zip")
    assert np.array_equal(found, DIGITS[5])
    assert (layout.chunks, layout.dimension_names) == ((4, 4), ("y", "x"))


def test_a_compressed_scan_in_four_dimensions(folder, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    image = nibabel.load(SCAN)
    found, layout = read_whole(SCAN, bytes_max=100_000)
    assert np.array_equal(found, np.asarray(image.dataobj))
    assert layout.dimension_names == ("x", "y", "z", "t") and layout.order == "F"
    assert np.array_equal(layout.attributes["affine"], image.affine)
    assert layout.attributes["voxel_sizes"] == pytest.approx(image.header.get_zooms())
    assert not list(folder.iterdir())


def test_a_scaled_volume_is_read_as_floats(folder):
    image = nibabel.Nifti1Image(DIGITS.astype("i2"), np.eye(4))
    image.header.set_slope_inter(0.5, 3)
    nibabel.save(image, folder / "a.nii")
    found, layout = read_whole(folder / "a.nii")
    assert layout.dtype == np.dtype("f8")
    assert np.array_equal(found, np.asarray(nibabel.load(folder / "a.nii").dataobj))


@pytest.mark.parametrize("form", [
    {}, {"compression": "zlib"}, {"tile": (16, 16)}, {"bigtiff": True, "rowsperstrip": 2},
    {"imagej": True}])
def test_tiff_stacks(folder, form, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    stack = DIGITS[:9].astype("u2")
    tifffile.imwrite(folder / "a.tif", stack, metadata={"axes": "ZYX"}, **form)
    found, layout = read_whole(folder / "a.tif")
    assert np.array_equal(found, stack)
    assert layout.dimension_names == ("z", "y", "x")
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("form", [{}, {"compression": "zlib"}])
def test_tiffs_of_the_other_byte_order_and_of_several_series(folder, form):
    with tifffile.TiffWriter(folder / "a.tif", byteorder=">") as writer:
        writer.write(DIGITS[:9].astype("u2"), metadata={"axes": "ZYX"}, **form)
        writer.write(np.stack([DIGITS[0]] * 3, -1), photometric="rgb", **form)
    found, layout = read_whole(folder / "a.tif")
    assert np.array_equal(found, DIGITS[:9]) and layout.dtype == np.dtype("<u2")
    found, layout = read_whole(folder / "a.tif", member="1")
    assert np.array_equal(found, np.stack([DIGITS[0]] * 3, -1))
    assert layout.dimension_names == ("y", "x", "channel")
    with pytest.raises(NotFound, match="holds no series 2; it holds 2, counted from 0"):
        open_reader(folder / "a.tif", ReadingOptions(member="2"))


def test_a_tiff_whose_pages_are_damaged_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    tifffile.imwrite(folder / "a.tif", DIGITS[:9], compression="zlib", rowsperstrip=8)
    with tifffile.TiffFile(folder / "a.tif") as file:
        offset = file.pages[4].dataoffsets[0]
    data = bytearray((folder / "a.tif").read_bytes())
    data[offset : offset + 10] = b"\xff" * 10
    (folder / "a.tif").write_bytes(data)
    with pytest.raises(Invalid, match="a.tif cannot be decoded"):
        open_reader(folder / "a.tif")
    assert not list((tmp_path / "temporary").iterdir())


def test_a_pyramid_gives_its_first_level(folder):
    picture = np.tile(DIGITS[3], (16, 16))
    with tifffile.TiffWriter(folder / "a.tif") as writer:
        writer.write(picture, subifds=1, tile=(16, 16))
        writer.write(picture[::2, ::2], subfiletype=1, tile=(16, 16))
    assert np.array_equal(read_whole(folder / "a.tif", bytes_max=20_000)[0], picture)


def save_pictures(folder, pictures, suffix=".png"):
    for name, pixels in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save((folder / name).with_suffix(suffix))


def test_a_folder_of_pictures_is_in_natural_order(folder):
    save_pictures(folder, {f"scan-{number}": DIGITS[number] for number in range(12)})
    (folder / "notes.txt").write_text("no picture")
    with open_reader(folder) as reader:
        assert np.array_equal(assembled(reader), DIGITS[:12])
        assert reader.layout.dimension_names == ("sample", "y", "x")
        assert reader.labels is None


def test_folders_in_a_folder_are_classes(folder):
    target = load_digits().target[:40]
    save_pictures(
        folder, {f"digit {target[number]}/{number}": DIGITS[number] for number in range(40)})
    order = np.lexsort((np.arange(40), target))
    with open_reader(folder) as reader:
        assert np.array_equal(assembled(reader), DIGITS[:40][order])
        assert np.array_equal(reader.labels, target[order])
        assert reader.layout.attributes == {"classes": [f"digit {n}" for n in range(10)]}


def test_coloured_and_deep_pictures(folder):
    colours = np.stack([DIGITS[:4]] * 3, -1) * np.array([1, 4, 15], "u1")
    save_pictures(folder / "colours", dict(zip("abcd", colours)))
    found, layout = read_whole(folder / "colours")
    assert np.array_equal(found, colours) and layout.chunks == (4, 8, 8, 3)
    save_pictures(folder / "deep", dict(zip("ab", DIGITS[:2].astype("u2") * 4096)))
    assert np.array_equal(read_whole(folder / "deep")[0], DIGITS[:2].astype("u2") * 4096)


def test_pictures_that_differ_want_a_size_or_a_mode(folder):
    save_pictures(folder, {"a": DIGITS[0], "b": DIGITS[1, :, 1:]})
    with pytest.raises(Invalid, match=r"b.png is of 8x7 pixels .* --size 8x8"):
        open_reader(folder)
    assert read_whole(folder, size=(4, 6))[0].shape == (2, 4, 6)
    save_pictures(folder, {"b": np.stack([DIGITS[1]] * 3, -1)})
    with pytest.raises(Invalid, match=r"b.png is of the mode RGB, a.png of L.*--mode"):
        open_reader(folder)
    found, _ = read_whole(folder, mode="RGB")
    assert np.array_equal(found[0], np.stack([DIGITS[0]] * 3, -1))


def test_arrays_of_the_original_hub(folder):
    """The layout is written by hand after the client's own source: Fortran order, full chunks,
    names clipped at the edge."""
    data = DIGITS[:10].astype("<f4")
    info = {"shape": data.shape, "chunk_shape": [4, 8, 5], "dtype": "float32", "dclass": "array",
            "order": "F", "key": "me/digits/v1", "protocol": "s3"}
    (folder / "info.txt").write_text(json.dumps(info))
    padded = np.zeros((12, 8, 10), "<f4")
    padded[:10, :, :8] = data
    for i, k in [(0, 0), (4, 0), (8, 0), (0, 5), (8, 5)]:
        name = f"{i}-{min(i + 4, 10)}_0-8_{k}-{min(k + 5, 8)}"
        (folder / name).write_bytes(padded[i : i + 4, :, k : k + 5].tobytes("F"))
    data[4:8, :, 5:] = 0
    with open_hub0(str(folder)) as reader:
        assert np.array_equal(assembled(reader, 300), data)
    (folder / "0-4_0-8_0-5").write_bytes(b"short")
    with open_hub0(str(folder)) as reader, pytest.raises(Invalid, match="has 5 bytes, not 640"):
        assembled(reader)


@pytest.mark.parametrize("name, content, message", [
    ("a.npy", b"\x93NUMPY\x01\x00", "is no whole .npy file"),
    ("a.npz", b"no zip", "is no archive of NumPy's"),
    ("a.h5", b"no hdf", "is no HDF5 file"),
    ("a.nii", b"no volume", "is no whole NIfTI file"),
    ("a.nii.gz", b"no gzip", "is no whole NIfTI file"),
    ("a.tif", b"no tiff", "is no TIFF file"),
    ("a.png", b"", r"is of no kind that can be read. Kinds: .*\.npy"),
])
def test_what_is_none_of_its_kind_is_refused_by_name(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(Invalid, match=message) as refusal:
        open_reader(folder / name)
    assert str(refusal.value).startswith(str(folder / name))


def test_folders_without_arrays_are_refused(folder):
    with pytest.raises(Invalid, match="There are no pictures in"):
        open_reader(folder)
    (folder / "a.zarr").mkdir()
    with pytest.raises(Invalid, match="holds no Zarr array"):
        open_reader(folder / "a.zarr")
    with pytest.raises(NotFound, match="There is no file or folder"):
        open_reader(folder / "missing.npy")
    with pytest.raises(NotFound, match="has no info.txt"):
        open_hub0(str(folder))


@pytest.mark.parametrize("array", [
    np.array(["text"]), np.array([(1, 2.0)], "i4,f8"), np.zeros(3, "M8[s]"), np.zeros(2, "g")])
def test_elements_that_arrays_cannot_have_are_refused(folder, array):
    np.save(folder / "a.npy", array)
    with pytest.raises(Invalid, match="elements of type .* cannot be kept"):
        open_reader(folder / "a.npy")
    with zipfile.ZipFile(folder / "b.npz", "w") as archive:
        archive.write(folder / "a.npy", "a.npy")
    with pytest.raises(Invalid, match="elements of type .* cannot be kept"):
        open_reader(folder / "b.npz")


def test_a_truncated_file_is_refused_before_anything_is_sent(folder):
    np.save(folder / "a.npy", DIGITS)
    whole = (folder / "a.npy").read_bytes()
    (folder / "a.npy").write_bytes(whole[:-1])
    with pytest.raises(Invalid, match="is no whole .npy file"):
        open_reader(folder / "a.npy")


def test_the_fingerprint_follows_the_file(folder):
    marks = []
    for name, array in [("a", DIGITS), ("a", DIGITS[:5]), ("b", DIGITS[:5])]:
        np.save(folder / f"{name}.npy", array)
        with open_reader(folder / f"{name}.npy") as reader:
            marks.append(reader.fingerprint)
        with open_reader(folder / f"{name}.npy") as reader:
            assert reader.fingerprint == marks[-1]
    assert len(set(marks)) == 3


SUMMED_UNDER_A_LIMIT = """
import resource, sys
from hub.files.boxes import Boxes
from hub.files.reader import open_reader
resource.setrlimit(resource.RLIMIT_DATA, (150 << 20, 150 << 20))
with open_reader(sys.argv[1]) as reader:
    boxes = Boxes(reader.layout.shape, (1, 1000, 1000), 1, 4 << 20, reader.layout.order)
    print(sum(int(reader.read(box).sum()) for box in boxes))
"""


def test_a_compressed_file_larger_than_the_memory_is_read(folder):
    """The memory limit counts what a process allocates, not what it maps."""
    planes, plane = 200, np.arange(1_000_000, dtype="u4").astype("u1").reshape(1000, 1000)
    with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("a.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "|u1", "fortran_order": False, "shape": (planes, 1000, 1000)})
            for _ in range(planes):
                file.write(plane.tobytes())
    done = subprocess.run(
        [sys.executable, "-c", SUMMED_UNDER_A_LIMIT, folder / "a.npz"],
        capture_output=True, text=True, timeout=60, env={"OPENBLAS_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == planes * int(plane.sum(dtype="u8"))
