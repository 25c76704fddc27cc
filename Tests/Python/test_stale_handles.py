"""What a handle knows of an array's shape may be of before; every way to read it treats that alike.

Method: a handle is loaded, another one appends or resizes; what the first gives is compared with
NumPy's indexing of the elements that are there, negative indices counted from the end that it knew.
"""

import hub
import numpy as np
import pytest
from hub.display import Look, picture, terminal_picture

ROWS = np.arange(60, dtype="i4").reshape(15, 4)


@pytest.fixture
def grown(connected, namespace):
    """A handle on 10 rows of what has 15 meanwhile."""
    array = hub.array((10, 4), name=f"{namespace}/a:v1", dtype="i4", chunks=(5, 4))
    array[...] = ROWS[:10]
    hub.load(array.name).append(ROWS[10:])
    assert array.shape == (10, 4)
    return array


@pytest.fixture
def shrunk(connected, namespace):
    """A handle on 15 rows of what has 6 meanwhile."""
    array = hub.array((15, 4), name=f"{namespace}/a:v1", dtype="i4", chunks=(5, 4))
    array[...] = ROWS
    hub.load(array.name).resize((6, 4))
    assert array.shape == (15, 4)
    return array


@pytest.mark.parametrize("read", [
    lambda a: a[12], lambda a: a[[12]][0], lambda a: a.gather([12])[0], lambda a: a.oindex[[12]][0],
    lambda a: a[[12, 12], [0, 1]], lambda a: a[12:13][0], lambda a: a[12:][0],
    lambda a: a[14:11:-2][1],
    lambda a: a.oindex[12:13][0], lambda a: a.lazy[12][...], lambda a: a.lazy[12:13][0],
    lambda a: a.lazy[[12]][0], lambda a: a.view(slice(12, None))[0],
    lambda a: a.blocks[2][2], lambda a: a.blocks[2:3][2],
])
def test_what_is_behind_the_known_end_is_asked_for(grown, read):
    found = read(grown)
    np.testing.assert_array_equal(found, ROWS[12][: len(found)])
    assert grown.shape == (15, 4)


@pytest.mark.parametrize("read", [
    lambda a: a[8:99], lambda a: a.lazy[8:99].read(), lambda a: a.oindex[8:99], lambda a: a[8:12],
    lambda a: a[[8, 14, 9]], lambda a: a.gather([8, 14, 9]),
    lambda a: a.gather(np.array([8, 14, 9]), np.empty((3, 4), "i4")),
])
def test_what_reaches_beyond_the_known_end_is_whole(grown, read):
    expected = read(_Memory(ROWS))
    np.testing.assert_array_equal(read(grown), expected)


class _Memory:
    """NumPy's answers to the same questions."""

    def __init__(self, values):
        self.values, self.oindex, self.lazy = values, self, self

    def __getitem__(self, index):
        return self.values[index].view(_Part)

    def gather(self, indices, out=None):
        return self.values[indices]


class _Part(np.ndarray):
    def read(self):
        return self


def test_negative_indices_count_from_the_known_end(grown):
    for read in (lambda a: a[-1], lambda a: a[[-1]][0], lambda a: a.gather([-1])[0],
                 lambda a: a.lazy[-1][...], lambda a: a[-1:][0], lambda a: a.oindex[[-1]][0]):
        np.testing.assert_array_equal(read(grown), ROWS[9])
    assert grown.shape == (10, 4), "nothing said that it is longer"
    np.testing.assert_array_equal(grown.refresh().gather([-1])[0], ROWS[14])


def test_what_is_within_the_known_shape_asks_nothing_more(grown):
    for read in (lambda a: a[9], lambda a: a[2:10], lambda a: a[:], lambda a: a[9:1:-1],
                 lambda a: a.gather([9, -10]), lambda a: a.blocks[0:2], lambda a: a[10:10]):
        with hub.trace() as trace:
            read(grown)
        assert [one.path for one in trace.log if one.path.startswith("/v1/arrays")] == []


def test_assignments_reach_behind_the_known_end(grown):
    for number, write in enumerate([
        lambda a: a.__setitem__(12, 100), lambda a: a.__setitem__(slice(12, 13), 101),
        lambda a: a.__setitem__([12], 102), lambda a: a.oindex.__setitem__(slice(12, 13), 103),
        lambda a: a.lazy[12:13].__setitem__(..., 104), lambda a: a.lazy[12].__setitem__(..., 105),
    ]):
        grown._reshaped((10, 4))
        write(grown)
        assert (hub.load(grown.name)[12] == 100 + number).all()
    grown._reshaped((10, 4))
    grown[8:15] = ROWS[:7]
    np.testing.assert_array_equal(hub.load(grown.name)[8:], ROWS[:7])


@pytest.mark.parametrize("read", [
    lambda a: a[7], lambda a: a[[7]], lambda a: a.gather([7]), lambda a: a.gather([-16]),
    lambda a: a.gather([0, 7], np.empty((2, 4), "i4")), lambda a: a[[7, 7], [0, 1]],
    lambda a: a.oindex[[7], [0]], lambda a: a.lazy[7][...], lambda a: a.__setitem__(7, 1),
])
def test_what_was_cut_off_is_outside(shrunk, read):
    with pytest.raises(hub.OutOfRange):
        read(shrunk)


