"""What is there is replaced only by its own kind, at one moment, and survives what goes wrong.

Method: folders hold files that a pull has not written, or a replacement breaks between its steps;
what is on the disk afterwards is compared with what was there before.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import zarr
from PIL import Image

import hub.files.replacement as replacement
from hub.errors import Conflict, Invalid
from hub.files.layout import Layout
from hub.files.replacement import written_file
from hub.files.writer import open_writer

PICTURES = np.arange(3 * 4 * 4, dtype="u1").reshape(3, 4, 4)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, which the tests run in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def write(target, array, overwrite=True):
    with open_writer(target, Layout(array.shape, array.dtype), overwrite) as writer:
        writer.write(tuple(slice(0, extent) for extent in array.shape), array)


def tree(folder):
    """The paths and bytes of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def put(folder, *names):
    """Makes files of a few bytes."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def put_zarr(folder):
    zarr.create_array(folder / "a.zarr", data=np.arange(6).reshape(2, 3), chunks=(1, 2))


@pytest.mark.parametrize("target, names, message", [
    ("pics/", ["pics/thesis.txt"],
     "pics holds thesis.txt, which is no numbered picture, and is not replaced"),
    ("pics/", ["pics/0.png", "pics/cat.png"], "pics holds cat.png"),
    ("pics/", ["pics/0.png", "pics/sub/1.png"], "pics holds sub"),
    ("pics/", ["pics/0.png", "pics/.hidden"], "pics holds .hidden"),
    ("pics", ["pics/0.png", "pics/1.jpg"], "pics holds 1.jpg"),
    ("pics/../pics/", ["pics/y"], "pics holds y"),
    ("..", [], "holds (here|home), which is no numbered picture"),
    ("../here/pics/..", ["pics/0.png"], "is the folder that this runs in"),
    (".", [], r"\. is the folder that this runs in"),
    ("./", ["0.png"], "is the folder that this runs in"),
    ("a.npy", ["a.npy/thesis.txt"], "a.npy is a folder"),
    ("a.npz", ["a.npz/0.png"], "a.npz is a folder"),
    ("a.h5", ["a.h5/x"], "a.h5 is a folder"),
    ("a.tif", ["a.tif/x"], "a.tif is a folder"),
    ("a.zarr", ["a.zarr/thesis.txt"], "a.zarr is no Zarr array"),
    ("a.zarr", ["a.zarr"], "a.zarr is no folder"),
    ("pics/", ["pics"], "pics is no folder"),
])
def test_what_else_is_in_a_folder_stays(folder, target, names, message):
    put(folder, *names)
    before = tree(folder.parent)
    with pytest.raises((Conflict, Invalid), match=message):
        write(target, PICTURES)
    assert tree(folder.parent) == before


@pytest.mark.parametrize("foreign", ["thesis.txt", "c/0/notes", "b/zarr.json", "c/0/1.png"])
def test_what_is_no_part_of_a_zarr_array_stays(folder, foreign):
    put_zarr(folder)
    put(folder / "a.zarr", foreign)
    before = tree(folder)
    with pytest.raises(Conflict, match=f"a.zarr holds {foreign}, which is no part of a Zarr array"):
        write("a.zarr", PICTURES)
    assert tree(folder) == before


def test_a_zarr_group_stays(folder):
    zarr.create_group(folder / "a.zarr").create_array("b", data=np.arange(6))
    before = tree(folder)
    with pytest.raises(Conflict, match="a.zarr is no Zarr array"):
        write("a.zarr", PICTURES)
    assert tree(folder) == before


@pytest.mark.parametrize("format", [2, 3])
@pytest.mark.parametrize("array", [np.array(7), np.arange(6).reshape(2, 3)], ids=["scalar", "plane"])
def test_zarr_arrays_are_replaced(folder, format, array):
    zarr.create_array(folder / "a.zarr", data=array, zarr_format=format, attributes={"unit": "K"})
    write("a.zarr", PICTURES)
    assert np.array_equal(zarr.open_array(folder / "a.zarr", mode="r")[...], PICTURES)
    assert [path.name for path in folder.iterdir()] == ["a.zarr"]


def test_numbered_pictures_and_empty_folders_are_replaced(folder):
    (folder / "pics").mkdir()
    write("pics/", PICTURES)
    write("pics", PICTURES[:2] + 1)
    assert sorted(tree(folder)) == ["pics/0.png", "pics/1.png"]
    assert np.array_equal(np.asarray(Image.open("pics/1.png")), PICTURES[1] + 1)


def test_what_comes_into_a_folder_meanwhile_stays(folder):
    write("pics/", PICTURES)
    with pytest.raises(Conflict, match="pics holds thesis.txt"):
        with open_writer("pics/", Layout(PICTURES.shape, PICTURES.dtype), True) as writer:
            writer.write((slice(0, 1), slice(0, 4), slice(0, 4)), PICTURES[:1])
            put(folder / "pics", "thesis.txt")
    assert sorted(tree(folder)) == ["pics/0.png", "pics/1.png", "pics/2.png", "pics/thesis.txt"]


def test_behind_a_link_the_target_is_replaced(folder):
    (folder / "store").mkdir()
    write("store/pics/", PICTURES)
    write("store/a.npy", PICTURES)
    os.symlink("store/pics", "pics")
    os.symlink("store/a.npy", "a.npy")
    write("pics/", PICTURES[:1])
    write("a.npy", PICTURES[:1])
    assert os.path.islink("pics") and os.path.islink("a.npy")
    assert sorted(tree(folder / "store")) == ["a.npy", "pics/0.png"]
    assert len(np.load("store/a.npy")) == 1


def test_what_is_no_file_stays(folder):
    os.mkfifo("pipe.npy")
    with pytest.raises(Conflict, match="pipe.npy is no file"):
        write("pipe.npy", PICTURES)
    assert pathlib.Path("pipe.npy").is_fifo()


def test_if_the_new_folder_gets_no_name_the_old_one_has_it_again(folder, monkeypatch):
    write("pics/", PICTURES)
    before, rename = tree(folder), os.rename

    def fails(source, target):
        if ".partial." in str(source):
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(replacement.os, "rename", fails)
    with pytest.raises(Invalid, match="pics cannot be written: Input/output error"):
        write("pics/", PICTURES[:1])
    assert tree(folder) == before


KILLED = """
import os, sys
import numpy as np
from hub.files.layout import Layout
from hub.files.writer import open_writer
rename = os.rename
def killed(source, target):
    if ".partial." in str(source):
        os._exit(9)
    rename(source, target)
