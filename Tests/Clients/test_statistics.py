"""Statistics: every number is what NumPy or the standard library has of the same data."""

import io
import math
from fractions import Fraction

import numpy as np
import pytest

from array_api import ArrayAPI
from server_process import ServerProcess
from s3_clients import s3_client
from test_array_data import sample, write

NUMBERS = ["bool", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]
SHAPE, CHUNKS = (23, 14, 9), (8, 5, 9)


@pytest.fixture(scope="module")
def bucket(http_s3):
    http_s3.create_bucket(Bucket="statistics")
    return "statistics"


@pytest.fixture(scope="module")
def arrays(http_server, bucket):
    """An array of every type of number, with all of its bits in use."""
    made = {}
    for dtype in NUMBERS:
        name = np.dtype(dtype).name
        made[name] = sample(dtype, SHAPE)
        made[name][3, :, 2] = 0
        write(http_server, bucket, name, made[name], chunks=CHUNKS)
    return made


def near(got, want, tolerance=1e-12):
    return got == want or math.isclose(float(got), float(want), rel_tol=tolerance) or (
        str(got) == "NaN" and math.isnan(want))


@pytest.mark.parametrize("dtype", [np.dtype(dtype).name for dtype in NUMBERS])
@pytest.mark.parametrize("text, index", [
    ("", np.s_[...]), ("2:20:3,1:", np.s_[2:20:3, 1:]), ("3", np.s_[3]), ("...,2", np.s_[..., 2]),
])
def test_statistics_are_numpys(http_api, bucket, arrays, dtype, text, index):
    data = arrays[dtype][index]
    wide = data.astype(np.longdouble)
    got = http_api.statistics(
        f"{bucket}/{dtype}", text, ddof=1,
        op="sum,mean,std,var,min,max,count,count_nonzero,count_nan")
    values = got["statistics"]
    assert got["count"] == values["count"] == data.size
    assert values["count_nonzero"] == np.count_nonzero(data)
    assert values["count_nan"] == 0
    assert near(values["mean"], wide.mean()) and near(values["var"], wide.var(ddof=1), 1e-10)
    assert near(values["std"], wide.std(ddof=1), 1e-10)
    assert values["min"] == data.min().item() and values["max"] == data.max().item()
    if data.dtype.kind in "biu":
        kind = np.uint64 if data.dtype.kind == "u" else np.int64
        assert values["sum"] == data.sum(dtype=kind).item()
    else:
        assert near(values["sum"], math.fsum(data.astype(float).ravel()))


@pytest.mark.parametrize("axis", ["0", "1", "-1", "0,2", "1,0", "0,1,2", ""])
@pytest.mark.parametrize("dtype", ["int16", "uint64", "float32", "float64", "bool"])
def test_axes_are_reduced_as_numpy_does(http_api, bucket, arrays, axis, dtype):
    data = arrays[dtype]
    axes = tuple(int(part) for part in axis.split(",") if part)
    if not axis:
        assert http_api.problem(f"stats/{bucket}/{dtype}", axis="") == (400, "parameter_invalid")
        return
    for text, part in [("", data), ("1:20:2,::-1", data[1:20:2, ::-1]), ("[5,0,5]", data[[5, 0, 5]])]:
        got = http_api.statistics(
            f"{bucket}/{dtype}", text, axis=axis, op="sum,mean,var,min,max,count,count_nonzero")
        values = got["statistics"]
        wide = part.astype(np.longdouble)
        assert got["result_shape"] == list(part.sum(axis=axes).shape)
        for name, want in [
            ("mean", wide.mean(axis=axes)), ("var", wide.var(axis=axes)),
            ("min", part.min(axis=axes)), ("max", part.max(axis=axes)),
            ("count_nonzero", np.count_nonzero(part, axis=axes)),
        ]:
            np.testing.assert_allclose(
                np.array(values[name], dtype=float), np.asarray(want, float), rtol=1e-10)
        if part.dtype.kind in "biu":
            kind = np.uint64 if part.dtype.kind == "u" else np.int64
            assert values["sum"] == part.sum(axis=axes, dtype=kind).tolist()
        else:
            np.testing.assert_allclose(values["sum"], wide.sum(axis=axes).astype(float), rtol=1e-12)


