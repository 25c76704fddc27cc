"""Arrays on a server read, write, grow and reduce like NumPy's.

Method: every operation is done to an array in memory as well, by NumPy, and both are compared.
"""

import operator
import pickle
import warnings
from array import array as machine_array

import hub
import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_selection import indexed, numbered

from hub.writing import converted


@pytest.fixture
def pair(connected, namespace):
    """The same elements on the server, in chunks that do not divide the shape, and in memory."""
    values = np.arange(11 * 12 * 5, dtype="i4").reshape(11, 12, 5)
    array = hub.array(values.shape, name=f"{namespace}/pair:v1", dtype="i4", chunks=(4, 5, 5))
    array[...] = values
    return array, values


READS = [
    ..., (), 0, -1, (3, 4, 2), (..., 2), (None, 3), slice(None, None, -2), (slice(9, 2, -3), -1),
    slice(5, 5), [4, 0, -1, 4], (slice(None), [1, 1, 8]), (0, slice(None), [1, 3]),
    ([1, 2, 3], [4, 5, 6]), ([[0, 1], [2, 3]], slice(2), [[0], [4]]), np.arange(11) % 3 == 0,
    (slice(2), np.arange(12) > 7, 1), (np.int64(3), np.array(2)), [], ([], [0]),
]


@pytest.mark.parametrize("index", READS, ids=str)
def test_reads_are_numpys(pair, index):
    array, values = pair
    actual, expected = array[index], values[index]
    assert type(actual) is type(expected) and actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


def test_a_mask_of_all_axes_reads_its_elements(pair):
    array, values = pair
    mask = values % 7 == 3
    np.testing.assert_array_equal(array[mask], values[mask])
    np.testing.assert_array_equal(array[mask[:, :, 0]], values[mask[:, :, 0]])


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=indexed(), value=st.integers(1, 10**6))
def test_random_reads_and_assignments_are_numpys(connected, namespace, case, value):
    shape, index = case
    expected = numbered(shape)
    array = hub.array(shape, name=f"{namespace}/a:t{'-'.join(map(str, shape))}", dtype="i8",
                      chunks=[3] * len(shape))
    array[...] = expected
    try:
        part = expected[index]
    except IndexError:
        with pytest.raises(IndexError):
            array[index]
        return
    np.testing.assert_array_equal(array[index], part)
    values = value + np.arange(part.size).reshape(part.shape)
    expected[index] = values
    array[index] = values
    np.testing.assert_array_equal(array[...], expected)


WRITES = [
    (slice(2, 5), 7), ((0, slice(None), 3), np.arange(12)), (..., np.arange(5)),
    ((slice(None, None, -3), 4), np.arange(20).reshape(4, 5)), (5, np.ones((1, 1, 12, 5))),
    ([7, 2, 3], np.arange(5)), (([1, 1, 4], [2, 2, 0]), np.arange(15).reshape(3, 5)),
    ((slice(None), [11, 3, 3], 2), np.arange(3)), ((None, 4), np.arange(60).reshape(1, 12, 5)),
    (np.arange(11) > 8, 1), (slice(4, 4), 3), ((3, 2, 1), 9.7), ((slice(1), 0, 0), [True]),
]


@pytest.mark.parametrize(("index", "value"), WRITES, ids=lambda one: str(one)[:30])
def test_assignments_are_numpys(pair, index, value):
    array, expected = pair
    expected[index] = value
    array[index] = value
    np.testing.assert_array_equal(array[...], expected)


