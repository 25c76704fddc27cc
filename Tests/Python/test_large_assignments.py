"""Assignments of several requests: their number is known beforehand, and others do not starve them.

Method: small limits stand for large arrays; others write just before what they get in the way of is
sent; pauses are noted and not waited for.
"""

from concurrent.futures import ThreadPoolExecutor

import hub
import numpy as np
import pytest
from hub import contention, writing
from hub.indexing import parsed
from hub.listed_pieces import unrepeated
from hub.selection import steady_ranges


@pytest.fixture
def array(connected, namespace):
    array = hub.array((40, 30), name=f"{namespace}/a:v1", dtype="i2", chunks=(4, 10))
    array[...] = 1
    return array


@pytest.fixture
def small_requests(monkeypatch):
    """Requests of a row of chunks at most."""
    monkeypatch.setattr(writing, "_SINGLE_BYTES_MAX", 240)
    monkeypatch.setattr(writing, "REQUEST_BYTES_MAX", 240)


@pytest.fixture
def nothing_is_written(monkeypatch):
    def refuse(*_):
        raise AssertionError("something is written")

    monkeypatch.setattr(hub.Client, "write_region", refuse)


# Any two of them make a range, and no three.
MANY = np.arange(2100) ** 2


@pytest.mark.parametrize(("dtype", "chunks", "index", "most"), [
    ("f8", (32, 64, 64, 3), np.s_[...], 100_000),
    ("f8", (32, 64, 64, 3), np.s_[5:, :, 7], 100_000),
    ("u1", (1, 64, 64, 3), np.s_[:2000], 10),
    ("u1", (1, 64, 64, 3), np.s_[[*range(1000), *range(2000, 3000)]], 10),
    ("f8", (1, 64, 64, 3), np.s_[MANY], 1000),
    ("f8", (1, 64, 64, 3), np.s_[MANY, 3, 0, MANY % 3], 1000),
], ids=["all", "part", "box", "two", "list", "points"])
def test_what_takes_too_many_requests_is_refused_before_the_first(
    connected, namespace, nothing_is_written, monkeypatch, dtype, chunks, index, most,
):
    monkeypatch.setattr(writing, "_PIECES_MAX", most)
    array = hub.array((10**10, 512, 512, 3), name=f"{namespace}/big:v1", dtype=dtype, chunks=chunks)
    with pytest.raises(hub.Invalid, match=f"takes more than {most:,} requests"):
        array[index] = 1
    assert array.client.drafts(array.reference) == []
    assert array.refresh().description.chunks_stored == 0


@pytest.mark.parametrize("index", [
    np.s_[...], np.s_[3:, 5:], np.s_[::-2], np.s_[[0, 1, 2, 3, 9, 30]], np.s_[:, [2, 3, 4, 29]],
    np.s_[[9, 0, 3, 9], [1, 2, 3, 1]],
], ids=str)
def test_as_many_requests_as_there_may_be(array, small_requests, monkeypatch, index):
    def assign(value):
        with hub.trace() as trace:
            array[index] = value
        return sum(one.path.startswith("/v1/data/") for one in trace.log)

    count = assign(2)
    assert count > 1
    monkeypatch.setattr(writing, "_PIECES_MAX", count)
    assert assign(3) == count
    monkeypatch.setattr(writing, "_PIECES_MAX", count - 1)
    with pytest.raises(hub.Invalid, match=f"takes more than {count - 1} requests"):
        assign(4)
    expected = np.ones((40, 30), "i2")
    expected[index] = 3
    np.testing.assert_array_equal(array[...], expected)


@pytest.mark.parametrize("index", [
    np.s_[np.arange(30)], np.s_[np.arange(40)[::-1] % 30], np.s_[np.arange(9, 31), 3:],
    np.s_[:, np.arange(30)], np.s_[5:37, [1, 2, 3, 4, 5, 6, 20, 21, 22]],
    np.s_[np.arange(30), np.arange(30)], np.s_[np.zeros(30, "i8") + 7, np.arange(30)],
    np.s_[np.arange(40) < 33],
], ids=["list", "repeated", "part", "columns", "runs", "diagonal", "row", "mask"])
def test_lists_of_more_than_one_request_takes(array, small_requests, index):
    expected = np.ones((40, 30), "i2")
    for value in (7, np.arange(expected[index].size).reshape(expected[index].shape)):
        expected[index] = value
        array[index] = value
        np.testing.assert_array_equal(array[...], expected)
    assert len(array.history()) == 0 or array.client.drafts(array.reference) == []


