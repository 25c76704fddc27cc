"""Selections take what NumPy and zarr take, in one piece, in chunks, composed and as text.

Method: indices are drawn at random for small shapes; NumPy (for `oindex` and `blocks`, zarr) indexes
an array whose elements are their own numbers, and the selection has to find the same numbers.
"""

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Invalid, OutOfRange
from hub.indexing import parsed, parsed_blocks, parsed_orthogonally
from hub.point_selection import PointSelection
from hub.selection import Selection

shapes = st.lists(st.integers(0, 7), min_size=0, max_size=4).map(tuple)
bounds = st.none() | st.integers(-9, 9)
slices = st.builds(slice, bounds, bounds, st.none() | st.integers(-4, 4).filter(bool))


def numbered(shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


@st.composite
def indexed(draw, orthogonal=False, of=None):
    """A shape and an index for it, often with lists, masks, new axes and an ellipsis."""
    shape = draw(shapes) if of is None else of
    entries = []
    for extent in shape[: draw(st.integers(0, len(shape)))]:
        kinds = [slices]
        if extent:
            numbers = st.integers(-extent, extent - 1)
            kinds += [numbers, st.lists(numbers, max_size=4),
                      st.lists(st.booleans(), min_size=extent, max_size=extent).map(np.array)]
            if not orthogonal:
                kinds += [st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1,
                                   max_size=2).map(np.array)]
        entries.append(draw(st.one_of(kinds)))
    if not orthogonal:
        for _ in range(draw(st.integers(0, 2))):
            entries.insert(draw(st.integers(0, len(entries))), None)
    if draw(st.booleans()):
        entries.insert(len(entries) if orthogonal else draw(st.integers(0, len(entries))), ...)
        # Behind an ellipsis, entries are for other axes; those that do not fit are left out below.
    return shape, tuple(entries)


def elements(selection, array):
    """What a selection takes, computed by the plainest means there are."""
    if isinstance(selection, PointSelection):
        boxes = [elements(selection.at(point), array) for point in range(selection.count)]
        stack = np.array(boxes, array.dtype).reshape(selection.stack_shape)
        return selection.arranged(stack)
    lists = [[pick] if isinstance(pick, int) else list(pick) for pick in selection.picks]
    box = array[np.ix_(*lists)] if lists else array
    return selection.arranged(box.reshape(selection.box_shape))


@settings(max_examples=200, deadline=None)
@given(indexed())
def test_an_index_takes_what_numpy_takes(case):
    shape, index = case
    array = numbered(shape)
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            parsed(index, shape)
        return
    selection = parsed(index, shape)
    assert selection.shape == expected.shape
    np.testing.assert_array_equal(elements(selection, array), expected)
    np.testing.assert_array_equal(
        selection.arranged(selection.unarranged(expected)), expected)


def axis_by_axis(array, index):
    """What `oindex` takes: NumPy indexes each axis by itself, the last first."""
    entries = [entry for entry in index if entry is not ...]
    for axis in reversed(range(len(entries))):
        array = array[(slice(None),) * axis + (entries[axis],)]
    return array


@settings(max_examples=200, deadline=None)
@given(indexed(orthogonal=True), st.data())
def test_oindex_takes_each_axis_by_itself_and_so_do_its_chunks(case, data):
    shape, index = case
    expected = axis_by_axis(numbered(shape), index)
    selection = parsed_orthogonally(index, shape)
    np.testing.assert_array_equal(elements(selection, numbered(shape)), expected)
    chunks = data.draw(st.tuples(*(st.integers(1, 4) for _ in shape)))
    box = np.full(selection.box_shape, -1)
    parts = list(selection.chunks(chunks))
    for part in parts:
        chunk = np.full(chunks, -2)
        place = tuple(slice(c * n, (c + 1) * n)
                      for c, n in zip(part.coordinates, chunks))
        stored = numbered(shape)[place]
        chunk[tuple(map(slice, stored.shape))] = stored
        part.copy(chunk, box)
    np.testing.assert_array_equal(box, expected)
    assert len({part.coordinates for part in parts}) == len(parts)
    assert selection.chunk_count(chunks) == len(parts)