def test_a_mask_of_many_elements_is_one_change(pair):
    array, expected = pair
    mask = expected % 3 == 0
    array[mask] = -1
    expected[mask] = -1
    np.testing.assert_array_equal(array[...], expected)
    # Through a draft: the assignment is one commit of the version.
    commits = list(array.client.history(array.reference))
    assert [one["message"] for one in commits] == [f"Assign to {array.reference}"]


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "?", "c8"])
@pytest.mark.parametrize("value", [
    -5, 300, 2**70, [1] * 9 + [-1], np.nan, np.inf, 2.7, 1j, "x", "7", None, True, [[1, 2]] * 10,
    np.int64(300), np.float64(2.5), np.array([300]), np.array(-1.5), [np.int64(300)] * 10,
    [np.array(7), 300] * 5, np.arange(10.0), np.array([1, "a"], object), b"1", machine_array("i", [300]),
], ids=repr)
def test_values_are_cast_or_refused_as_numpys_assignment_does(value, dtype):
    expected = np.zeros(10, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected[...] = value
        except (TypeError, ValueError, OverflowError):
            with pytest.raises(hub.Invalid):
                converted(value, expected.dtype, expected.shape)
            return
        actual = np.broadcast_to(converted(value, expected.dtype, expected.shape), (10,))
    assert actual.dtype == dtype
    np.testing.assert_array_equal(actual, expected)


def test_numbers_that_do_not_fit_are_not_stored(pair):
    array, values = pair
    for value in (2**31, -2**40, [2**31] * 5, np.nan, 1j):
        with pytest.raises(hub.Invalid, match="cannot be made elements of int32"):
            array[0, 0] = value
        with pytest.raises(hub.Invalid, match="cannot be made elements of int32"):
            array[[0, 2], 0] = value
    np.testing.assert_array_equal(array[...], values)


@pytest.mark.parametrize(("index", "value", "message"), [
    (0, np.ones((3, 3)), r"shape \(3, 3\) cannot be broadcast to \(12, 5\)"),
    (0, "seven", "cannot be made elements of int32"),
    (0, [[1], [1, 2]], "cannot be made elements of int32"),
])
def test_a_value_that_does_not_fit_is_told(pair, index, value, message):
    array, values = pair
    with pytest.raises(hub.Invalid, match=message):
        array[index] = value
    np.testing.assert_array_equal(array[...], values)


def test_oindex_and_blocks_read_and_write(pair):
    array, values = pair
    index = np.ix_([8, 1], [0, 3, 11], [4, 4])
    np.testing.assert_array_equal(array.oindex[[8, 1], [0, 3, 11], [4, 4]], values[index])
    array.oindex[[8, 1], [0, 3, 11], [4]] = np.arange(6).reshape(2, 3, 1)
    values[np.ix_([8, 1], [0, 3, 11], [4])] = np.arange(6).reshape(2, 3, 1)
    np.testing.assert_array_equal(array[...], values)
    np.testing.assert_array_equal(array.blocks[2, 0], values[8:11, 0:5])
    mask = values % 7 == 0
    for refused in (lambda: array.oindex[mask], lambda: array.lazy[mask[:, :, 0]],
                    lambda: array.oindex.__setitem__(mask, -1)):
        with pytest.raises(hub.Invalid, match="masks of one axis"):
            refused()
    array.blocks[0, 1:] = 3
    values[0:4, 5:] = 3
    np.testing.assert_array_equal(array[...], values)


def test_gather_and_samples(pair):
    array, values = pair
    indices = [10, 0, -1, 3, 3]
    np.testing.assert_array_equal(array.gather(indices), values[indices])
    out = np.zeros((5, 12, 5), "i4")
    assert array.gather(np.array(indices), out=out) is out
    np.testing.assert_array_equal(out, values[indices])
    fortran = np.zeros((5, 12, 5), "i4", order="F")
    np.testing.assert_array_equal(array.gather(indices, out=fortran), values[indices])
    chosen = array.sample_indices(6, seed=3)
    assert len(set(chosen.tolist())) == 6 and (chosen == array.sample_indices(6, seed=3)).all()
    np.testing.assert_array_equal(array.sample(6, seed=3), values[chosen])
    with hub.trace() as trace:
        array.gather(range(11))
    assert trace.requests == 1
    with pytest.raises(hub.Invalid, match="out must be of the shape"):
        array.gather([1], out=out)
    for beyond in ([11], np.array([2**64 - 1], "u8"), [2**63], [-12]):
        with pytest.raises(hub.OutOfRange, match="is out of bounds"):
            array.gather(beyond)
    for refused in ([1.0], 3, [[1]], [2**64], ["a"]):
        with pytest.raises(hub.Invalid, match="takes a list of whole numbers"):
            array.gather(refused)
    with pytest.raises(hub.Invalid, match="There are 11 samples, not 12"):
        array.sample(12)


def test_append_and_resize(pair):
    array, values = pair
    assert array.append(values[:2]) == range(11, 13)
    assert array.append(values[0]) == range(13, 14)
    assert array.append(values[[0] * 14, :, :1], axis=-1) == range(5, 6)
    assert array.shape == (14, 12, 6)
    np.testing.assert_array_equal(array[11:14, :, :5], values[[0, 1, 0]])
    array.resize((3, 2, 1))
    assert array.shape == (3, 2, 1)
    np.testing.assert_array_equal(array[...], values[:3, :2, :1])
    array.resize((3, 4, 1))
    assert (array[:, 2:] == 0).all()
    for refused in ((3.7, 4, 1), ("3", 4, 1), 3.0):
        with pytest.raises(hub.Invalid, match="whole numbers"):
            array.resize(refused)
    array.resize([np.int64(3), 4, 1])
    assert array.shape == (3, 4, 1)


@pytest.mark.parametrize("values", [
    7, np.ones(5), np.ones((2, 1, 5)), np.ones((2, 12, 1)), np.ones((1, 2, 12, 5)),
    np.ones((12, 6)), np.ones((12, 1)),
], ids=np.shape)
def test_only_whole_samples_are_appended(pair, values):
    """NumPy's `append` and `concatenate` refuse the same; only a single sample is taken besides."""
    array, expected = pair
    with pytest.raises(hub.Invalid, match=r"of the shape \(any, 12, 5\), not of"):
        array.append(values)
    np.testing.assert_array_equal(hub.load(array.name)[...], expected)


def test_what_cannot_be_appended_is_told(pair, namespace):
    array, values = pair
    with pytest.raises(hub.Invalid, match=r"\(11, any, 5\), not of \(12, 5\)"):
        array.append(values[0], axis=1)
    for axis, message in ((3, "axis 3 is out of bounds"), (0.0, "axis is a whole number")):
        with pytest.raises(hub.Invalid, match=message):
            array.append(values, axis=axis)
    with pytest.raises(hub.Invalid, match="out of bounds for an array of 0 axes"):
        hub.array((), name=f"{namespace}/scalar:v1").append(1)
    flat = hub.array((2,), name=f"{namespace}/flat:v1", dtype="u1")
    assert flat.append(9) == range(2, 3) and flat.append([]) == range(3, 3)
    with pytest.raises(hub.Invalid, match="300"):
        flat.append([300])
    assert hub.load(flat.name)[...].tolist() == [0, 0, 9]


def test_values_of_extents_that_others_gave_are_appended(pair):
    array, values = pair
    hub.load(array.name).resize((11, 12, 6))
    assert array.append(np.ones((2, 12, 6))) == range(11, 13)
    assert array.shape == (13, 12, 6) and (array[11:] == 1).all()
    hub.load(array.name).resize((13, 12, 5))
    assert array.append(values[:1]) == range(13, 14)


def test_a_shape_that_others_changed_is_noticed(pair):
    array, values = pair
    other = hub.load(array.reference)
    other.append(values[:1])
    np.testing.assert_array_equal(array[11], values[0])
    assert array.shape == (12, 12, 5)
    other.resize((4, 12, 5))
    np.testing.assert_array_equal(array[2:9], values[2:4])
    assert array.shape == (4, 12, 5)
    other.resize((2, 12, 5))
    with pytest.raises(hub.OutOfRange):
        array[3]


def test_numpys_protocol(pair):
    array, values = pair
    assert (len(array), array.ndim, array.size, array.nbytes) == (11, 3, 660, 2640)
    assert (array.chunks, array.shards, array.fill_value) == ((4, 5, 5), None, 0)
    np.testing.assert_array_equal(np.asarray(array), values)
    assert np.array(array, dtype="f8").dtype == np.float64
    np.testing.assert_array_equal(np.stack(list(array)), values)
    with pytest.raises(ValueError, match="without a copy"):
        np.array(array, copy=False)
    assert int(array.lazy[0, 0, 1]) == 1 and list(range(9))[array.lazy[0, 0, 2]] == 2
    with pytest.raises(ValueError, match="ambiguous"):
        bool(array)
    with pytest.raises(TypeError, match="one element"):
        float(array)
    with pytest.raises(hub.Invalid, match="reading all of it"):
        3 in array


@pytest.mark.parametrize("value", [1, 0.5, np.float32(2), np.arange(5)])
def test_values_are_compared_by_numpy_alone(pair, value):
    array, values = pair
    for one in array, array.lazy[:3]:
        with pytest.raises(hub.Invalid, match="not compared"):
            one == value
        with pytest.raises(hub.Invalid, match="not compared"):
            one != value
    np.testing.assert_array_equal(array[...] == 1, values == 1)
    assert array == array and array != array.lazy[:] and array != "array"
    assert array in {array: 1} and array in [None, array]


BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
          operator.pow, operator.lshift, operator.rshift, operator.and_, operator.xor, operator.or_,
          operator.lt, operator.le, operator.gt, operator.ge, divmod]
