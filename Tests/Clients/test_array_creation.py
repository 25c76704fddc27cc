"""Arrays that are created, resized, extended and deleted over REST are what zarr-python makes of them."""

import concurrent.futures
import json
import threading

import numpy as np
import pytest
import tensorstore
import zarr

from array_api import ArrayAPI, npy
from test_zarr import obstore_store

TYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
    "float32", "float64", "complex64", "complex128",
]


def opened(server, bucket, path, **options):
    return zarr.open_array(obstore_store(server, bucket, path), mode="r", **options)


@pytest.mark.parametrize("dialect", ["zarr3", "zarr2"])
@pytest.mark.parametrize("dtype", TYPES)
def test_zarr_opens_what_was_created(http_server, http_api, http_bucket, dialect, dtype):
    reference = f"{http_bucket}/a:v0"
    created = http_api.create(
        reference, dialect=dialect, shape=[20, 30], dtype=dtype, attributes={"unit": "K"})
    assert created["shape"] == [20, 30] and created["dtype"] == dtype
    assert created["attributes"] == {"unit": "K"} and created["chunk_shape"] == [20, 30]
    array = zarr.open_array(obstore_store(http_server, http_bucket, "a:v0"))
    assert array.shape == (20, 30) and array.dtype == np.dtype(dtype)
    assert array.attrs["unit"] == "K"
    np.testing.assert_array_equal(array[...], np.zeros((20, 30), dtype))
    array[3] = 1
    np.testing.assert_array_equal(http_api.data(reference)[3], np.ones(30, dtype))


@pytest.mark.parametrize("codecs", [
    ["bytes", "gzip"], ["zstd"], ["blosc"], ["bytes", "crc32c"],
    [{"name": "bytes"}, {"name": "gzip"}],
    [{"name": "blosc", "configuration": {"typesize": 0, "cname": "lz4"}}],
    [{"name": "transpose", "configuration": {"order": "F"}}, "bytes"],
], ids=json.dumps)
def test_codecs_in_short_are_written_out(http_server, http_api, http_bucket, codecs):
    reference = f"{http_bucket}/short:v0"
    http_api.create(reference, shape=[20, 30], dtype="f4", chunks=[10, 10], codecs=codecs)
    data = np.random.default_rng(1).random((20, 30), dtype="f4")
    http_api.write(reference, "", data)
    array = zarr.open_array(obstore_store(http_server, http_bucket, "short:v0"))
    np.testing.assert_array_equal(array[...], data)
    array[3:5] = 0
    assert not http_api.data(reference)[3:5].any()


@pytest.mark.parametrize("spelling, name", [
    ("<f4", "float32"), (">i2", "int16"), ("|u1", "uint8"), ("f8", "float64"), ("u1", "uint8"),
    ("b1", "bool"), ("float16", "float16"), ("r16", "r16"), ("<c8", "complex64"),
])
def test_types_by_the_names_of_numpy(http_api, http_bucket, spelling, name):
    assert http_api.create(f"{http_bucket}/a", shape=[3], dtype=spelling)["dtype"] == name


@pytest.mark.parametrize("driver, dialect", [("zarr3", "zarr3"), ("zarr", "zarr2")])
def test_tensorstore_opens_what_was_created(http_server, http_api, http_bucket, driver, dialect):
    reference = f"{http_bucket}/t:v0"
    http_api.create(reference, dialect=dialect, shape=[100, 40], dtype="float32", chunks=[30, 16])
    data = np.random.default_rng(1).normal(size=(100, 40)).astype("f4")
    http_api.write(reference, "", data)
    http_api.sent("PATCH", f"arrays/{http_bucket}/t:v0", json.dumps({"shape": [100, 41]}))
    http_api.sent("PATCH", f"arrays/{http_bucket}/t:v0", json.dumps({"shape": [100, 40]}))
    # Read by its own code, through files.
    store = {"driver": "memory", "path": "t/"}
    context = tensorstore.Context()
    memory = tensorstore.KvStore.open(store, context=context).result()
    from s3_clients import body_of, s3_client
    s3 = s3_client(http_server)
    for entry in s3.list_objects_v2(Bucket=http_bucket, Prefix="t:v0/")["Contents"]:
        memory[entry["Key"].removeprefix("t:v0/")] = body_of(s3, http_bucket, entry["Key"])
    array = tensorstore.open(
        {"driver": driver, "kvstore": store}, context=context, open=True).result()
    np.testing.assert_array_equal(array.read().result(), data)


