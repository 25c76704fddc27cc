"""Files pushed to a real server are there as they were, whole, once, and however often it is tried.

Method: real data (digits, a scan in four dimensions) is pushed; what the server's own reads give is
compared with what NumPy and nibabel read from the file.
"""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time

import nibabel
import numpy as np
import pytest
import zarr
from PIL import Image
from sklearn.datasets import load_digits

import hub
from hub.errors import Conflict, Invalid, NotFound, Unavailable
from hub.files.reader import open_reader
from hub.reference import Reference
from hub.transfer.push import push

DIGITS = load_digits().images.astype("u1")
SCAN = pathlib.Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz"


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def name(namespace):
    return f"{namespace}/array:v1"


def sent(client, name):
    """How many chunks are in the draft of a push that did not end; none if there is no draft."""
    drafts = client.drafts(Reference.parse(name))
    return sum(client.describe(Reference.parse(draft["reference"])).chunks_stored
               for draft in drafts)


def read(client, name):
    return client.read_region(Reference.parse(name))


def test_an_npy_file(client, name, folder):
    np.save(folder / "digits.npy", DIGITS)
    pushed = push(folder / "digits.npy", name)
    assert np.array_equal(read(client, name), DIGITS)
    assert (pushed.bytes_sent, pushed.bytes_total) == (DIGITS.nbytes, DIGITS.nbytes)
    assert pushed.digest == client.version(Reference.parse(name))["digest"]
    assert not client.version(Reference.parse(name))["changed_since"]
    history = list(client.history(Reference.parse(name)))
    assert [commit["message"] for commit in history] == ["pushed from digits.npy"]


def test_a_namespace_that_is_missing_is_made(client, folder, request):
    np.save(folder / "a.npy", DIGITS[:3])
    push(folder / "a.npy", "made-by-a-push/a:v1")
    assert np.array_equal(read(client, "made-by-a-push/a:v1"), DIGITS[:3])


def test_a_scan_with_its_place_in_the_world(client, name):
    push(SCAN, name)
    image = nibabel.load(SCAN)
    assert np.array_equal(read(client, name), np.asarray(image.dataobj))
    description = client.describe(Reference.parse(name))
    assert description.dimension_names == ("x", "y", "z", "t")
    assert np.array_equal(description.attributes["affine"], image.affine)


def test_pictures_keep_samples_whole(client, name, folder):
    for number in range(30):
        pixels = np.kron(DIGITS[number], np.ones((40, 40), "u1"))
        Image.fromarray(pixels).save(folder / f"{number}.png")
    push(folder, name)
    assert client.describe(Reference.parse(name)).chunk_shape == (30, 320, 320)
    assert np.array_equal(read(client, name)[7], np.kron(DIGITS[7], np.ones((40, 40), "u1")))


def test_chunks_and_types_as_asked_for(client, name, folder):
    np.save(folder / "a.npy", DIGITS)
    push(folder / "a.npy", name, chunks=(100, 8, 4), dtype="float32")
    description = client.describe(Reference.parse(name))
    assert (description.chunk_shape, description.data_type) == ((100, 8, 4), "float32")
    assert np.array_equal(read(client, name), DIGITS.astype("f4"))


@pytest.mark.parametrize("array, dtype", [
    (np.array([1, 300]), "uint8"), (np.array([0.5]), "int32"), (np.array([np.nan]), "int64"),
    (np.array([1j]), "float64"), (np.array([2]), "bool")])
def test_values_that_a_type_cannot_hold_are_refused(name, folder, array, dtype, connected):
    np.save(folder / "a.npy", array)
    with pytest.raises(Invalid, match=f"a.npy has elements that {dtype} cannot hold"):
        push(folder / "a.npy", name, dtype=dtype)


def test_pushing_again_sends_nothing(client, name, folder):
    np.save(folder / "a.npy", DIGITS)
    first = push(folder / "a.npy", name)
    with hub.trace() as trace:
        second = push(folder / "a.npy", name)
    assert second.bytes_sent == 0 and second.digest == first.digest
    assert trace.bytes_sent < 1000