UNARY = [operator.neg, operator.pos, operator.invert, operator.abs]
IN_PLACE = [getattr(operator, f"i{one.__name__}") for one in BINARY[:9]] + [
    operator.iand, operator.ixor, operator.ior, operator.imatmul]


@pytest.mark.parametrize("calculate", BINARY + [operator.matmul], ids=lambda one: one.__name__)
def test_what_remote_arrays_do_not_calculate_says_what_to_write(pair, calculate):
    """Values of NumPy and arrays of other libraries calculate by themselves with what they read."""
    array, values = pair
    with hub.trace() as trace:
        for one in array, array.lazy[:3]:
            for other in 2, True, [1, 2], None, one:
                for operands in (one, other), (other, one):
                    with pytest.raises(TypeError, match="A remote array has no ") as raised:
                        calculate(*operands)
                    assert isinstance(raised.value, hub.Invalid) and "a[...]" in str(raised.value)
                    assert ("a.to_dask()" in str(raised.value)) == (one is array)
    assert trace.requests == 0
    for other in (np.int64(2), np.arange(1, 6)) if calculate is not operator.matmul else ():
        with np.errstate(divide="ignore", invalid="ignore"):
            np.testing.assert_array_equal(calculate(array, other), calculate(values, other))
            np.testing.assert_array_equal(calculate(other, array), calculate(other, values))


