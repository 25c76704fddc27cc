"""The server's statistics are NumPy's, of arrays and of lazy parts of them; only results are sent.

Method: NumPy reduces the same elements in memory in double precision.
"""

import warnings

import hub
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from test_selection import axis_by_axis, indexed, numbered

from hub import bfloat16


@pytest.fixture(params=["i4", "u1", "f4", "f8", "?"])
def pair(connected, namespace, request):
    values = np.random.default_rng(2).normal(3, 90, (9, 8, 7)).astype(request.param)
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype=request.param, chunks=(4, 4, 4))
    array[...] = values
    return array, values


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("name", ["mean", "std", "var", "sum", "min", "max"])
def test_reductions_are_numpys(pair, name, axis):
    array, values = pair
    exact = values if name in ("min", "max", "sum") and values.dtype.kind in "biu" else (
        values.astype("f8"))
    expected = getattr(exact, name)(axis=axis)
    actual = getattr(array, name)(axis=axis)
    assert np.shape(actual) == np.shape(expected)
    wanted = {"min": values.dtype, "max": values.dtype}.get(name, np.asarray(expected).dtype)
    assert actual.dtype == wanted
    np.testing.assert_allclose(actual, expected, rtol=1e-12)
    kept = getattr(array, name)(axis=axis, keepdims=True)
    assert kept.shape == getattr(exact, name)(axis=axis, keepdims=True).shape


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", "c8"])
@pytest.mark.parametrize("wanted", ["u1", "i8", "f4", "c16"])
@pytest.mark.parametrize("axis", [None, 1, (0, 2)], ids=str)
def test_results_are_cast_to_what_is_asked_for(connected, namespace, dtype, wanted, axis):
    values = np.random.default_rng(5).integers(0, 200, (4, 5, 6)).astype(dtype)
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype=dtype)
    array[...] = values
    exact = values.astype("c16" if dtype == "c8" else "f8")
    with warnings.catch_warnings():
        # NumPy warns that an imaginary part is dropped, and so does this.
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        for keepdims in (False, True):
            total = array.sum(axis=axis, dtype=wanted, keepdims=keepdims)
            expected = values.astype("i8" if wanted in ("u1", "i8") else exact.dtype).sum(
                axis=axis, keepdims=keepdims).astype(wanted)
            assert (np.shape(total), total.dtype) == (np.shape(expected), expected.dtype)
            np.testing.assert_allclose(total, expected, rtol=1e-6)
        mean = array.mean(axis=axis, dtype=wanted)
        expected = exact.mean(axis=axis).astype(wanted)
        assert (np.shape(mean), mean.dtype) == (np.shape(expected), expected.dtype)
        np.testing.assert_allclose(mean, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["i4", "f4", "?", "c8"])
@pytest.mark.parametrize("empty", [np.s_[0:0], np.s_[:, :, 2:2], np.s_[:, 1:1]], ids=str)
def test_of_no_elements_the_shape_is_numpys(connected, namespace, dtype, empty):
    array = hub.array((3, 4, 5), name=f"{namespace}/a:v1", dtype=dtype)
    view, part = array.lazy[empty], np.zeros((3, 4, 5), dtype)[empty]
    for axis in (None, 0, 1, -1, (0, 2), (0, 1, 2)):
        for keepdims in (False, True):
            total = view.sum(axis=axis, keepdims=keepdims)
            expected = part.sum(axis=axis, keepdims=keepdims)
            assert np.shape(total) == expected.shape and (total == 0).all()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = part.mean(axis=axis, keepdims=keepdims)
            np.testing.assert_array_equal(view.mean(axis=axis, keepdims=keepdims), expected)
        counted = view.count_nonzero(axis=axis)
        assert np.shape(counted) == np.shape(np.count_nonzero(part, axis=axis))


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1)], ids=str)
def test_percentiles_and_histograms_along_axes(pair, axis):
    array, values = pair
    floats = values.astype("f8")
    for q in (30, [0, 99.5], np.array([[1.0, 2.5], [50, 100]])):
        for keepdims in (False, True):
            expected = np.percentile(floats, q, axis=axis, keepdims=keepdims)
            actual = array.percentile(q, axis=axis, keepdims=keepdims)
            assert np.shape(actual) == np.shape(expected) and actual.dtype == np.float64
            np.testing.assert_allclose(actual, expected)
    axes = tuple(range(3)) if axis is None else np.atleast_1d(axis) % 3
    kept = [one for one in range(3) if one not in axes]
    cells = floats.transpose(*kept, *axes).reshape(*(floats.shape[one] for one in kept), -1)
    for bounds in (None, (-20.0, 60.0)):
        counts, edges = array.histogram(5, bounds, axis=axis)
        common = bounds or (floats.min(), floats.max())
        expected = np.apply_along_axis(lambda one: np.histogram(one, 5, common)[0], -1, cells)
        np.testing.assert_array_equal(counts, expected)
        np.testing.assert_allclose(edges, np.histogram_bin_edges(floats, 5, common))
    with pytest.raises(hub.Invalid, match="empty tuple"):
        array.percentile(50, axis=())


