"""Percentiles and histograms along axes: every number is NumPy's of the same data.

The oracle is `numpy.percentile` of the elements as doubles, which hold them exactly, and of whole numbers
of 64 bits as `longdouble`, which does.
"""

import io
import json
import warnings

import numpy as np
import pytest

from array_api import ArrayAPI
from test_array_data import expected, sample, write
from test_statistics import CHUNKS, NUMBERS, SHAPE

PERCENTS = [50, 0, 99.9, 100, 12.5, 50]


@pytest.fixture(scope="module")
def bucket(http_s3):
    http_s3.create_bucket(Bucket="cells")
    return "cells"


@pytest.fixture(scope="module")
def arrays(http_server, bucket):
    """An array of every type of number, with all of its bits in use and some ties."""
    made = {}
    for dtype in NUMBERS:
        name = np.dtype(dtype).name
        made[name] = sample(dtype, SHAPE)
        made[name][3, :, 2] = made[name][4, :, 2]
        write(http_server, bucket, name, made[name], chunks=CHUNKS)
    return made


def percentiles(api, reference, text="", q=PERCENTS, **parameters):
    """The file that answers, after a look at the same answer in JSON."""
    wanted = {"slice": text, "op": "percentile", "q": ",".join(map(str, q))} | parameters
    answer = api.get(f"stats/{reference}", format="npy", **wanted)
    assert answer.status_code == 200, answer.text
    values = np.load(io.BytesIO(answer.content))
    document = api.document(f"stats/{reference}", **wanted)
    assert document["result_shape"] == list(values.shape[1:])
    assert document["percentile"]["q"] == list(q)
    np.testing.assert_array_equal(floats(document["percentile"]["values"], values.shape), values)
    return values


def floats(nested, shape):
    """Numbers in nested lists, and the strings that stand for NaN and the infinities."""
    return np.array(nested, dtype=object).astype(str).astype(float).reshape(shape)