@pytest.mark.parametrize("calculate", UNARY, ids=lambda one: one.__name__)
def test_signs_are_not_calculated_either(pair, calculate):
    for one in pair[0], pair[0].lazy[:3]:
        with pytest.raises(TypeError, match=r"A remote array has no .* write .*a\[\.\.\.\]"):
            calculate(one)


@pytest.mark.parametrize("calculate", IN_PLACE, ids=lambda one: one.__name__)
@pytest.mark.parametrize("value", [2, np.int32(2), np.arange(5, dtype="i4")], ids=repr)
def test_nothing_becomes_an_array_in_memory_in_place(pair, calculate, value):
    array, values = pair
    for one in array, array.lazy[:3]:
        with pytest.raises(TypeError, match=r"not changed by \S+=. Assign to its elements"):
            calculate(one, value)
    np.testing.assert_array_equal(array[...], values)


def test_what_is_written_instead_is_done(pair):
    array, values = pair
    array[0:3] += 1
    values[0:3] += 1
    np.testing.assert_array_equal(array[...], values)
    np.testing.assert_array_equal((array.to_dask() + 1).compute(), values + 1)
    np.testing.assert_array_equal(np.add(array, 1), values + 1)
    np.testing.assert_array_equal((array.to_dask() + array).compute(), values + values)
    np.testing.assert_array_equal((array + array.to_dask()).compute(), values + values)
    assert "a: %s" % array == f"a: {array!r}"