def test_axes_of_squeezed_and_new_axes_are_those_of_the_slice(http_api, bucket, arrays):
    data = arrays["int16"][4, None, :, ::3]
    got = http_api.statistics(f"{bucket}/int16", "4,None,:,::3", axis="1", op="sum")
    assert got["statistics"]["sum"] == data.sum(axis=1, dtype=np.int64).tolist()
    got = http_api.statistics(f"{bucket}/int16", "4,None,:,::3", axis="0", op="sum")
    assert got["statistics"]["sum"] == data.sum(axis=0, dtype=np.int64).tolist()


@pytest.mark.parametrize("dtype, operation", [
    ("int16", "mean"), ("int16", "sum"), ("uint32", "min"), ("float32", "std"), ("bool", "max"),
    ("int64", "count"),
])
def test_results_come_as_npy(http_api, bucket, arrays, dtype, operation):
    for parameters in [{"axis": "0"}, {}]:
        answer = http_api.get(
            f"stats/{bucket}/{dtype}", op=operation, format="npy", **parameters)
        assert answer.status_code == 200, answer.text
        got = np.load(io.BytesIO(answer.content))
        data = arrays[dtype]
        axis = 0 if parameters else None
        if operation == "count":
            want = np.full(data.shape[1:] if parameters else (), 23 if parameters else data.size)
        else:
            want = getattr(data, operation)(axis=axis)
        np.testing.assert_allclose(got, want, rtol=1e-6)
        assert got.shape == np.shape(want)


def test_nan_goes_through_or_is_skipped(http_server, bucket):
    data = sample("<f4", (40, 30)) + 5
    data[::7, 3] = np.nan
    data[5, :] = np.nan
    data[8, 1] = 0
    write(http_server, bucket, "nan", data, chunks=(16, 16))
    api = ArrayAPI(http_server)
    names = "sum,mean,std,var,min,max,count,count_nonzero,count_nan"
    plain = api.statistics(f"{bucket}/nan", op=names)["statistics"]
    for name in ["sum", "mean", "std", "var", "min", "max"]:
        assert plain[name] == "NaN"
    assert plain["count_nan"] == np.isnan(data).sum()
    assert plain["count_nonzero"] == np.count_nonzero(data)
    wide = data.astype(float)
    skipped = api.statistics(f"{bucket}/nan", op=names, nan="skip", ddof=2)["statistics"]
    assert skipped["count"] == np.isfinite(data).sum()
    assert skipped["count_nonzero"] == skipped["count"] - 1
    for name, want in [
        ("sum", np.nansum(wide)), ("mean", np.nanmean(wide)), ("std", np.nanstd(wide, ddof=2)),
        ("var", np.nanvar(wide, ddof=2)), ("min", np.nanmin(wide)), ("max", np.nanmax(wide)),
    ]:
        assert near(skipped[name], want, 1e-11), name
    rows = api.statistics(f"{bucket}/nan", axis="1", op="mean,max", nan="skip")["statistics"]
    with np.errstate(all="ignore"):
        want = np.array([np.nan if np.isnan(row).all() else np.nanmean(row) for row in wide])
    np.testing.assert_allclose(np.array(rows["mean"], float), want, rtol=1e-12)
    assert rows["max"][5] == "NaN"
    through = api.statistics(f"{bucket}/nan", axis="0", op="sum")["statistics"]["sum"]
    np.testing.assert_allclose(np.array(through, float), wide.sum(axis=0), rtol=1e-12)