def test_extrema_of_bfloat16_are_of_its_type(connected, namespace):
    array = hub.array((2, 3), name=f"{namespace}/a:v1", dtype="bfloat16")
    array[...] = [[1.5, -2, 3], [0, 8, 7]]
    assert array.max(axis=1).dtype == array.dtype == array.min().dtype
    assert bfloat16.floats(array.max(axis=1)).tolist() == [3, 8]


def test_numpys_functions_ask_the_server(pair):
    array, values = pair
    with hub.trace() as trace:
        assert np.mean(array) == pytest.approx(values.astype("f8").mean(), rel=1e-12)
        assert np.max(array, axis=0).tolist() == values.max(axis=0).tolist()
        np.std(array, ddof=1)
    assert trace.requests == 3 and trace.bytes_received < 4000


def test_other_statistics(pair):
    array, values = pair
    floats = values.astype("f8")
    assert array.std(ddof=1) == pytest.approx(floats.std(ddof=1), rel=1e-12)
    assert array.count_nonzero() == np.count_nonzero(values)
    assert array.count_nonzero(axis=1).tolist() == np.count_nonzero(values, axis=1).tolist()
    counts, edges = array.histogram(bins=7)
    expected_counts, expected_edges = np.histogram(floats, bins=7)
    np.testing.assert_array_equal(counts, expected_counts)
    np.testing.assert_allclose(edges, expected_edges)
    np.testing.assert_array_equal(
        array.histogram(4, range=(-1.5, 100))[0], np.histogram(floats, 4, range=(-1.5, 100))[0])
    np.testing.assert_allclose(
        array.percentile([1, 50, 99.5]), np.percentile(floats, [1, 50, 99.5]))
    assert array.percentile(50).shape == ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=indexed(orthogonal=True))
def test_lazy_parts_read_and_reduce_like_parts_in_memory(connected, namespace, case):
    shape, index = case
    values = numbered(shape)
    array = hub.array(shape, name=f"{namespace}/a:t{'-'.join(map(str, shape))}", dtype="i8",
                      chunks=[3] * len(shape))
    array[...] = values
    expected = axis_by_axis(values, index)
    with hub.trace() as trace:
        view = array.lazy[index]
        assert view.shape == expected.shape and view.dtype == np.int64
    # A slice that ends behind the array has it asked for its shape, and nothing else.
    assert all(one.path.startswith("/v1/arrays/") for one in trace.log) and trace.requests <= 1
    np.testing.assert_array_equal(view[...], expected)
    if expected.size and len(view.selection.lists) <= 1:
        assert view.sum() == expected.sum() and view.max() == expected.max()
        assert view.mean() == pytest.approx(expected.mean())


def test_parts_of_parts(pair):
    array, values = pair
    view = array.lazy[2:9, :, ::-1].lazy[::2, 3]
    np.testing.assert_array_equal(view[...], values[2:9, :, ::-1][::2, 3])
    np.testing.assert_array_equal(view[[0, 1], [2, 0]], values[2:9, :, ::-1][::2, 3][[0, 1], [2, 0]])
    np.testing.assert_array_equal(view[None, 1], values[2:9, :, ::-1][::2, 3][None, 1])
    np.testing.assert_array_equal(array.view(slice(1, 3))[...], values[1:3])
    assert view.min() == values[2:9, :, ::-1][::2, 3].min()
    view[0] = 0
    values[2:9, :, ::-1][::2, 3][0] = 0
    np.testing.assert_array_equal(array[...], values)
    assert "2:9:2,3,6::-1" in repr(view)


@pytest.mark.parametrize("index", [
    (slice(None), [0, 1, 2], [6, 0, 3]), (slice(None, None, -1), [[1], [0]], [2, 0, 0]),
    ([0, 2, 1], slice(2, 7, 2), [6, 0, 3]), ([2, 0], [1, 1], slice(1, 3)),
], ids=str)
def test_points_of_a_part_of_lists_are_read_and_written(connected, namespace, index):
    values = numbered((9, 8, 7))
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype="i8", chunks=(4, 4, 4))
    array[...] = values
    view, part = array.lazy[[5, 0, 8]], values[[5, 0, 8]]
    np.testing.assert_array_equal(view[index], part[index])
    part[index] = np.arange(part[index].size).reshape(part[index].shape) - 1000
    view[index] = part[index]
    values[[5, 0, 8]] = part
    np.testing.assert_array_equal(array[...], values)


