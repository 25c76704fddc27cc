"""A push says that all is there only if it is, whoever writes to the array meanwhile.

Method: a push is interrupted, or stopped at a request of its own, while another client changes the
array; what the array holds then is compared with the file and with what the other wrote.
"""

import contextlib

import numpy as np
import pytest

import hub
from hub.client import Client
from hub.errors import Conflict, NotFound, Unavailable
from hub.reference import Reference
from hub.transfer.push import push

CHUNKS = (100, 8)
FILE = np.random.default_rng(0).integers(1, 255, (1000, 8), dtype="u1")
# The third chunk is of the fill value alone.
FILE[200:300] = 0


@pytest.fixture(autouse=True)
def small_boxes(monkeypatch):
    """A request for each chunk."""
    monkeypatch.setattr("hub.files.boxes.BOX_BYTES_MAX", 800)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "a.npy", FILE)
    return tmp_path / "a.npy"


@pytest.fixture
def name(namespace):
    return f"{namespace}/array:v1"


@contextlib.contextmanager
def before(request, act, calls=1):
    """Within the block, `act` is called before a request of any client, at its number of `calls`."""
    whole, count = getattr(Client, request), [0]

    def acts(client, *arguments, **options):
        count[0] += 1
        if count[0] == calls:
            act()
        return whole(client, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, request, acts)
        yield


def breaks():
    raise Unavailable("The connection broke.")


def interrupted(path, name, boxes=4):
    """A push that ends before it sends a box of that number."""
    with before("write_region", breaks, boxes), pytest.raises(Unavailable):
        push(path, name, chunks=CHUNKS)


def drafts(client, name):
    return client.drafts(Reference.parse(name))


def test_nobody_sees_a_part_of_it(client, path, name):
    interrupted(path, name)
    assert not hub.load(name)[...].any()
    pushed = push(path, name)
    assert 0 < pushed.bytes_sent < FILE.nbytes
    assert np.array_equal(hub.load(name)[...], FILE)
    assert drafts(client, name) == [] and len(hub.load(name).history()) == 1


@pytest.mark.parametrize("row", [0, 250, 950], ids=["sent", "of the fill value", "not yet sent"])
def test_what_others_wrote_between_two_pushes_is_not_taken_for_the_files(client, path, name, row):
    interrupted(path, name)
    hub.load(name)[row] = 7
    for _ in range(2):
        with pytest.raises(Conflict, match="was changed while it was pushed from a.npy.*--replace"):
            push(path, name)
    expected = np.zeros_like(FILE)
    expected[row] = 7
    assert np.array_equal(hub.load(name)[...], expected)
    push(path, name, replace=True)
    assert np.array_equal(hub.load(name)[...], FILE) and drafts(client, name) == []
    assert push(path, name).bytes_sent == 0


@pytest.mark.parametrize("request_, row", [
    ("create_draft", 0), ("create_draft", 250), ("write_region", 0), ("write_region", 250),
    ("attributes", 0), ("attributes", 250), ("commit", 0), ("commit", 250)])
def test_what_others_write_during_a_push_is_no_success(client, path, name, request_, row):
    def writes():
        hub.load(name)[row] = 7

    # The first change of attributes notes the draft, the second that it is whole.
    calls = 2 if request_ == "attributes" else 1
    with before(request_, writes, calls), pytest.raises(Conflict, match="was changed while it was"):
        push(path, name, chunks=CHUNKS)
    assert (hub.load(name)[row] == 7).all()
    with pytest.raises(Conflict, match="was changed"):
        push(path, name)
    push(path, name, replace=True)
    assert np.array_equal(hub.load(name)[...], FILE) and drafts(client, name) == []


def test_what_others_write_while_a_whole_push_is_looked_at_is_no_success(path, name, connected):
    push(path, name, chunks=CHUNKS)
    with before("commit", lambda: hub.load(name).__setitem__(3, 7)):
        with pytest.raises(Conflict, match="was changed while it was pushed"):
            push(path, name)


@pytest.mark.parametrize("row", [0, 250])
def test_what_others_write_during_a_replacement_is_no_success(path, name, row, connected):
    push(path, name, chunks=CHUNKS)
    np.save(path, FILE[::-1])

    def writes():
        hub.load(name)[999 - row] = 7

    with before("commit", writes), pytest.raises(Conflict):
        push(path, name, replace=True)
    assert (hub.load(name)[999 - row] == 7).all()


def test_an_array_that_is_made_anew_meanwhile_is_left_alone(client, path, name):
    reference = Reference.parse(name)

    def made_anew():
        client.delete(reference)
        client.create_array(reference, {"shape": [5], "dtype": "int16"})

    with before("write_region", made_anew, 3), pytest.raises((Conflict, NotFound)):
        push(path, name, chunks=CHUNKS)
    assert hub.load(name).shape == (5,) and not hub.load(name)[...].any()


def test_an_array_that_is_resized_meanwhile_is_not_whole(path, name, connected):
    with before("write_region", lambda: hub.load(name).resize((500, 8)), 3):
        with pytest.raises(Conflict, match="was changed while it was pushed"):
            push(path, name, chunks=CHUNKS)
    assert hub.load(name).shape == (500, 8)


def test_attributes_that_others_set_meanwhile_are_kept(path, name, connected):
    with before("write_region", lambda: hub.load(name).attrs.update(camera="left"), 3):
        push(path, name, chunks=CHUNKS)
    array = hub.load(name)
    assert np.array_equal(array[...], FILE) and array.attrs["camera"] == "left"
    assert push(path, name).bytes_sent == 0


def test_two_pushes_of_one_file_at_a_time_are_one(client, path, name):
    """The second goes on in the draft of the first, and ends before it."""
    found = []
    with before("write_region", lambda: found.append(push(path, name)), 4):
        found.append(push(path, name, chunks=CHUNKS))
    assert found[0].digest == found[1].digest
    assert np.array_equal(hub.load(name)[...], FILE) and drafts(client, name) == []


def test_a_push_that_broke_before_its_commit_goes_on(client, path, name):
    with before("commit", breaks), pytest.raises(Unavailable):
        push(path, name, chunks=CHUNKS)
    assert not hub.load(name)[...].any()
    assert push(path, name).bytes_sent == 0
    assert np.array_equal(hub.load(name)[...], FILE)


def test_a_push_whose_draft_was_discarded_begins_anew(client, path, name):
    interrupted(path, name)
    for draft in drafts(client, name):
        client.discard_draft(Reference.parse(draft["reference"]))
    assert push(path, name).bytes_sent == FILE.nbytes
    assert np.array_equal(hub.load(name)[...], FILE)


def test_a_fork_of_an_array_that_is_being_pushed_is_pushed_by_itself(client, path, name):
    interrupted(path, name)
    hub.load(name).fork("v2")
    other = name.replace("v1", "v2")
    assert push(path, other).bytes_sent == FILE.nbytes
    assert np.array_equal(hub.load(other)[...], FILE)
    assert not hub.load(name)[...].any() and len(drafts(client, name)) == 1