def test_what_was_changed_since_is_no_success(client, name, folder):
    np.save(folder / "a.npy", DIGITS)
    push(folder / "a.npy", name)
    hub.load(name)[0, 0, 0] = 99
    for _ in range(2):
        with pytest.raises(Conflict, match="was changed since it was pushed from a.npy.*--replace"):
            push(folder / "a.npy", name)
    assert hub.load(name)[0, 0, 0] == 99 and len(hub.load(name).history()) == 1
    replaced = push(folder / "a.npy", name, replace=True)
    assert np.array_equal(read(client, name), DIGITS)
    assert push(folder / "a.npy", name) == dataclasses.replace(replaced, bytes_sent=0)
    hub.load(name).attrs["note"] = "of the user"
    assert push(folder / "a.npy", name).bytes_sent == 0, "its elements are as they were"


def test_chunks_that_are_not_stored_are_not_sent_again(client, name, folder):
    np.save(folder / "a.npy", np.zeros((100, 100)))
    assert push(folder / "a.npy", name).bytes_sent == 80_000
    assert push(folder / "a.npy", name).bytes_sent == 0
    hub.load(name)[5] = 1
    with pytest.raises(Conflict, match="was changed since"):
        push(folder / "a.npy", name)


def test_an_interrupted_push_goes_on_where_it_stopped(client, name, folder, monkeypatch):
    monkeypatch.setattr("hub.files.boxes.BOX_BYTES_MAX", 20_000)
    np.save(folder / "a.npy", DIGITS)
    whole = client.write_region
    done = []

    def breaks(reference, text, values):
        if len(done) == 3:
            raise Unavailable("The connection broke.")
        done.append(text)
        return whole(reference, text, values)

    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr(client, "write_region", breaks)
        push(folder / "a.npy", name, chunks=(100, 8, 8))
    assert 1 <= sent(client, name) < 18
    pushed = push(folder / "a.npy", name, client=client)
    assert 0 < pushed.bytes_sent <= DIGITS.nbytes - 100 * 64
    assert np.array_equal(read(client, name), DIGITS)


KILLED = """
import sys, time
from hub.client import Client
from hub.transfer.push import push
write = Client.write_region
def slow(*arguments):
    time.sleep(0.05)
    return write(*arguments)
Client.write_region = slow
import hub.files.boxes
hub.files.boxes.BOX_BYTES_MAX = 8 * 64
push(sys.argv[1], sys.argv[2], chunks=(8, 8, 8))
"""


def test_a_push_that_is_killed_goes_on_where_it_stopped(client, settings, name, folder):
    np.save(folder / "a.npy", DIGITS)
    environment = {**os.environ, "HUB_ENDPOINT": settings["endpoint"],
                   "HUB_ACCESS_KEY": settings["access_key"],
                   "HUB_SECRET_KEY": settings["secret_key"]}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, folder / "a.npy", name], env=environment)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if sent(client, name) > 5:
                break
        except NotFound:
            pass
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    stored = sent(client, name)
    assert 5 < stored < 225
    assert push(folder / "a.npy", name).bytes_sent <= DIGITS.nbytes - stored // 32 * 512
    assert np.array_equal(read(client, name), DIGITS)


def test_another_source_is_refused_unless_it_shall_replace(client, name, folder):
    np.save(folder / "a.npy", DIGITS)
    push(folder / "a.npy", name)
    np.save(folder / "a.npy", DIGITS[::-1])
    with pytest.raises(Conflict, match="is there, and not from this state of a.npy.*--replace"):
        push(folder / "a.npy", name)
    assert np.array_equal(read(client, name), DIGITS)
    replaced = push(folder / "a.npy", name, replace=True)
    assert np.array_equal(read(client, name), DIGITS[::-1])
    assert replaced.bytes_sent == DIGITS.nbytes
    assert push(folder / "a.npy", name).bytes_sent == 0
    assert client.drafts(Reference.parse(name)) == []


