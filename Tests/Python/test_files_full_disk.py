"""On a full disk a pull tells it in a sentence, and leaves what was there as it was.

Method: a program of its own writes into a file system of 3 MB in memory, which it alone sees; how it
ends, what it says and what is left on the file system are looked at.
"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from hub.files.spool import reserve

# The first argument is the file system's place.
ALONE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
         'mount -t tmpfs -o size=3m full "$0" && exec "$@"']

WRITER = """
import json, os, sys
import numpy as np
from hub.errors import Invalid
from hub.files.boxes import Boxes
from hub.files.layout import Layout
from hub.files.writer import open_writer

folder, target, megabytes = sys.argv[1:]
os.chdir(folder)
shape = (16 * int(megabytes), 256, 256)
# What does not compress.
pixels = np.random.default_rng(0).integers(0, 256, shape, "u1")

def write(array):
    with open_writer(target, Layout(array.shape, array.dtype, (4, 256, 256)), True) as writer:
        for box in Boxes(array.shape, writer.chunks, 1, 1 << 20):
            writer.write(box, array[box])

def tree():
    return {os.path.join(folder, name): os.path.getsize(os.path.join(folder, name))
            for folder, _, names in os.walk(".") for name in names}

write(pixels[:4])
before = tree()
try:
    write(pixels)
except Invalid as error:
    print(json.dumps({"error": str(error), "is_as_before": tree() == before, "left": len(before)}))
"""

WRITTEN_FILE = """
import json, os, sys
from hub.errors import Invalid
from hub.files.replacement import written_file
os.chdir(sys.argv[1])
try:
    with written_file(sys.argv[2]) as file:
        for _ in range(8):
            file.write(bytes(1 << 20))
except Invalid as error:
    print(json.dumps({"error": str(error), "left": len(os.listdir("."))}))
"""


TIFF_READER = """
import json, os, sys
from hub.errors import Invalid
from hub.files.reader import open_reader
os.environ["TMPDIR"] = sys.argv[1]
try:
    open_reader(sys.argv[2])
except Invalid as error:
    print(json.dumps({"error": str(error), "left": os.listdir(sys.argv[1])}))
"""


def run(place, *command):
    """What a program printed as JSON; it must end well and say nothing else."""
    place.mkdir()
    done = subprocess.run([*ALONE, place, *command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def needs_namespaces(tmp_path):
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    (tmp_path / "probe").mkdir()
    probe = subprocess.run([*ALONE, tmp_path / "probe", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {probe.stderr.strip()}")


@pytest.mark.parametrize("target", [
    "a.npy", "a.npz", "a.h5", "a.zarr", "a.nii", "a.nii.gz", "a.tif", "pics/"])
def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path, target):
    program = [sys.executable, "-c", WRITER, tmp_path / "disk", target]
    found = run(tmp_path / "disk", *program, "8")
    assert target.rstrip("/") + " cannot be written: No space left on device." in found["error"]
    assert ".partial." not in found["error"]
    assert found["is_as_before"] and found["left"]


@pytest.mark.parametrize("target", ["a.npz", "a.nii.gz"])
def test_a_disk_that_is_full_when_it_is_compressed_is_told_too(tmp_path, target):
    """2 MB fit once, and not a second time beside it."""
    program = [sys.executable, "-c", WRITER, tmp_path / "disk", target]
    found = run(tmp_path / "disk", *program, "2")
    assert " cannot be written: No space left on device." in found["error"]
    assert found["is_as_before"]


def test_a_file_of_the_servers_own_forms_is_whole_or_not_there(tmp_path):
    found = run(tmp_path / "disk", sys.executable, "-c", WRITTEN_FILE, tmp_path / "disk", "a.csv")
    assert found == {"left": 0, "error": (
        "a.csv cannot be written: No space left on device. Take a part of the array, as 'NAME[0:100]'"
        " or by index=, or a place with more room.")}


def test_a_full_disk_is_told_by_what_is_unpacked_onto_it(tmp_path):
    stack = np.random.default_rng(0).integers(0, 256, (128, 256, 256), "u1")
    tifffile.imwrite(tmp_path / "a.tif", stack, compression="zlib")
    found = run(tmp_path / "disk", sys.executable, "-c", TIFF_READER, tmp_path / "disk",
                tmp_path / "a.tif")
    assert f"a.tif cannot be unpacked: {tmp_path / 'disk'} is full. Set TMPDIR" in found["error"]
    assert found["left"] == []


def test_where_no_room_can_be_reserved_zeros_are_written(tmp_path, monkeypatch):
    """As on systems without `posix_fallocate`."""
    monkeypatch.delattr(os, "posix_fallocate")
    path = tmp_path / "sparse"
    with open(path, "wb") as file:
        file.write(b"head")
        file.truncate(3_000_004)
    reserve(path, 4)
    assert path.read_bytes() == b"head" + bytes(3_000_000)
    assert path.stat().st_blocks * 512 >= 3_000_000