def test_complex_numbers(http_server, bucket):
    data = sample("<c8", (30, 20))
    data[3, 4] = complex(np.nan, 1)
    data[5, 6] = 0
    write(http_server, bucket, "complex", data, chunks=(7, 20))
    api = ArrayAPI(http_server)
    names = "sum,mean,var,count_nan,count_nonzero"
    skipped = api.statistics(f"{bucket}/complex", op=names, nan="skip")["statistics"]
    wide = data.astype(np.complex128)
    np.testing.assert_allclose(complex(*skipped["sum"]), np.nansum(wide), rtol=1e-10)
    np.testing.assert_allclose(complex(*skipped["mean"]), np.nanmean(wide), rtol=1e-10)
    np.testing.assert_allclose(skipped["var"], np.nanvar(wide), rtol=1e-10)
    assert skipped["count_nan"] == 1 and skipped["count_nonzero"] == data.size - 2
    assert api.problem(f"stats/{bucket}/complex", op="min") == (422, "statistic_unsupported")


@pytest.mark.parametrize("dtype", ["float64", "int16", "uint8", "int64", "bool", "float16"])
@pytest.mark.parametrize("bins, bounds", [(10, None), (1, None), (7, (-1.5, 2)), (256, (0, 255))])
def test_histograms_are_numpys(http_api, bucket, arrays, dtype, bins, bounds):
    data = arrays[dtype]
    parameters = {"range": f"{bounds[0]},{bounds[1]}"} if bounds else {}
    got = http_api.statistics(
        f"{bucket}/{dtype}", "1:", op="histogram", bins=bins, **parameters)["histogram"]
    counts, edges = np.histogram(data[1:].astype(float), bins=bins, range=bounds)
    np.testing.assert_allclose(got["edges"], edges, rtol=1e-14, atol=1e-300)
    assert got["counts"] == counts.tolist()


@pytest.mark.parametrize("dtype", [np.dtype(dtype).name for dtype in NUMBERS])
def test_percentiles_are_numpys(http_api, bucket, arrays, dtype):
    wanted = [0, 1, 25, 50, 73.21, 99, 100]
    for text, index in [("", np.s_[...]), ("5:6,2", np.s_[5:6, 2]), ("0,0,0", np.s_[0, 0, 0])]:
        got = http_api.statistics(
            f"{bucket}/{dtype}", text, op="percentile", q=",".join(map(str, wanted)))["percentile"]
        assert got["q"] == wanted
        want = np.percentile(arrays[dtype][index].astype(float), wanted)
        np.testing.assert_allclose(got["values"], want, rtol=1e-14)


# NumPy's own variance rounds such numbers to doubles first; whole numbers of Python do not.
@pytest.mark.parametrize("dtype, base", [
    ("<i8", 2**60), ("<i8", -2**63), ("<i8", 2**63 - 2001), ("<u8", 2**63 - 900), ("<u8", 2**64 - 2001)])
def test_the_spread_of_large_whole_numbers(http_server, bucket, dtype, base):
    offsets = np.random.default_rng(8).integers(0, 2000, (3, 40))
    offsets[2, 20:] = 1234
    data = np.array([[base + int(offset) for offset in row] for row in offsets], dtype)
    name = f"large{base}"
    write(http_server, bucket, name, data, chunks=(2, 10), fill_value=base + 1234)
    api = ArrayAPI(http_server)

    def variance(values):
        mean = Fraction(sum(map(int, values)), values.size)
        return float(sum((int(value) - mean) ** 2 for value in values) / values.size)

    got = api.statistics(f"{bucket}/{name}", op="var,std")["statistics"]
    assert near(got["var"], variance(offsets.reshape(-1)))
    assert near(got["std"], math.sqrt(variance(offsets.reshape(-1))))
    along = api.statistics(f"{bucket}/{name}", op="var", axis=1)["statistics"]["var"]
    assert all(near(found, variance(row)) for found, row in zip(along, offsets))