def check(got, data, q, axis, function=np.percentile):
    """Compares with NumPy: exactly; of whole numbers of 64 bits, up to the rounding of the places."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if data.dtype.kind in "iu" and data.dtype.itemsize == 8:
            want = function(data.astype(np.longdouble), q, axis=axis).astype(float)
            np.testing.assert_allclose(got, want, rtol=1e-15, atol=2.0**64 * 1e-14)
        else:
            np.testing.assert_array_equal(got, function(data.astype(float), q, axis=axis))


@pytest.mark.parametrize("axis", [(0,), (1,), (-1,), (0, 2), (1, 0), (0, 1, 2)])
@pytest.mark.parametrize("dtype", [np.dtype(dtype).name for dtype in NUMBERS])
def test_percentiles_are_numpys(http_api, bucket, arrays, dtype, axis):
    name = ",".join(map(str, axis))
    for text in ["", "1:20:2,::-1", "::-3,12:2:-4,:", "[5,0,5,22],1:", ":,:,[8,1,1]", "2:3,...,4:"]:
        part = arrays[dtype]
        if "[" in text and text[0] == "[":
            part = part[[5, 0, 5, 22], 1:]
        elif "[" in text:
            part = part[:, :, [8, 1, 1]]
        else:
            part = expected(part, text)
        got = percentiles(http_api, f"{bucket}/{dtype}", text, axis=name)
        assert got.dtype == "<f8" and got.shape == (len(PERCENTS), *part.sum(axis=axis).shape)
        check(got, part, PERCENTS, axis)


def test_squeezed_and_new_axes_are_those_of_the_slice(http_api, bucket, arrays):
    data = arrays["int16"][4, None, :, ::-3]
    for axis in (0, 1, 2, (0, 1), (0, 2)):
        name = ",".join(map(str, np.atleast_1d(axis)))
        got = percentiles(http_api, f"{bucket}/int16", "4,None,:,::-3", axis=name)
        np.testing.assert_array_equal(got, np.percentile(data.astype(float), PERCENTS, axis=axis))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_whole_numbers_beyond_doubles_keep_their_distances(http_server, bucket, dtype):
    """Neighbours that are one double: NumPy takes their distance as whole numbers, and so do we."""
    offset = 2**62 if dtype == "int64" else 2**63 + 2**62
    data = (np.random.default_rng(3).integers(0, 5000, (40, 6)) + np.array(offset, dtype)).astype(dtype)
    data[:, 3] = np.iinfo(dtype).max
    data[:20, 4], data[20:, 4] = np.iinfo(dtype).max, np.iinfo(dtype).max - 1
    write(http_server, bucket, f"large-{dtype}", data, chunks=(16, 4))
    api = ArrayAPI(http_server)
    got = percentiles(api, f"{bucket}/large-{dtype}", axis="0")
    np.testing.assert_array_equal(got, np.percentile(data, PERCENTS, axis=0))
    whole = api.statistics(f"{bucket}/large-{dtype}", op="percentile", q="10,50")["percentile"]
    np.testing.assert_array_equal(whole["values"], np.percentile(data[:], [10, 50]))


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f8"])
def test_nan_goes_through_or_is_skipped(http_server, bucket, dtype):
    data = sample(dtype, (40, 30))
    data[::7, 3] = np.nan
    data[5, :] = np.nan
    data[:, 9] = np.nan
    data[2, 2] = -np.nan
    name = f"nan-{np.dtype(dtype).name}"
    write(http_server, bucket, name, data, chunks=(16, 7))
    api = ArrayAPI(http_server)
    for axis in (0, 1, (0, 1)):
        text = ",".join(map(str, np.atleast_1d(axis)))
        through = percentiles(api, f"{bucket}/{name}", axis=text)
        check(through, data, PERCENTS, axis)
        skipped = percentiles(api, f"{bucket}/{name}", axis=text, nan="skip")
        check(skipped, data, PERCENTS, axis, np.nanpercentile)
    assert np.isnan(through).all() and np.isnan(percentiles(api, f"{bucket}/{name}", axis="0")).all()


def test_infinities_are_elements_like_others(http_server, bucket):
    data = np.sort(sample("<f8", (9, 6)), axis=0)
    data[8, 0], data[0, 1], data[:, 2], data[:5, 3] = np.inf, -np.inf, np.inf, -np.inf
    data[8, 3], data[1:, 4] = np.inf, np.inf
    write(http_server, bucket, "infinite", data, chunks=(4, 4))
    api = ArrayAPI(http_server)
    wanted = [0, 12.5, 25, 30, 60, 87.5, 95, 100]
    got = percentiles(api, f"{bucket}/infinite", q=wanted, axis="0")
    with np.errstate(all="ignore"):
        want = np.percentile(data, wanted, axis=0)
    # NumPy multiplies infinity by 0 where a percentile falls on an element, and takes it from itself
    # between two; where it has a number, it is ours.
    numbers = ~np.isnan(want)
    np.testing.assert_array_equal(got[numbers], want[numbers])
    assert got[0].tolist() == data[0].tolist() and got[-1].tolist() == data[-1].tolist()
    assert got[5, 0] == data[7, 0] and got[6, 0] == np.inf and got[1, 1] == data[1, 1]
    assert (got[:, 2] == np.inf).all() and not np.isnan(got[:, [0, 1, 2, 4]]).any()


def test_without_elements_there_are_no_numbers(http_api, bucket, arrays):
    for text, axis, shape in [
        ("0:0", "0", (2, 14, 9)), (":,5:5", "0", (2, 0, 9)), (":,5:5", "1", (2, 23, 9)),
        ("...,9:", "0,1,2", (2,)), ("0:0,3", "1", (2, 0)),
    ]:
        got = percentiles(http_api, f"{bucket}/float32", text, q=[1, 50], axis=axis)
        assert got.shape == shape and np.isnan(got).all()


def test_bfloat16(http_server, bucket):
    api = ArrayAPI(http_server)
    bits = (sample("<f4", (30, 4)).view("<u4") >> 16).astype("<u2")
    api.sent("PUT", f"arrays/{bucket}/brain", b'{"shape":[30,4],"dtype":"bfloat16","chunks":[8,3]}', 201)
    file = io.BytesIO()
    np.save(file, bits.view("V2"))
    api.sent("PUT", f"data/{bucket}/brain", file.getvalue())
    data = (bits.astype("<u4") << 16).view("<f4").astype(float)
    got = percentiles(api, f"{bucket}/brain", axis="0")
    np.testing.assert_array_equal(got, np.percentile(data, PERCENTS, axis=0))


def test_what_is_not_stored_is_the_fill_value(http_server, bucket):
    data = sample("<f4", (40, 30))
    data[:16], data[:, 20:] = 0.25, 0.25
    write(http_server, bucket, "sparse", data, chunks=(16, 10), fill_value=0.25)
    api = ArrayAPI(http_server)
    assert api.document(f"arrays/{bucket}/sparse")["chunks_stored"] == 4
    for axis in (0, 1):
        got = percentiles(api, f"{bucket}/sparse", axis=str(axis))
        np.testing.assert_array_equal(got, np.percentile(data.astype(float), PERCENTS, axis=axis))
    data[data == 0.25] = np.nan
    write(http_server, bucket, "holes", data, chunks=(16, 10), fill_value=np.nan)
    got = percentiles(api, f"{bucket}/holes", axis="0", nan="skip")
    check(got, data, PERCENTS, 0, np.nanpercentile)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "int64"])
def test_cells_of_many_elements(http_server, bucket, dtype):
    """More than are put in order: their digits are counted."""
    data = sample(dtype, (1_300_000, 2))
    if np.dtype(dtype).kind == "f":
        data[5::1000, 0] = np.nan
    write(http_server, bucket, f"long-{dtype}", data, chunks=(200_000, 1))
    api = ArrayAPI(http_server)
    got = percentiles(api, f"{bucket}/long-{dtype}", axis="0", nan="skip")
    check(got, data, PERCENTS, 0, np.nanpercentile)
    if np.dtype(dtype).kind == "f":
        through = percentiles(api, f"{bucket}/long-{dtype}", axis="0")
        assert np.isnan(through[:, 0]).all() and (through[:, 1] == got[:, 1]).all()


def test_the_median_of_frames_that_are_stored_one_by_one(http_server, bucket):
    data = np.random.default_rng(1).integers(0, 4000, (64, 512, 768), dtype="<u2")
    write(http_server, bucket, "frames", data, chunks=(1, 512, 768))
    answer = ArrayAPI(http_server).get(
        f"stats/{bucket}/frames", op="percentile", q="50", axis="0", format="npy")
    got = np.load(io.BytesIO(answer.content))
    np.testing.assert_array_equal(got[0], np.median(data, axis=0))


def test_histograms_along_axes_have_the_same_edges(http_api, bucket, arrays):
    for dtype in ["float64", "uint8", "int64", "bool"]:
        data = arrays[dtype].astype(float)
        for axis, bins, bounds in [
            ((0,), 10, None), ((0, 2), 4, (-1.0, 2.0)), ((1,), 7, None), ((0, 1, 2), 3, None),
        ]:
            wanted = {"op": "histogram", "bins": bins, "axis": ",".join(map(str, axis))}
            if bounds:
                wanted["range"] = f"{bounds[0]},{bounds[1]}"
            edges = np.histogram_bin_edges(data, bins, bounds)
            kept = [place for place in range(3) if place not in axis]
            cells = data.transpose(*kept, *axis).reshape(*np.take(data.shape, kept).astype(int), -1)
            want = np.apply_along_axis(
                lambda cell: np.histogram(cell, bins, (edges[0], edges[-1]))[0], -1, cells)
            got = http_api.statistics(f"{bucket}/{dtype}", **wanted)
            assert got["result_shape"] == list(want.shape[:-1])
            np.testing.assert_allclose(got["histogram"]["edges"], edges, rtol=1e-14)
            assert got["histogram"]["counts"] == want.tolist()
            answer = http_api.get(f"stats/{bucket}/{dtype}", format="npy", **wanted)
            counts = np.load(io.BytesIO(answer.content))
            assert counts.dtype == "<i8" and counts.tolist() == want.tolist()
            assert json.loads(answer.headers["X-Nave-Range"]) == [edges[0], edges[-1]]


def test_histograms_of_what_is_not_stored_and_not_counted(http_server, bucket):
    data = sample("<f4", (40, 6))
    data[:16], data[20, :] = 0.5, np.nan
    write(http_server, bucket, "bins", data, chunks=(8, 4), fill_value=0.5)
    got = ArrayAPI(http_server).statistics(
        f"{bucket}/bins", "::-1", op="histogram", bins=5, range="-1,1", axis="0")["histogram"]
    want = [np.histogram(column, 5, (-1, 1))[0].tolist() for column in data.T]
    assert got["counts"] == want
    empty = ArrayAPI(http_server).statistics(
        f"{bucket}/bins", "0:0", op="histogram", bins=2, axis="0")["histogram"]
    assert empty == {"counts": [[0, 0]] * 6, "edges": [0, 0.5, 1]}


def test_everything_comes_in_one_answer(http_api, bucket, arrays):
    data = arrays["float32"].astype(float)
    got = http_api.statistics(
        f"{bucket}/float32", op="max,percentile,histogram,mean", q="50", bins=2, axis="0,1")
    assert got["axis"] == [0, 1] and got["result_shape"] == [9]
    assert list(got["statistics"]) == ["max", "mean"]
    assert got["statistics"]["max"] == data.max(axis=(0, 1)).tolist()
    assert got["percentile"] == {"q": [50], "values": [np.median(data, axis=(0, 1)).tolist()]}
    assert np.sum(got["histogram"]["counts"], axis=1).tolist() == [23 * 14] * 9
    alone = http_api.statistics(f"{bucket}/float32", op="percentile", q="50", axis="0")
    assert alone["statistics"] == {}


def test_rows_of_all_elements_come_as_npy(http_api, bucket, arrays):
    data = arrays["float64"]
    answer = http_api.get(
        f"stats/{bucket}/float64", op="percentile", q="5,95,50", format="npy")
    got = np.load(io.BytesIO(answer.content))
    np.testing.assert_array_equal(got, np.percentile(data, [5, 95, 50]))
    assert answer.headers["X-Nave-Shape"] == "[3]" and answer.headers["X-Nave-Dtype"] == "float64"
    answer = http_api.get(f"stats/{bucket}/float64", op="histogram", bins=6, format="npy")
    counts, edges = np.histogram(data, 6)
    assert np.load(io.BytesIO(answer.content)).tolist() == counts.tolist()
    assert json.loads(answer.headers["X-Nave-Range"]) == [edges[0], edges[-1]]


def test_what_is_too_large_is_refused(http_api, http_s3, bucket):
    metadata = (
        '{"zarr_format":3,"node_type":"array","shape":[10000000000,512,512,3],"data_type":"uint8",'
        '"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1,512,512,3]}},'
        '"chunk_key_encoding":{"name":"default"},"fill_value":3,"codecs":[{"name":"bytes"}],'
        '"attributes":{}}')
    http_s3.put_object(Bucket=bucket, Key="petabyte/zarr.json", Body=metadata.encode())
    path = f"stats/{bucket}/petabyte"
    for parameters in [
        {"axis": "1,2,3", "op": "percentile", "q": "50"}, {"axis": "0", "op": "percentile", "q": "1,99"},
        {"axis": "0,3", "op": "percentile", "q": "1,2,3,4,5", "format": "npy"},
        {"axis": "0", "op": "histogram"}, {"axis": "0,1", "op": "histogram", "bins": "65536"},
        {"axis": "1,2,3", "op": "histogram", "bins": "1", "format": "npy"},
        {"axis": "0,3", "op": "max,histogram,percentile", "bins": "2", "q": "5"},
    ]:
        assert http_api.problem(path, **parameters) == (400, "result_too_large"), parameters
    # What nobody has stored costs nothing, however much it is.
    got = percentiles(http_api, f"{bucket}/petabyte", "...,::-1,1", axis="0", q=[50])
    assert got.shape == (1, 512, 512) and (got == 3).all()
    http_s3.put_object(Bucket=bucket, Key="petabyte/c/77/0/0/0", Body=bytes(512 * 512 * 3))
    got = percentiles(http_api, f"{bucket}/petabyte", "...,:2", axis="0,1,3", q=[0, 1e-7, 100])
    assert got[0].tolist() == [0] * 512 and got[1:].min() == 3
    got = http_api.statistics(
        f"{bucket}/petabyte", ":,:,5", axis="0,1", op="histogram", bins=2, range="0,4")
    assert got["histogram"]["counts"] == [[512, 512 * (10**10 - 1)]] * 3


def test_complex_numbers_have_no_order(http_server, bucket):
    write(http_server, bucket, "complex", sample("<c8", (30, 20)), chunks=(7, 20))
    api = ArrayAPI(http_server)
    for operation in [{"op": "percentile", "q": "5"}, {"op": "histogram"}]:
        assert api.problem(f"stats/{bucket}/complex", axis="0", **operation) == (
            422, "statistic_unsupported")