def test_a_replacement_that_fails_changes_nothing(client, name, folder, monkeypatch):
    np.save(folder / "a.npy", DIGITS)
    push(folder / "a.npy", name)
    np.save(folder / "a.npy", DIGITS[::-1])
    monkeypatch.setattr(client, "attributes", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        push(folder / "a.npy", name, replace=True)
    assert np.array_equal(read(client, name), DIGITS)
    assert client.drafts(Reference.parse(name)) == []


def test_another_shape_or_type_is_refused_and_named(client, name, folder):
    client.create_array(Reference.parse(name), {"shape": [3, 4], "dtype": "int16"})
    np.save(folder / "a.npy", DIGITS)
    with pytest.raises(Conflict, match=(
            r"is there as int16 of \(3, 4\); a.npy is uint8 of \(1797, 8, 8\)")):
        push(folder / "a.npy", name, replace=True)
    client.create_array(Reference.parse(name).tagged("group"), {"kind": "group"})
    with pytest.raises(Conflict, match="array:group is a group"):
        push(folder / "a.npy", name.replace("v1", "group"))


def test_a_member_of_a_group(client, name, folder):
    group = Reference.parse(name)
    client.create_array(group, {"kind": "group"})
    np.save(folder / "a.npy", DIGITS)
    pushed = push(folder / "a.npy", f"{name}/images")
    assert np.array_equal(read(client, f"{name}/images"), DIGITS)
    assert pushed.digest == client.version(group)["digest"]
    np.save(folder / "a.npy", DIGITS[::-1])
    push(folder / "a.npy", f"{name}/images", replace=True)
    assert np.array_equal(read(client, f"{name}/images"), DIGITS[::-1])


def test_a_replacement_whose_server_goes_tells_what_went_wrong(client, name, folder, monkeypatch):
    np.save(folder / "a.npy", DIGITS)
    push(folder / "a.npy", name)
    np.save(folder / "a.npy", DIGITS[::-1])

    def gone(*_):
        raise Unavailable("The server is gone.")

    monkeypatch.setattr(client, "write_region", gone)
    monkeypatch.setattr(client, "discard_draft", lambda _: gone())
    with pytest.raises(Unavailable, match="The server is gone") as failure:
        push(folder / "a.npy", name, replace=True)
    assert failure.value.__context__ is None


def test_a_commit_cannot_be_pushed_to(connected, folder, namespace):
    np.save(folder / "a.npy", DIGITS)
    with pytest.raises(Invalid, match="is a commit, which never changes"):
        push(folder / "a.npy", f"{namespace}/a@sha256:{'0' * 64}")


def test_chunks_that_are_far_too_small_are_left_to_the_server(client, name, folder):
    array = zarr.create_array(folder / "a.zarr", shape=(20000,), chunks=(2,), dtype="i8")
    with open_reader(folder / "a.zarr") as reader:
        assert reader.layout.chunks == (2,)
    array[:4] = [1, 2, 3, 4]
    push(folder / "a.zarr", name)
    assert client.describe(Reference.parse(name)).chunks_total == 1
    assert read(client, name)[:5].tolist() == [1, 2, 3, 4, 0]


@pytest.mark.parametrize("array", [np.array(7.5), np.zeros((0, 3), "f4")], ids=["scalar", "empty"])
def test_arrays_without_axes_or_elements(client, name, folder, array):
    np.save(folder / "a.npy", array)
    push(folder / "a.npy", name)
    found = read(client, name)
    assert found.shape == array.shape and np.array_equal(found, array)


LIMITED = """
import resource, sys
from hub.transfer.push import push
import hub.files.numpy_file
resource.setrlimit(resource.RLIMIT_DATA, (320 << 20, 320 << 20))
print(push(sys.argv[1], sys.argv[2]).bytes_sent)
"""


def test_a_file_larger_than_the_memory(client, settings, name, folder):
    """The limit counts what a process allocates; threads' stacks are kept small."""
    array = np.lib.format.open_memmap(
        folder / "a.npy", mode="w+", dtype="u1", shape=(400, 1000, 1000))
    array[::100] = np.arange(1000, dtype="u2").astype("u1")
    array.flush()
    environment = {**os.environ, "HUB_ENDPOINT": settings["endpoint"],
                   "HUB_ACCESS_KEY": settings["access_key"], "OPENBLAS_NUM_THREADS": "1",
                   "HUB_SECRET_KEY": settings["secret_key"]}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, folder / "a.npy", name], env=environment,
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == array.nbytes
    reference = Reference.parse(name)
    assert np.array_equal(client.read_region(reference, "300"), array[300])
    assert int(client.statistics(reference, op="sum")["statistics"]["sum"]) == int(
        array[::100].sum(dtype="i8"))