@pytest.mark.parametrize("values, parameters", [
    ([2**62, 2**62 + 1, 2**62 + 3], {}), ([2**60, 2**60 + 300, 2**60 + 700], {}),
    ([0, 1, 2], {"range": "1,1.0000000000000002"}), ([2**62] * 3, {"bins": 1}),
    ([0, 5, 9], {"range": "9007199254740992,9007199254741000"})])
def test_bins_that_doubles_cannot_tell_apart_are_refused(http_server, bucket, values, parameters):
    data = np.array(values, "<i8")
    bounds = [float(text) for text in parameters.get("range", "").split(",") if text] or None
    with pytest.raises(ValueError, match="Too many bins"):
        np.histogram(data.astype(float), bins=parameters.get("bins", 10), range=bounds)
    name = f"narrow{abs(hash(str((values, parameters))))}"
    write(http_server, bucket, name, data, chunks=(2,))
    for axis in [{}, {"axis": "0"}]:
        answer = ArrayAPI(http_server).get(
            f"stats/{bucket}/{name}", op="histogram", **parameters, **axis)
        assert (answer.status_code, answer.json()["code"]) == (400, "statistic_undefined")
        assert "bins" in answer.json()["detail"]


def test_percentiles_and_histograms_with_nan_and_fill_values(http_server, bucket):
    data = sample("<f4", (40, 30))
    data[::3, 5] = np.nan
    array = write(
        http_server, bucket, "sparse", np.where(np.arange(40)[:, None] < 16, 2.5, data),
        chunks=(16, 30), fill_value=2.5)
    stored = array[...]
    api = ArrayAPI(http_server)
    assert api.document(f"arrays/{bucket}/sparse")["chunks_stored"] == 2
    plain = api.statistics(f"{bucket}/sparse", op="percentile", q="50")["percentile"]
    assert plain["values"] == ["NaN"]
    got = api.statistics(f"{bucket}/sparse", op="percentile,histogram", q="10,50,90", nan="skip")
    want = np.nanpercentile(stored.astype(float), [10, 50, 90])
    np.testing.assert_allclose(got["percentile"]["values"], want, rtol=1e-14)
    numbers = stored[~np.isnan(stored)].astype(float)
    counts, edges = np.histogram(numbers, bins=10)
    assert got["histogram"]["counts"] == counts.tolist()
    np.testing.assert_allclose(got["histogram"]["edges"], edges)


@pytest.mark.parametrize("parameters, code", [
    ({"op": "sum garbage"}, "parameter_invalid"), ({"op": "sum mean"}, "parameter_invalid"),
    ({"axis": "0 1"}, "parameter_invalid"), ({"axis": "0,"}, "parameter_invalid"),
    ({"op": "percentile", "q": "50 60"}, "parameter_invalid"),
    ({"op": "percentile", "q": "0x10"}, "parameter_invalid"),
    ({"op": "histogram", "range": "0 7,10"}, "parameter_invalid"),
    ({"op": "histogram", "range": "1,x,2"}, "parameter_invalid"),
    ({"op": "histogram", "range": "0,1e400"}, "parameter_invalid"),
    ({"op": "histogram", "bins": "0"}, "parameter_invalid"), ({"bins": "5"}, "parameter_invalid"),
    ({"op": "histogram", "bins": "65537"}, "parameter_invalid"),
    ({"op": "histogram", "range": "2,1"}, "parameter_invalid"),
    ({"op": "histogram", "range": "nan,1"}, "parameter_invalid"),
    ({"op": "percentile"}, "parameter_invalid"), ({"q": "5"}, "parameter_invalid"),
    ({"op": "percentile", "q": "101"}, "parameter_invalid"),
    ({"op": "percentile,max", "q": "5", "format": "npy"}, "parameter_invalid"),
    ({"axis": "3"}, "parameter_invalid"), ({"axis": "0,0"}, "parameter_invalid"),
    ({"axis": "0,-3"}, "parameter_invalid"), ({"axis": "x"}, "parameter_invalid"),
    ({"ddof": "-1"}, "parameter_invalid"), ({"nan": "drop"}, "parameter_invalid"),
    ({"format": "npy"}, "parameter_invalid"), ({"format": "csv", "op": "sum"}, "parameter_invalid"),
    ({"axis": "0", "op": "min", "slice": "0:0"}, "statistic_undefined"),
])
def test_what_is_wrong_is_named(http_api, bucket, arrays, parameters, code):
    assert http_api.problem(f"stats/{bucket}/int16", **parameters) == (400, code)