def test_what_was_cut_off_is_not_read(shrunk):
    for read, expected in (
        (lambda a: a[...], ROWS[:6]), (lambda a: np.asarray(a), ROWS[:6]),
        (lambda a: a[-1], ROWS[5]), (lambda a: a[[-1]], ROWS[[5]]),
        (lambda a: a.gather([-1]), ROWS[[5]]), (lambda a: a[2:9], ROWS[2:6]),
        (lambda a: a.gather([-1], np.empty((1, 4), "i4")), ROWS[[5]]),
    ):
        shrunk._reshaped((15, 4))
        np.testing.assert_array_equal(read(shrunk), expected)
        assert shrunk.shape == (6, 4)


def test_the_last_is_assigned_to_what_is_the_last(shrunk):
    shrunk[-1] = 9
    np.testing.assert_array_equal(hub.load(shrunk.name)[...], [*ROWS[:5], [9] * 4])


def test_a_view_of_what_was_cut_off_says_so(shrunk):
    for read in (lambda v: v[...], lambda v: v.mean(), lambda v: v.mean(axis=0), lambda v: v.sum(1),
                 lambda v: v.percentile(50, axis=1), lambda v: v.histogram(3, axis=1)):
        with pytest.raises(hub.Conflict, match="has the shape"):
            read(shrunk.lazy[2:])
    assert shrunk.lazy[2:5].max(axis=1).tolist() == ROWS[2:5].max(axis=1).tolist()


@pytest.mark.parametrize("which", ["grown", "shrunk"])
@pytest.mark.parametrize("reduced", [
    lambda a: a.mean(), lambda a: a.mean(axis=1), lambda a: a.max(0), lambda a: a.sum(axis=(0, 1)),
    lambda a: a.std(axis=1, keepdims=True), lambda a: np.min(a, axis=1),
])
def test_statistics_are_of_what_the_array_is(request, which, reduced):
    array = request.getfixturevalue(which)
    there = ROWS if which == "grown" else ROWS[:6]
    with hub.trace() as trace:
        found = reduced(array)
    np.testing.assert_allclose(found, reduced(there), rtol=1e-12)
    assert array.shape == there.shape and trace.requests == 1
    assert array.percentile(50, axis=1).shape == (len(there),)
    assert array.histogram(3, axis=1)[0].shape == (len(there), 3)


@pytest.mark.parametrize("index", [
    np.s_[[0, 9, 5], :], np.s_[[0, 9], [1, 0]], np.s_[[0, 9, 3], 1:4], np.s_[::3, [3, 0]],
], ids=str)
@pytest.mark.parametrize("is_near", [True, False], ids=["box", "boxes"])
def test_extents_that_others_made_smaller_meanwhile(
    connected, namespace, monkeypatch, index, is_near,
):
    """In whatever requests a selection is read."""
    if not is_near:
        monkeypatch.setattr("hub.reading._BOX_BYTES_FREE", 0)
        monkeypatch.setattr("hub.reading._BOX_EXCESS_MAX", 0)
    values = np.arange(80).reshape(10, 4, 2)
    array = hub.array(values.shape, name=f"{namespace}/b:v1", dtype="i8", chunks=(5, 2, 2))
    array[...] = values
    hub.load(array.name).resize((10, 4, 1))
    np.testing.assert_array_equal(array[index], values[..., :1][index])
    array._reshaped((10, 4, 2))
    np.testing.assert_array_equal(array.gather([9, 0]), values[[9, 0], :, :1])
    array._reshaped((10, 4, 2))
    with pytest.raises(hub.Invalid, match=r"out must be of the shape \(2, 4, 1\)"):
        array.gather([9, 0], np.empty((2, 4, 2), "i8"))


def test_pictures_and_prefetching_reach_behind_the_known_end(connected, namespace):
    values = np.arange(240).reshape(10, 4, 6)
    array = hub.array((4, 4, 6), name=f"{namespace}/p:v1", dtype="i8", chunks=(2, 4, 6))
    hub.load(array.name).append(values[4:])
    array[9] = values[9]
    for seen in (lambda: picture(array, 9), lambda: terminal_picture(array, 9, Look())):
        array._reshaped((4, 4, 6))
        assert seen()
        assert array.shape == (10, 4, 6)
    array._reshaped((4, 4, 6))
    array.prefetch(np.s_[6:10])
    assert array.shape == (10, 4, 6)
    hub.load(array.name).resize((2, 4, 6))
    assert picture(array)
    assert array.shape == (2, 4, 6)


def test_a_commit_is_never_asked_again(grown):
    fixed = hub.load(f"{grown.reference.namespace}/a@{grown.commit('all').digest}")
    fixed.pin()
    offline = hub.load(fixed.name, offline=True)
    for array in (fixed, offline):
        with hub.trace() as trace:
            assert array[12:99].shape == (3, 4) and array.lazy[99:].shape == (0, 4)
            for read in (lambda a: a[15], lambda a: a.gather([15]), lambda a: a.lazy[15]):
                with pytest.raises(hub.OutOfRange):
                    read(array)
        assert not [one for one in trace.log if one.path.startswith("/v1/arrays")]


def test_samples_of_what_has_no_axes(connected, namespace):
    scalar = hub.array((), name=f"{namespace}/s:v1")
    with pytest.raises(hub.Invalid, match="without axes has no samples"):
        scalar.gather([0])