def test_nan_is_told_or_passed_over(connected, namespace):
    values = np.array([[1.0, np.nan, 3], [4, 5, np.inf]])
    array = hub.array(values.shape, name=f"{namespace}/nan:v1")
    array[...] = values
    assert np.isnan(array.mean()) and np.isnan(array.max())
    assert array.sum(skip_nan=True) == np.inf
    np.testing.assert_array_equal(array.min(axis=1, skip_nan=True), np.nanmin(values, axis=1))
    np.testing.assert_array_equal(array.mean(axis=0), values.mean(axis=0))


def test_complex_numbers_have_sums_and_means(connected, namespace):
    values = np.array([1 + 2j, 3 - 1j, 0.5j])
    array = hub.array(values.shape, name=f"{namespace}/c:v1", dtype="c16")
    array[...] = values
    assert array.sum() == values.sum() and array.mean() == pytest.approx(values.mean())
    with pytest.raises(hub.Invalid):
        array.max()


def test_large_whole_numbers_are_exact(connected, namespace):
    values = np.array([2**62, 2**62 - 1, -5], "i8")
    array = hub.array(values.shape, name=f"{namespace}/big:v1", dtype="i8")
    array[...] = values
    assert array.max() == 2**62 and array.sum() == values.sum()
    unsigned = hub.array((2,), name=f"{namespace}/unsigned:v1", dtype="u8")
    unsigned[...] = np.array([2**64 - 1, 1], "u8")
    assert unsigned.max() == 2**64 - 1 and unsigned.sum() == 0


def test_what_cannot_be_reduced_is_told(pair):
    array, _ = pair
    with pytest.raises(hub.Invalid, match="axis 3 is out of bounds"):
        array.mean(axis=3)
    with pytest.raises(hub.Invalid, match="names an axis twice"):
        array.mean(axis=(0, -3))
    with pytest.raises(hub.Invalid, match="no out"):
        array.mean(out=np.zeros(()))
    with pytest.raises(hub.Invalid, match="There is no min of no elements"):
        array.lazy[3:3].min()
    with pytest.raises(hub.Invalid, match="one list of indices"):
        array.lazy[[1, 2], [1, 2]].mean()
    assert array.lazy[3:3].sum() == 0
    with pytest.raises(hub.Invalid):
        array.percentile(101)


@pytest.mark.parametrize("axis", [1.0, True, [0], "0", (True,), (0, 1.0), np.True_, np.array([0])],
                         ids=repr)
def test_axes_are_whole_numbers_as_numpys(pair, axis):
    array, values = pair
    with pytest.raises(TypeError):
        values.mean(axis=axis)
    for wrong in (array.mean, array.max, array.count_nonzero, array.histogram, array.lazy[1:].sum):
        with pytest.raises(hub.Invalid, match="axis is a whole number"):
            wrong(axis=axis)
    with pytest.raises(hub.Invalid, match="axis is a whole number"):
        array.append(values, axis=axis)
    np.testing.assert_array_equal(array.max(axis=np.int64(1)), values.max(axis=1))


@pytest.mark.parametrize("ddof", [0.5, 1.5, -1, -0.25, 8.5, 20, 504, np.float32(2.5)], ids=repr)
@pytest.mark.parametrize("axis", [None, 0, (1, -1)], ids=str)
def test_any_ddof_is_taken_as_numpy_takes_it(pair, ddof, axis):
    array, values = pair
    floats = values.astype("f8")
    with warnings.catch_warnings():
        # NumPy warns where nothing is left to divide by, and gives the same.
        warnings.simplefilter("ignore", RuntimeWarning)
        for keepdims in (False, True):
            expected = floats.std(axis=axis, ddof=ddof, keepdims=keepdims)
            found = array.std(axis=axis, ddof=ddof, keepdims=keepdims)
            assert np.shape(found) == expected.shape and found.dtype == np.float64
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        expected = floats.var(axis=axis, ddof=ddof)
        np.testing.assert_allclose(
            array.var(axis=axis, ddof=ddof, dtype="f4"), expected, rtol=1e-6)
    with pytest.raises(hub.Invalid, match="ddof is a number"):
        array.std(ddof="1")


def test_what_is_passed_over_does_not_count_for_ddof(connected, namespace):
    values = np.array([[1.0, np.nan, 3, 8], [4, 5, 7, np.nan]])
    array = hub.array(values.shape, name=f"{namespace}/nan:v1")
    array[...] = values
    np.testing.assert_allclose(array.std(axis=1, ddof=0.5, skip_nan=True),
                               np.nanstd(values, axis=1, ddof=0.5))
    assert np.isnan(array.var(ddof=0.5))
    with hub.trace() as trace:
        array.std(axis=0, ddof=1.5)
    assert trace.requests == 1