os.rename = killed
array = np.zeros((1, 4, 4), "u1")
with open_writer("pics/", Layout(array.shape, array.dtype), True) as writer:
    writer.write((slice(0, 1), slice(0, 4), slice(0, 4)), array)
"""


def test_what_a_killed_replacement_put_aside_comes_back(folder):
    write("pics/", PICTURES)
    before = tree(folder / "pics")
    assert subprocess.run([sys.executable, "-c", KILLED], timeout=60).returncode == 9
    aside, = folder.glob(".*.replaced.pics")
    assert tree(aside) == before
    write("b.npy", PICTURES)
    assert aside.exists(), "it is young"
    for path in folder.glob(".*"):
        os.utime(path, (0, 0))
    write("c.npy", PICTURES)
    assert tree(folder / "pics") == before
    assert sorted(path.name for path in folder.iterdir()) == ["b.npy", "c.npy", "pics"]


def test_a_file_is_written_whole_or_not_at_all(folder):
    put(folder, "a.csv")
    with pytest.raises(KeyboardInterrupt):
        with written_file("a.csv") as file:
            file.write(b"1,2")
            raise KeyboardInterrupt
    assert tree(folder) == {"a.csv": b"a.csv"}
    with written_file("a.csv") as file:
        file.write(b"1,2")
    assert tree(folder) == {"a.csv": b"1,2"}
    for target, message in ((".", "is the folder that this runs in"), ("..", "is a folder")):
        with pytest.raises((Conflict, Invalid), match=message):
            with written_file(target):
                pass


def test_a_pipe_is_written_to_as_it_is(folder):
    os.mkfifo("pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE) as reader:
        with written_file("pipe") as file:
            file.write(b"1,2")
        assert reader.communicate(timeout=30)[0] == b"1,2"
    assert pathlib.Path("pipe").is_fifo()
