"""Arrays pulled into files are what NumPy reads from the array, whatever the size and the part.

Method: real data goes to a real server; the libraries of the files read what was pulled.
"""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import zarr
from sklearn.datasets import load_digits

import hub
from hub.errors import Conflict, Invalid, NotFound, Unavailable
from hub.files.file_writers import NpyWriter
from hub.reference import Reference
from hub.transfer.pull import pull

DIGITS = load_digits().images.astype("u1")


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def digits(client, namespace):
    """The name of an array of digits, with names of axes and attributes."""
    reference = Reference.parse(f"{namespace}/digits:v1")
    client.create_array(reference, {
        "shape": DIGITS.shape, "dtype": "uint8", "chunks": [100, 8, 8],
        "dimension_names": ["n", "y", "x"], "attributes": {"source": "UCI"}})
    client.write_region(reference, "", DIGITS)
    return str(reference)


def test_names_chunks_and_attributes_come_along(digits, folder):
    pulled = pull(digits, folder / "a.zarr")
    assert (pulled.shape, pulled.dtype) == (DIGITS.shape, "uint8")
    assert pulled.bytes_total == DIGITS.nbytes
    array = zarr.open_array(folder / "a.zarr", mode="r")
    assert np.array_equal(array[:], DIGITS) and array.chunks == (100, 8, 8)
    assert array.metadata.dimension_names == ("n", "y", "x")
    assert array.attrs["source"] == "UCI"
    pull(digits, folder / "a.h5")
    with h5py.File(folder / "a.h5") as file:
        assert np.array_equal(file["array"], DIGITS) and file["array"].attrs["source"] == "UCI"


@pytest.mark.parametrize("index", [
    np.s_[5], np.s_[5:900:7, ::-1], np.s_[..., 3], np.s_[[7, 3, 3]], np.s_[3, 4, 5], np.s_[9:3]])
def test_parts(digits, folder, index):
    pull(digits, folder / "a.npy", index=index)
    found = np.load(folder / "a.npy")
    assert np.array_equal(found, DIGITS[index]) and found.shape == DIGITS[index].shape


def test_arrays_and_views_are_taken_as_they_are(digits, folder):
    pull(hub.load(digits), folder / "a.npy")
    pull(hub.load(digits).lazy[10:20], folder / "b.npy")
    assert np.array_equal(np.load(folder / "a.npy"), DIGITS)
    assert np.array_equal(np.load(folder / "b.npy"), DIGITS[10:20])


def test_one_state_is_pulled_if_there_is_a_commit(client, digits, folder, monkeypatch):
    reference = Reference.parse(digits)
    client.commit(reference)
    monkeypatch.setattr("hub.files.boxes.BOX_BYTES_MAX", 100 * 64)
    write, written = NpyWriter.write, []

    def changes(writer, box, elements):
        if not written:
            client.write_region(reference, "", 255 - DIGITS)
        written.append(box)
        write(writer, box, elements)

    monkeypatch.setattr(NpyWriter, "write", changes)
    pull(digits, folder / "a.npy")
    assert np.array_equal(np.load(folder / "a.npy"), DIGITS) and len(written) == 18


def test_a_failure_leaves_no_file(client, digits, folder, monkeypatch):
    monkeypatch.setattr("hub.files.boxes.BOX_BYTES_MAX", 100 * 64)
    array, left = hub.load(digits), iter(range(5))

    class Breaks:
        shape, dtype, chunks = array.shape, array.dtype, array.chunks
        reference, description = array.reference, array.description

        def __getitem__(self, box):
            if next(left, None) is None:
                raise Unavailable("The connection broke.")
            return array[box]

    with pytest.raises(Unavailable):
        pull(Breaks(), folder / "a.npy")
    assert not list(folder.iterdir())


def test_what_cannot_be_pulled(digits, folder, namespace):
    with pytest.raises(NotFound, match="versions there: v1"):
        pull(f"{namespace}/digits:v2", folder / "a.npy")
    with pytest.raises(Invalid, match="is of no kind that can be written. Kinds: .npy, .npz, "):
        pull(digits, folder / "a.doc")
    (folder / "a.npy").touch()
    with pytest.raises(Conflict, match="a.npy exists"):
        pull(digits, folder / "a.npy")