def test_more_than_the_memory_is_refused_at_once(connected, namespace):
    large = hub.array((10_000_000_000, 512, 512, 3), name=f"{namespace}/large:v0")
    with hub.trace() as trace:
        for read in (lambda: large[...], lambda: np.asarray(large), lambda: large[::2]):
            with pytest.raises(hub.Invalid, match=r"memory of this machine \("):
                read()
    assert trace.requests == 0
    assert large[-1, -1, -1].tolist() == [0, 0, 0]


def test_the_same_array_travels_to_other_processes(pair):
    array, values = pair
    again = pickle.loads(pickle.dumps(array))
    np.testing.assert_array_equal(again[3], values[3])
    assert again.url == array.url


def test_an_existing_name_is_opened_or_refused(pair):
    array, values = pair
    again = hub.array(values.shape, name=array.name, dtype="int32")
    assert again[1, 1, 1] == values[1, 1, 1]
    assert hub.array(name=array.name).shape == values.shape
    for shape, dtype in [((11, 12, 6), "i4"), (values.shape, "f4")]:
        with pytest.raises(hub.Conflict) as raised:
            hub.array(shape, name=array.name, dtype=dtype)
        assert f"{array.name} is there already: (11, 12, 5) of int32" in raised.value.what
        assert str(shape) in raised.value.what and np.dtype(dtype).name in raised.value.what


@pytest.mark.parametrize("dtype", [
    "bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64", "complex64",
    "complex128", ">i4", "<f8",
])
def test_types_are_numpys(connected, namespace, dtype):
    values = np.arange(24).reshape(4, 6).astype(dtype)
    array = hub.array(values.shape, name=f"{namespace}/{values.dtype.name}:v1", dtype=dtype)
    array[...] = values
    assert array.dtype == values.dtype.newbyteorder("=")
    np.testing.assert_array_equal(array[...], values)
    np.testing.assert_array_equal(array[1:3, ::-1], values[1:3, ::-1])
    assert array.fill_value == 0 and array.fill_value.dtype == array.dtype


@pytest.mark.parametrize(("dtype", "fill"), [
    ("f4", np.nan), ("f8", -np.inf), ("c8", 1 - 2j), ("u1", 7), ("?", True), ("i2", np.int16(-3)),
])
def test_what_is_not_stored_is_the_fill_value(connected, namespace, dtype, fill):
    array = hub.array((5, 5), name=f"{namespace}/f:v1", dtype=dtype, fill_value=fill)
    np.testing.assert_array_equal(array[2], np.full(5, fill, dtype))
    np.testing.assert_array_equal(array.fill_value, np.dtype(dtype).type(fill))


def test_attributes_are_written_through(pair):
    array, _ = pair
    array.attrs["unit"] = "K"
    array.attrs.update(source={"name": "x", "year": 3}, tags=[1, 2])
    array.attrs["source"] = {"name": "y"}
    del array.attrs["tags"]
    assert dict(hub.load(array.name).attrs) == {"unit": "K", "source": {"name": "y"}}
    array.attrs.replace({"only": None})
    assert dict(hub.load(array.name).attrs) == {"only": None} == dict(array.attrs)
    array.attrs.update(count=np.int64(3), scale=np.float32(0.5))
    assert hub.load(array.name).attrs["count"] == 3 and array.attrs["scale"] == 0.5
    with pytest.raises(hub.Invalid, match="cannot be None"):
        array.attrs["x"] = None
    for value in ({1, 2}, float("nan"), [np.float32(np.inf)], np.complex64(1j)):
        with pytest.raises(hub.Invalid, match="values of JSON"):
            array.attrs["x"] = value
    with pytest.raises(KeyError):
        del array.attrs["tags"]