@pytest.mark.parametrize("fill, dtype", [
    (7, "int16"), (-1.5, "float32"), ("NaN", "float64"), ("-Infinity", "float32"), (True, "bool"),
    ([1, -2], "complex64"), ("0x7fc00001", "float32"),
])
def test_fill_values(http_server, http_api, http_bucket, fill, dtype):
    reference = f"{http_bucket}/a:v0"
    http_api.create(reference, shape=[3], dtype=dtype, fill_value=fill)
    np.testing.assert_array_equal(
        http_api.data(reference), opened(http_server, http_bucket, "a:v0")[...])


def test_names_of_axes_and_members(http_server, http_api, http_bucket):
    http_api.create(f"{http_bucket}/g:v0", kind="group", attributes={"a": 1})
    http_api.create(
        f"{http_bucket}/g:v0/in/side", shape=[4, 5], dtype="u1", dimension_names=["y", None])
    group = zarr.open_group(obstore_store(http_server, http_bucket, "g:v0"), mode="r")
    assert dict(group.attrs) == {"a": 1}
    assert group["in/side"].metadata.dimension_names == ("y", None)
    described = http_api.document(f"arrays/{http_bucket}/g:v0")
    assert [member["member"] for member in described["members"]] == ["in/side"]
    assert http_api.refusal(
        "PUT", f"arrays/{http_bucket}/g:v0", json.dumps({"kind": "group"})
    ) == (409, "array_exists")


@pytest.mark.parametrize("dialect, other", [("zarr3", "zarr2"), ("zarr2", "zarr3")])
def test_of_many_creators_one_wins(http_api, http_bucket, dialect, other):
    reference = f"arrays/{http_bucket}/race:v0"
    statuses = []

    def create(index):
        body = json.dumps({
            "shape": [index + 1], "dtype": "u1", "dialect": dialect if index % 2 else other})
        statuses.append(http_api.send("PUT", reference, body).status_code)

    threads = [threading.Thread(target=create, args=(index,)) for index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 11


@pytest.mark.parametrize("members, code", [
    ({}, "specification_invalid"),
    ({"shape": [3]}, "specification_invalid"),
    ({"shape": [-1], "dtype": "u1"}, "specification_invalid"),
    ({"shape": [1.5], "dtype": "u1"}, "specification_invalid"),
    ({"shape": "3", "dtype": "u1"}, "specification_invalid"),
    ({"shape": [1] * 33, "dtype": "u1"}, "specification_invalid"),
    ({"shape": [2**62, 2**62], "dtype": "u1"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u3"}, "specification_invalid"),
    ({"shape": [3], "dtype": "U4"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "chunks": [0]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "chunks": [1, 1]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "chunks": [2], "shards": [3]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "shards": [4]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "fill_value": 256}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "fill_value": "x"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "colour": "red"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "codecs": 5}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "codecs": ["gzip", "bytes"]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "attributes": []}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "dialect": "hdf5"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "dimension_names": ["x", "y"]}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "codecs": [
        {"name": "gzip", "configuration": {"level": 11}}]}, "specification_invalid"),
    ({"kind": "group", "shape": [3]}, "specification_invalid"),
    ({"kind": "group", "dialect": "hub0"}, "specification_invalid"),
    ({"shape": [3], "dtype": "u1", "codecs": [{"name": "sz3"}]}, "codec_missing"),
    ({"shape": [2**40], "dtype": "u1", "chunks": [2**35]}, "chunk_too_large"),
])
def test_what_cannot_be_is_refused_and_nothing_is_there(http_api, http_bucket, members, code):
    answer = http_api.refusal("PUT", f"arrays/{http_bucket}/no:v0", json.dumps(members))
    assert answer == (400 if code == "specification_invalid" else 422, code)
    assert http_api.problem(f"arrays/{http_bucket}/no:v0") == (404, "array_missing")


def test_bodies_that_are_no_json(http_api, http_bucket):
    for body in (b"", b"{", b"\xff", b"{" * 100):
        assert http_api.refusal(
            "PUT", f"arrays/{http_bucket}/no:v0", body) == (400, "body_invalid")
    assert http_api.refusal(
        "PUT", f"arrays/{http_bucket}/no:v0", b"[]") == (400, "specification_invalid")
    assert http_api.refusal(
        "PUT", "arrays/no-such-namespace/x:v0", b"{}") == (404, "namespace_missing")
    name = "n" * 1024
    assert http_api.refusal(
        "PUT", f"arrays/{http_bucket}/{name}", b'{"shape":[1],"dtype":"u1"}'
    ) == (400, "reference_invalid")