@pytest.mark.parametrize("value", [
    1, np.arange(30), np.arange(34)[:, np.newaxis], np.ones((34, 1), "i2"),
], ids=["scalar", "row", "column", "ones"])
@pytest.mark.parametrize("index", [np.s_[[*range(30), *range(34, 38)]],
                                   np.s_[[*range(30), *range(34, 38)], ::-1]], ids=str)
def test_what_is_repeated_is_not_made_so_often_in_memory(array, index, value):
    array[index] = value
    expected = np.ones((40, 30), "i2")
    expected[index] = value
    np.testing.assert_array_equal(array[...], expected)
    whole = np.broadcast_to(np.asarray(value, "i2"), (34, 30))
    pieces = list(writing._pieces(array.description, parsed(index, array.shape), whole))
    assert len(pieces) == 2
    for _, box in pieces:
        assert unrepeated(box).nbytes <= max(np.asarray(value, "i2").nbytes, 2)


def test_a_list_of_more_chunks_than_the_server_changes_at_once(connected, namespace):
    array = hub.array((17_000, 2), name=f"{namespace}/a:v1", dtype="u1", chunks=(1, 2))
    array[np.arange(16_500)] = [1, 2]
    assert array[[0, 16_499, 16_500]].tolist() == [[1, 2], [1, 2], [0, 0]]
    assert array.sum() == 3 * 16_500 and len(array.history()) == 1


@pytest.mark.parametrize("index", [
    np.s_[[0, 2]], np.s_[[2, 0]], np.s_[:, [1, 29, 1]], np.s_[[3, 9, 15, 21], 5],
    np.s_[[4, 4, 4], 5], np.s_[np.arange(40) % 2 == 0], np.s_[[1, 3], ::-3], np.s_[[7, 7, 7], [0, 14, 28]],
], ids=str)
def test_a_list_of_a_steady_step_is_one_request_that_others_cannot_be_in_the_way_of(array, index):
    expected = np.ones((40, 30), "i2")
    for value in (7, np.arange(expected[index].size).reshape(expected[index].shape)):
        expected[index] = value
        with hub.trace() as trace:
            array[index] = value
        assert [one.path.startswith("/v1/data/") for one in trace.log] == [True]
        np.testing.assert_array_equal(array[...], expected)


def test_lists_are_cut_into_the_fewest_ranges():
    """The definition, exhaustively: every set of numbers below 11, and every way to cut it."""
    def fewest(numbers):
        if not numbers:
            return 0
        steady = [count for count in range(1, len(numbers) + 1)
                  if len(set(np.diff(numbers[:count]))) <= 1]
        return 1 + min(fewest(numbers[count:]) for count in steady)

    for bits in range(1, 2**11):
        numbers = [number for number in range(11) if bits >> number & 1]
        found = list(steady_ranges(np.array(numbers)))
        assert [one for indices, _ in found for one in indices] == numbers
        assert [one for _, where in found for one in np.array(numbers)[where]] == numbers
        assert len(found) == fewest(numbers)
LISTED = [
    np.s_[[1, 5, 30]], np.s_[[30, 1, 5, 1, 30]], np.s_[:, [2, 29, 7]], np.s_[::-3, [9, -1, 0]],
    np.s_[7, [0, 29]], np.s_[[-1, 0]], np.s_[np.arange(40) % 3 == 0, 5:], np.s_[[4, 8], np.newaxis],
    np.s_[::2, np.arange(30) % 7 == 3],
]


def requests_of(assign):
    """The methods and resources of what an assignment asks for, and the statuses."""
    with hub.trace() as trace:
        assign()
    return [(one.method, one.path.split("/")[2], one.status) for one in trace.log]


@pytest.mark.parametrize("index", LISTED, ids=str)
def test_one_list_is_one_request(array, index):
    expected = np.ones((40, 30), "i2")
    for value in (7, np.arange(expected[index].size).reshape(expected[index].shape)):
        expected[index] = value
        asked = requests_of(lambda value=value: array.__setitem__(index, value))
        assert asked == [("PUT", "data", 200)]
        np.testing.assert_array_equal(array[...], expected)
    assert array.history() == []


def test_an_older_server_is_asked_once_and_gets_a_draft(array, proxy, monkeypatch):
    monkeypatch.setattr(writing, "_without_lists", {})
    refused = b'{"code": "slice_invalid", "detail": "Lists are for reading."}'
    told = []

    def instead(method, path):
        if method == "PUT" and "%5B" in path:
            told.append(path)
            return 400, refused, {"Content-Type": "application/problem+json"}

    proxy.instead = instead
    other = hub.load(array.name, endpoint=proxy.endpoint)
    for value in (2, 3):
        other[[1, 5, 30]] = value
    assert len(told) == 1 and len(array.history()) == 2
    assert (array[[1, 5, 30]] == 3).all() and array.sum() == 3 * 90 + 37 * 30