@pytest.mark.parametrize(("target", "hint"), [
    ("a.csv", "`hub get NAME -o {}` writes a .csv, of a slice as 'NAME[0]' too. Kinds: "),
    ("a.json", "`hub get NAME -o {}`"), ("a.raw", "`hub get NAME -o {}`"),
    ("a.PNG", "`hub get NAME -o {}` writes a .png"), ("a.jpg", "`hub show 'NAME[0]' -o {}`"),
    ("-", "`hub get NAME --format npy` writes to standard output. Kinds: "),
])
def test_what_another_command_writes_is_told(digits, folder, target, hint):
    with pytest.raises(Invalid) as raised:
        pull(digits, folder / target)
    assert f"is of no kind that can be written. {hint.format(folder / target)}" in str(raised.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("target", ["a.npy", "a.npz", "a.nii", "a.nii.gz", "a.tif"])
def test_an_array_that_no_disk_holds_is_refused_at_once(client, namespace, folder, target):
    reference = Reference.parse(f"{namespace}/large:v1")
    client.create_array(reference, {"shape": [10**10, 512, 512, 3], "dtype": "float64"})
    with hub.trace() as trace, pytest.raises(Invalid) as raised:
        pull(str(reference), folder / target)
    assert str(raised.value) == (
        f"{folder / target} cannot be written: No space left on device. Take a part of the array, as"
        " 'NAME[0:100]' or by index=, or a place with more room.")
    assert trace.requests <= 3 and list(folder.iterdir()) == []


def test_a_part_is_not_a_part_of_the_name(digits, folder):
    for ask in (lambda: hub.load(f"{digits}[0:2]"), lambda: pull(f"{digits}[0:2]", folder / "a.npy")):
        with pytest.raises(Invalid) as raised:
            ask()
        assert (f'A part is taken of what was loaded, hub.load("{digits}")[0:2], or by index= of'
                " hub.pull; the commands get, pull, show and stats take one") in str(raised.value)
    with pytest.raises(Invalid, match="Names look like namespace/name:tag"):
        hub.load(f"{digits}[0:2")


@pytest.mark.parametrize("target", ["a.npy", "a.npz", "a.h5", "a.zarr", "a.nii", "a.tif", "a/"])
def test_a_target_that_cannot_be_written_is_told_by_its_name(digits, target):
    with pytest.raises(Invalid, match=f"/proc/{target.rstrip('/')} cannot be written") as raised:
        pull(digits, f"/proc/{target}")
    assert "partial" not in str(raised.value)


def test_what_killed_pulls_left_is_swept_when_it_is_old(digits, folder):
    """The highest process id there can be is none; the others are those of this test."""
    gone, ours = 2**22, os.getpid()
    names = [f".{gone}.partial.x.npy", f".{gone}.partial.y.zarr", f".{ours}.partial.z.npy",
             ".word.partial.n.npy", f".{gone}.partial.young.npy"]
    for name in names:
        (folder / name).mkdir() if "zarr" in name else (folder / name).touch()
    (folder / names[1] / "zarr.json").touch()
    for name in names[:4]:
        os.utime(folder / name, (0, 0))
    pull(digits, folder / "a.npy")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names[2:], "a.npy"])


LIMITED = """
import resource, sys
import hub.arrays, hub.files.file_writers
from hub.transfer.pull import pull
resource.setrlimit(resource.RLIMIT_DATA, (320 << 20, 320 << 20))
print(pull(sys.argv[1], sys.argv[2]).bytes_total)
"""


def test_an_array_larger_than_the_memory(client, settings, namespace, folder):
    """The limit counts what a process allocates, not what it maps."""
    reference = Reference.parse(f"{namespace}/large:v1")
    client.create_array(
        reference, {"shape": [400, 1000, 1000], "dtype": "uint8", "chunks": [4, 1000, 1000]})
    plane = np.arange(10**6, dtype="u4").astype("u1").reshape(1000, 1000)
    client.write_region(reference, "::100", plane)
    environment = {**os.environ, "HUB_ENDPOINT": settings["endpoint"],
                   "HUB_ACCESS_KEY": settings["access_key"], "OPENBLAS_NUM_THREADS": "1",
                   "HUB_SECRET_KEY": settings["secret_key"], "HUB_CACHE_BYTES_MAX": "100MB"}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(reference), folder / "a.npy"], env=environment,
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    found = np.load(folder / "a.npy", mmap_mode="r")
    assert found.shape == (400, 1000, 1000) and np.array_equal(found[300], plane)
    assert int(found[::100].sum(dtype="i8")) == int(found.sum(dtype="i8")) == 4 * int(
        plane.sum(dtype="i8"))