@pytest.mark.parametrize("dialect", ["zarr3", "zarr2"])
def test_resizing_cuts_and_grows(http_server, http_api, http_bucket, dialect):
    reference = f"{http_bucket}/z:v0"
    http_api.create(
        reference, dialect=dialect, shape=[100, 50], dtype="i4", chunks=[16, 16], fill_value=-1)
    data = np.arange(5000, dtype="i4").reshape(100, 50)
    http_api.write(reference, "", data)
    changed = http_api.sent("PATCH", f"arrays/{reference}", json.dumps({"shape": [37, 20]}))
    assert changed["shape"] == [37, 20] and changed["chunks_stored"] == 6
    np.testing.assert_array_equal(http_api.data(reference), data[:37, :20])
    np.testing.assert_array_equal(opened(http_server, http_bucket, "z:v0")[...], data[:37, :20])
    http_api.sent("PATCH", f"arrays/{reference}", json.dumps({"shape": [60, 60]}))
    want = np.full((60, 60), -1, "i4")
    want[:37, :20] = data[:37, :20]
    np.testing.assert_array_equal(http_api.data(reference), want)
    np.testing.assert_array_equal(opened(http_server, http_bucket, "z:v0")[...], want)
    http_api.sent("PATCH", f"arrays/{reference}", json.dumps({"shape": [0, 60]}))
    assert http_api.document(f"arrays/{reference}")["chunks_stored"] == 0
    for shape in ([5], [-1, 5], [2**62, 2**62], "5", [1.5, 1]):
        status, _ = http_api.refusal(
            "PATCH", f"arrays/{reference}", json.dumps({"shape": shape}))
        assert status in (400, 422), shape


def test_metadata_that_nave_does_not_know_stays(http_server, http_api, http_bucket, http_s3):
    from s3_clients import body_of
    store = obstore_store(http_server, http_bucket, "k:v0")
    zarr.create_array(store, shape=(4,), dtype="u1", dimension_names=["t"], attributes={"a": 1})
    before = json.loads(body_of(http_s3, http_bucket, "k:v0/zarr.json"))
    http_api.sent("PATCH", f"arrays/{http_bucket}/k:v0", json.dumps({"shape": [9]}))
    after = json.loads(body_of(http_s3, http_bucket, "k:v0/zarr.json"))
    assert after == before | {"shape": [9]}
    assert list(after) == list(before)


@pytest.mark.parametrize("dialect", ["zarr3", "zarr2"])
def test_attributes_are_merged_or_replaced(http_server, http_api, http_bucket, dialect):
    reference = f"{http_bucket}/m:v0"
    http_api.create(reference, dialect=dialect, shape=[2], dtype="u1")

    def change(attributes, **members):
        body = json.dumps({"attributes": attributes} | members)
        http_api.sent("PATCH", f"arrays/{reference}", body)
        return dict(opened(http_server, http_bucket, "m:v0").attrs)

    assert change({"a": 1, "b": {"c": 2, "d": 3}}) == {"a": 1, "b": {"c": 2, "d": 3}}
    assert change({"a": None, "b": {"c": 5}}) == {"b": {"c": 5, "d": 3}}
    assert change({"x": []}, attribute_policy="replace") == {"x": []}
    assert http_api.refusal(
        "PATCH", f"arrays/{reference}", b'{"attributes": 3}') == (400, "specification_invalid")


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_appending_grows_an_axis(http_server, http_api, http_bucket, axis):
    reference = f"{http_bucket}/l:v0"
    shape = [6, 6]
    shape[axis] = 0
    http_api.create(reference, shape=shape, dtype="i2", chunks=[4, 4])
    random_numbers = np.random.default_rng(0)
    whole = np.zeros(shape, "i2")
    for length in (1, 5, 0, 3, 8):
        shape[axis] = length
        block = random_numbers.integers(0, 99, shape, "i2")
        answer = http_api.sent("POST", f"append/{reference}", npy(block), axis=axis)
        start = whole.shape[axis]
        whole = np.concatenate([whole, block], axis)
        assert (answer["start"], answer["stop"]) == (start, start + length)
        assert answer["shape"] == list(whole.shape) and answer["axis"] == axis % 2
    np.testing.assert_array_equal(http_api.data(reference), whole)
    np.testing.assert_array_equal(opened(http_server, http_bucket, "l:v0")[...], whole)
    for block in (np.zeros((2, 2), "i2"), np.zeros(6, "i2"), np.zeros((6, 6), "i4")):
        assert http_api.refusal(
            "POST", f"append/{reference}", npy(block), axis=axis)[0] == 422