def test_large_assignments_take_several_requests_and_are_one_change(connected, namespace,
                                                                    monkeypatch):
    from hub import writing

    monkeypatch.setattr(writing, "_SINGLE_BYTES_MAX", 4000)
    monkeypatch.setattr(writing, "REQUEST_BYTES_MAX", 4000)
    values = np.random.default_rng(1).integers(0, 99, (40, 30, 7)).astype("i2")
    array = hub.array(values.shape, name=f"{namespace}/large:v1", dtype="i2", chunks=(6, 10, 7))
    with hub.trace() as trace:
        array[...] = values
    assert sum(one.method == "PUT" for one in trace.log) > 4
    np.testing.assert_array_equal(array[...], values)
    array[::-2, 3:] = values[:20, 3:]
    values[::-2, 3:] = values[:20, 3:].copy()
    np.testing.assert_array_equal(array[...], values)


def test_what_is_repeated_is_sent_once(connected, namespace):
    array = hub.array((400, 300, 7), name=f"{namespace}/a:v1", dtype="i2", chunks=(40, 100, 7))
    with hub.trace() as trace:
        array[:, ::2] = np.arange(7)
        array[:, 1::2] = 5
    array[[1, 7]] = np.arange(300)[:, np.newaxis]
    expected = np.full((400, 300, 7), 5, "i2")
    expected[:, ::2] = np.arange(7)
    expected[[1, 7]] = np.arange(300)[:, np.newaxis]
    assert trace.bytes_sent < 400
    np.testing.assert_array_equal(array[...], expected)


def test_bfloat16_takes_numbers_and_gives_its_bits(connected, namespace):
    from hub import bfloat16

    array = hub.array((7,), name=f"{namespace}/a:v1", dtype="bfloat16", fill_value=1.5)
    assert array.dtype == "V2" and hub.array((7,), name=array.name, dtype="bfloat16").shape == (7,)
    assert bfloat16.floats(array[...]).tolist() == [1.5] * 7
    assert bfloat16.floats(np.array([array.fill_value])).tolist() == [1.5]
    # 1 + 2^-8 lies between two values and goes to the even one below, 1 + 3 * 2^-8 to that above.
    array[...] = [1 + 2**-8, 1 + 3 * 2**-8, -2, np.inf, np.nan, 3.4e38, 1e-40]
    found = bfloat16.floats(array[...])
    assert found[:4].tolist() == [1, 1 + 2**-6, -2, np.inf] and np.isnan(found[4])
    assert found[5] == np.inf or found[5] > 3.38e38
    np.testing.assert_array_equal(bfloat16.rounded(array[...]), array[...])
    assert array.lazy[:3].sum() == found[:3].sum()
    with pytest.raises(hub.Invalid, match="cannot be made elements"):
        array[0] = "x"


def test_numbers_are_rounded_to_bfloat16_as_elsewhere():
    from hub import bfloat16

    bits = np.random.default_rng(4).integers(0, 2**32, 100_000, dtype="u4")
    values = bits.view("f4")
    with np.errstate(invalid="ignore"):
        expected = values.astype(ml_dtypes.bfloat16)
    actual = bfloat16.rounded(values)
    is_number = ~np.isnan(values)
    np.testing.assert_array_equal(actual.view("u2")[is_number], expected.view("u2")[is_number])
    assert np.isnan(bfloat16.floats(actual[~is_number])).all()
    np.testing.assert_array_equal(bfloat16.rounded(expected), expected.view("V2"))


def test_a_commit_is_not_written_to(pair):
    array, values = pair
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    for write in (lambda: fixed.__setitem__(0, 1), lambda: fixed.__setitem__([0, 5], 1),
                  lambda: fixed.append(values[:1]), lambda: fixed.resize((1, 1, 1)),
                  lambda: fixed.delete()):
        with pytest.raises(hub.Invalid, match=r'is a commit, which never changes.*a.fork\("v2"\)'):
            write()
    with pytest.raises(hub.Invalid, match="names no version by its tag"):
        fixed.attrs["a"] = 1
    np.testing.assert_array_equal(fixed[...], values)