def test_infinities_need_a_range(http_server, bucket):
    data = np.array([1.0, np.inf, -3.0])
    write(http_server, bucket, "infinite", data, chunks=(2,))
    api = ArrayAPI(http_server)
    assert api.problem(f"stats/{bucket}/infinite", op="histogram") == (400, "statistic_undefined")
    got = api.statistics(f"{bucket}/infinite", op="histogram", range="-5,5", bins=2)["histogram"]
    assert got["counts"] == [1, 1]


def test_too_many_cells_are_refused(http_api, http_s3, bucket):
    metadata = (
        '{"zarr_format":3,"node_type":"array","shape":[10000000000,512,512,3],"data_type":"uint8",'
        '"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1,512,512,3]}},'
        '"chunk_key_encoding":{"name":"default"},"fill_value":3,"codecs":[{"name":"bytes"}],'
        '"attributes":{}}')
    http_s3.put_object(Bucket=bucket, Key="petabyte/zarr.json", Body=metadata.encode())
    assert http_api.problem(f"stats/{bucket}/petabyte", axis="1,2,3") == (400, "result_too_large")
    got = http_api.statistics(f"{bucket}/petabyte", axis="0,1", op="sum,std")["statistics"]
    assert got["sum"][511][2] == 3 * 512 * 10_000_000_000 and got["std"][0][0] == 0
    got = http_api.statistics(f"{bucket}/petabyte", op="percentile,histogram", q="50", bins=1)
    assert got["percentile"]["values"] == [3]
    assert got["histogram"]["counts"] == [10_000_000_000 * 512 * 512 * 3]


def test_what_is_known_of_chunks_outlives_a_restart_and_no_change(tmp_path):
    data = sample("<f4", (64, 64))
    with ServerProcess(tmp_path / "data") as server:
        s3_client(server).create_bucket(Bucket="kept")
        array = write(server, "kept", "x:v0", data, chunks=(16, 16))
        api = ArrayAPI(server)
        first = api.statistics("kept/x:v0", op="mean,max")
        assert first["chunks"] == {"read": 16, "known": 0}
        assert api.statistics("kept/x:v0", op="max")["chunks"] == {"read": 0, "known": 16}
        # More than is known is computed, and what is known stays known.
        assert api.statistics("kept/x:v0", op="std")["chunks"] == {"read": 16, "known": 0}
        assert api.statistics("kept/x:v0", op="min,std")["chunks"] == {"read": 0, "known": 16}
        partial = api.statistics("kept/x:v0", "8:56,:32", op="sum")
        assert partial["chunks"] == {"read": 4, "known": 4}
        assert near(partial["statistics"]["sum"], math.fsum(data[8:56, :32].ravel()))
    for is_damaged in [False, True]:
        if is_damaged:
            kept = tmp_path / "data/index/statistics"
            content = bytearray(kept.read_bytes())
            content[8 + 240 * 3 + 40] ^= 1
            kept.write_bytes(content[:-7])
        with ServerProcess(tmp_path / "data") as server:
            api = ArrayAPI(server)
            again = api.statistics("kept/x:v0", op="mean,max")
            assert again["statistics"] == first["statistics"]
            if not is_damaged:
                assert again["chunks"] == {"read": 0, "known": 16}
            if is_damaged:
                data[20, 20] = 99
                write(server, "kept", "x:v0", data, chunks=(16, 16), overwrite=True)
                after = api.statistics("kept/x:v0", op="mean,max")["statistics"]
                assert after["max"] == 99 and near(after["mean"], data.astype(float).mean())