@settings(max_examples=200, deadline=None)
@given(indexed(orthogonal=True), st.data())
def test_a_composed_selection_takes_a_part_of_a_part(case, data):
    shape, index = case
    outer = parsed_orthogonally(index, shape)
    inner_shape, inner = data.draw(indexed().filter(lambda one: one[0] == outer.shape)
                                   if outer.shape == () else st.just((outer.shape, data.draw(
                                       st.tuples(*(slices for _ in outer.shape))))))
    expected = elements(outer, numbered(shape))[inner]
    selection = outer.compose(parsed(inner, outer.shape))
    np.testing.assert_array_equal(elements(selection, numbered(shape)), expected)


POINTS_OF_PARTS = [
    (([8, 1, 3], slice(None, None, -2)), ([0, 2, 2], slice(None), [[1], [6]])),
    (([8, 1, 3],), (slice(None), [0, 1, 2], [6, 0, 3])),
    (([8, 1, 3],), ([0, 2], [1, 1], slice(None, None, 3))),
    (([8, 1, 3], [4, 0], [6, 5, 0]), (slice(None), [[1], [0]], [2, 0, 0])),
    (([8, 1, 3], [4, 0], [6, 5, 0]), ([0, 2, 2, 1], slice(None), [2, 0, 1, 1])),
    (([8, 1], slice(1, 7), [5, 6, 2]), ([1, 0], slice(2, 4), None, [0, 2])),
    (([8, 1], 3, [5, 6, 2]), ([1, 0, 0], [2, 2, 1])),
    ((slice(None), [3, 2, 7], slice(None)), ([4, 4], slice(None, None, -1), [1, 0])),
    ((slice(None), [3, 2, 7], slice(None)), ([4, 4], slice(0, 0), [1, 0])),
]


@pytest.mark.parametrize(("part", "index"), POINTS_OF_PARTS, ids=str)
def test_points_of_a_part_are_those_of_the_whole(part, index):
    array = numbered((9, 8, 7))
    outer = parsed_orthogonally(part, array.shape)
    inner = parsed(index, outer.shape)
    assert isinstance(inner, PointSelection)
    selection = inner.within(outer)
    expected = axis_by_axis(array, part)[index]
    assert selection.shape == expected.shape
    np.testing.assert_array_equal(elements(selection, array), expected)
    np.testing.assert_array_equal(selection.arranged(selection.unarranged(expected)), expected)


@settings(max_examples=600, deadline=None)
@given(indexed(orthogonal=True), st.data())
def test_indices_of_parts_take_what_numpy_takes_of_them(case, data):
    shape, part = case
    outer = parsed_orthogonally(part, shape)
    _, index = data.draw(indexed(of=outer.shape))
    whole = numbered(shape)
    try:
        expected = axis_by_axis(whole, part)[index]
    except IndexError:
        return
    inner = parsed(index, outer.shape)
    is_of_points = isinstance(inner, PointSelection)
    selection = inner.within(outer) if is_of_points else outer.compose(inner)
    np.testing.assert_array_equal(elements(selection, whole), expected)


@settings(max_examples=200, deadline=None)
@given(indexed(orthogonal=True))
def test_the_text_means_the_same_as_the_selection(case):
    shape, index = case
    selection = parsed_orthogonally(index, shape)
    if len(selection.lists) > 1:
        assert selection.text is None
        return
    text = selection.text
    again = eval(f"np.s_[{text}]", {"np": np}) if text else ()
    again = again if isinstance(again, tuple) else (again,)
    box = elements(Selection.of(shape, selection.picks), numbered(shape))
    np.testing.assert_array_equal(elements(parsed_orthogonally(again, shape), numbered(shape)), box)