def test_a_list_is_merged_with_what_others_write_to_the_same_chunks(array):
    """Each writes rows of its own in the same chunks, and none is begun anew."""
    rows = [np.flatnonzero(np.arange(40) ** 2 // 7 % 4 == number) for number in range(4)]
    assert all(len(list(steady_ranges(row))) > 1 for row in rows)

    def assign(number):
        other = hub.load(array.name)
        for value in range(10, 20):
            other[rows[number]] = 100 * number + value

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(assign, range(4)))
    for number, row in enumerate(rows):
        assert (array[row] == 100 * number + 19).all()
    assert array.history() == []


def test_long_lists_are_read_and_written(connected, namespace):
    """Their text is too long for a request's query, and they have no steady step."""
    array = hub.array((3, 90_000), name=f"{namespace}/a:v1", dtype="u1", chunks=(3, 9000))
    index = np.arange(10_000, 90_000, 33) + np.arange(2425) % 2
    for count in (1500, 2400):
        array[:, index[:count]] = 5
        assert (array[:, index[:count]] == 5).all()
        assert array.sum() == 3 * 5 * count


@pytest.fixture
def pauses(monkeypatch):
    """The longest pauses that there might have been."""
    waited = []
    monkeypatch.setattr(contention, "sleep", lambda seconds: None)
    monkeypatch.setattr(contention, "uniform", lambda least, most: waited.append(most) or 0)
    return waited


class Clock:
    """Time that goes on by a step whenever it is looked at."""

    def __init__(self, step):
        self.now, self.step = 0, step

    def __call__(self):
        self.now += self.step
        return self.now


def others_write_before_each_commit(array, monkeypatch, times):
    """Somebody else writes to the same chunk so many times, each just before a draft is committed."""
    commit, other = hub.Client.commit, hub.load(array.name)
    written = []

    def late(client, reference, *arguments):
        if reference.is_draft and len(written) < times:
            written.append(len(written))
            other[1, 1] = len(written)
        return commit(client, reference, *arguments)

    monkeypatch.setattr(hub.Client, "commit", late)
    return written


def test_an_assignment_to_lists_comes_through_beside_others(array, monkeypatch, pauses):
    monkeypatch.setattr(contention, "monotonic", Clock(1))
    written = others_write_before_each_commit(array, monkeypatch, 40)
    array[[0, 2], [0, 29]] = [8, 9]
    assert len(written) == 40 and array[1, 1] == 40
    assert array[[0, 2], [0, 29]].tolist() == [8, 9]
    assert len(pauses) == 40 and pauses == sorted(pauses)
    assert pauses[0] < 0.1 and pauses[-1] == 1 and len(set(pauses)) > 5
    assert array.client.drafts(array.reference) == []


@pytest.mark.parametrize(("step", "count"), [(1, 70), (100, 10)], ids=["a minute", "ten times"])
def test_others_who_never_stop_are_a_conflict(array, monkeypatch, pauses, step, count):
    """It is tried ten times, and then until a minute is over: the clock is looked at from then on."""
    monkeypatch.setattr(contention, "monotonic", Clock(step))
    written = others_write_before_each_commit(array, monkeypatch, 1000)
    before = array[...]
    with pytest.raises(hub.Conflict) as raised:
        array[[0, 2], [0, 29]] = [8, 9]
    assert raised.value.conflicts == ("c/0/0",)
    assert len(written) == count
    np.testing.assert_array_equal(array.oindex[[0, 2], :], before[[0, 2]])
    assert array.client.drafts(array.reference) == []


def test_pauses_are_of_random_lengths(monkeypatch):
    waited = []
    monkeypatch.setattr(contention, "sleep", waited.append)
    monkeypatch.setattr(contention, "monotonic", Clock(1))
    count = sum(1 for _ in contention.attempts())
    assert len(waited) == count - 1
    assert 0 <= min(waited) and max(waited) <= 1 and len(set(waited)) == len(waited)


def test_a_shape_that_changed_is_not_tried_again_for_a_minute(array, monkeypatch, pauses):
    """Many points of a part that others cut off are written as the box around them."""
    monkeypatch.setattr(writing, "_RUNS_MAX", 2)
    rows = np.array([0, 2, 4, 39])
    hub.load(array.name).resize((20, 30))
    with pytest.raises(hub.OutOfRange):
        array[rows, [0, 5, 10, 15]] = 5
    assert len(pauses) == 0