@pytest.mark.parametrize("method, path, parameters, body, status, words", [
    ("POST", "append", {"axis": 3}, npy(np.zeros((1, 6), "i2")), 400,
     ["axis=3", "2 axes"]),
    ("POST", "append", {"axis": -3}, npy(np.zeros((1, 6), "i2")), 400, ["axis=-3", "2 axes"]),
    ("POST", "append", {}, npy(np.zeros(6, "i2")), 422, ["2 axes", "[0, 6]", "[6]"]),
    ("POST", "append", {}, npy(np.zeros((1, 5), "i2")), 422, ["axis 1", "6 elements", "5"]),
    ("PATCH", "arrays", {}, b'{"shape": [1, 2, 3]}', 422, ["2 axes", "[0, 6]", "[1, 2, 3]"]),
])
def test_what_does_not_fit_an_array_is_told_by_its_axis(
        http_api, http_bucket, method, path, parameters, body, status, words):
    reference = f"{http_bucket}/l:v0"
    http_api.create(reference, shape=[0, 6], dtype="i2")
    answer = http_api.send(method, f"{path}/{reference}", body, **parameters)
    assert answer.status_code == status, answer.text
    assert all(word in answer.json()["detail"] for word in words), answer.text
    assert http_api.document(f"arrays/{reference}")["shape"] == [0, 6]


@pytest.mark.parametrize("dialect", ["zarr3", "zarr2"])
def test_a_member_makes_its_version_a_group(http_server, http_api, http_bucket, dialect):
    """Also when several are created at once: one of them makes it."""
    names = [f"in/x{number}" for number in range(8)]

    def create(name):
        return ArrayAPI(http_server).send(
            "PUT", f"arrays/{http_bucket}/tree:v0/{name}",
            json.dumps({"shape": [3], "dtype": "u1", "dialect": dialect})).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, names)) == [201] * 8
    assert create("in/x3") == 409
    root = http_api.document(f"arrays/{http_bucket}/tree:v0")
    assert root["kind"] == "group" and root["dialect"] == dialect
    for name in names:
        http_api.write(f"{http_bucket}/tree:v0/{name}", "", np.arange(3, dtype="u1"))
    group = zarr.open_group(obstore_store(http_server, http_bucket, "tree:v0"), mode="r")
    for name in names:
        np.testing.assert_array_equal(group[name][...], [0, 1, 2])


def test_deleting_leaves_nothing(http_api, http_bucket, http_s3):
    for name in ("d:v0/a", "d:v0/b/in", "d2:v0"):
        http_api.create(f"{http_bucket}/{name}", shape=[64], dtype="u1", chunks=[1])
        http_api.write(f"{http_bucket}/{name}", "", np.ones(64, "u1"))
    answer = http_api.sent("DELETE", f"arrays/{http_bucket}/d:v0")
    assert answer["deleted_keys"] == 131
    keys = http_s3.list_objects_v2(Bucket=http_bucket)["Contents"]
    assert len(keys) == 65 and all(entry["Key"].startswith("d2:v0/") for entry in keys)
    assert http_api.refusal(
        "DELETE", f"arrays/{http_bucket}/d:v0") == (404, "array_missing")
    # The name is free again, and begins with nothing.
    http_api.create(f"{http_bucket}/d:v0", shape=[64], dtype="u1", chunks=[1])
    assert not http_api.data(f"{http_bucket}/d:v0").any()


def test_methods_that_a_resource_does_not_take(http_api, http_bucket):
    for method, path, allowed in (
        ("POST", "data/x/y", "GET, HEAD, PUT"), ("PUT", "append/x/y", "POST"),
        ("GET", "append/x/y", "POST"), ("POST", "arrays/x/y", "GET, HEAD, PUT, PATCH, DELETE"),
        ("PUT", "stats/x/y", "GET, HEAD"),
    ):
        answer = http_api.send(method, path)
        assert answer.status_code == 405 and answer.headers["Allow"] == allowed, path