@settings(max_examples=200, deadline=None)
@given(indexed())
def test_runs_write_what_numpy_assigns(case):
    shape, index = case
    try:
        selection = parsed(index, shape)
    except IndexError:
        return
    if not isinstance(selection, PointSelection) or not selection.size:
        return
    values = np.arange(selection.size).reshape(selection.shape) + 1000
    expected, actual = numbered(shape), numbered(shape)
    expected[index] = values
    stack = selection.unarranged(values)
    for box, run in selection.runs():
        place = tuple(pick if isinstance(pick, int)
                      else slice(pick.start, pick.stop if pick.stop >= 0 else None, pick.step)
                      for pick in box.picks)
        actual[place] = selection.run_values(stack, run)
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("index", [0, -1, slice(1, 3), (slice(None), 1), (slice(0, 0), 0)])
def test_blocks_are_those_of_zarr(index):
    array = numbered((10, 7))
    chunks = (4, 3)
    expected = zarr.array(array, chunks=chunks).blocks[index]
    selection = parsed_blocks(index, array.shape, chunks)
    np.testing.assert_array_equal(elements(selection, array), expected)


@pytest.mark.parametrize("index", [
    ([1, 5, 0], slice(1, 6, 2)), (slice(None), [True, False, True, False, False, True, False]),
    ([9, 9], [0, 6]), (3, [2, 1]), ([-1],),
])
def test_oindex_takes_what_zarr_takes(index):
    array = numbered((10, 7))
    expected = zarr.array(array, chunks=(4, 3)).oindex[index]
    np.testing.assert_array_equal(
        elements(parsed_orthogonally(index, array.shape), array), expected)


def test_huge_axes_cost_nothing():
    shape = (10_000_000_000, 512)
    selection = parsed((slice(None, None, -3), 5), shape)
    assert selection.shape == (3_333_333_334,)
    assert selection.text == "9999999999::-3,5"
    assert selection.chunk_count((64, 512)) == 156_250_000
    assert parsed((-1, ...), shape).text == "9999999999,0:512"


@pytest.mark.parametrize(("index", "kind", "message"), [
    (12, OutOfRange, "index 12 is out of bounds for axis 0 with size 10."),
    ((0, -8), OutOfRange, "index -8 is out of bounds for axis 1 with size 7."),
    (([0, 10],), OutOfRange, "index 10 is out of bounds for axis 0 with size 10."),
    ((0, 0, 0), OutOfRange, "Too many indices: the array has 2 axes, 3 are indexed."),
    (([0, 1], [0, 1, 2]), OutOfRange, "cannot be broadcast together"),
    (np.ones(9, bool), OutOfRange, "A mask of extent 9 does not fit axis 0 of size 10."),
    ((..., ...), Invalid, "single ellipsis"),
    (1.5, Invalid, "1.5 is no index"),
    ("a", Invalid, "'a' is no index"),
    ([1.5, 2.0], Invalid, "not of float64"),
    (True, Invalid, "A single truth value is no index here."),
    (slice(0, 5, 0), Invalid, "slice step cannot be zero"),
    (slice("a"), Invalid, "cannot be used"),
])
def test_a_wrong_index_is_told(index, kind, message):
    with pytest.raises(kind) as raised:
        parsed(index, (10, 7))
    assert message in raised.value.what


def test_orthogonal_indices_say_what_they_take():
    with pytest.raises(Invalid, match="oindex and lazy take"):
        parsed_orthogonally((None, 0), (3, 3))
    for mask in (np.eye(3, dtype=bool), (slice(None), [[0, 1], [1, 2]]), np.array([[0, 1]])):
        with pytest.raises(Invalid, match="masks of one axis"):
            parsed_orthogonally(mask, (3, 3))
    with pytest.raises(Invalid, match="blocks takes"):
        parsed_blocks(slice(0, 2, 2), (3, 3), (1, 1))


@pytest.mark.parametrize("index", [[2, 0], [[1], [3]], 3, [True, False, True, False, True]])
def test_tensors_index_like_arrays(index):
    """Those of torch have `__index__` whatever their axes, as NumPy's arrays have."""
    class Tensor:
        ndim = np.ndim(index)

        def __array__(self, dtype=None, copy=None):
            return np.asarray(index, dtype)

        def __index__(self):
            return self.__array__().__index__()

    array = numbered((5, 3))
    expected = array[np.asarray(index), 1:]
    selection = parsed((Tensor(), slice(1, None)), array.shape)
    assert selection.shape == expected.shape
    np.testing.assert_array_equal(elements(selection, array), expected)
