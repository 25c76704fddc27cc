"""The array listing: what clients wrote is listed and described as it is, and goes when it goes."""

import datetime
import json

import numpy as np
import pytest
import zarr
import zarr.codecs

from array_api import ArrayAPI
from s3_clients import new_bucket_name
from test_zarr import obstore_store


def make(server, bucket, path, zarr_format=3, **options):
    settings = {"shape": (6, 5), "chunks": (4, 5), "dtype": "<i4", "zarr_format": zarr_format}
    return zarr.create_array(obstore_store(server, bucket, path), **(settings | options))


def test_a_zarr3_array_is_described_in_full(server, api, bucket):
    array = make(
        server, bucket, "scans/head:v0", dtype="<f4", fill_value=np.nan,
        compressors=zarr.codecs.ZstdCodec(), dimension_names=["z", "y"], attributes={"unit": "K"})
    array[:4] = 1
    entry = api.arrays(bucket)[f"{bucket}/scans/head:v0"]
    assert entry["kind"] == "array" and entry["dialect"] == "zarr3"
    assert (entry["namespace"], entry["name"], entry["tag"]) == (bucket, "scans/head", "v0")
    assert entry["shape"] == [6, 5] and entry["chunk_shape"] == [4, 5]
    assert entry["dtype"] == "float32" and entry["byte_order"] == "little"
    assert "zstd" in entry["codecs"] and entry["order"] == "C"
    assert entry["fill_value"] == "NaN"
    assert entry["chunks_total"] == 2 and entry["chunks_stored"] == 1
    assert entry["bytes_stored"] > 0
    assert entry["key_prefix"] == "scans/head:v0/"
    changed = datetime.datetime.fromisoformat(entry["changed"])
    assert abs(datetime.datetime.now(datetime.timezone.utc) - changed) < datetime.timedelta(minutes=1)
    described = api.document(f"arrays/{bucket}/scans/head:v0")
    assert described["attributes"] == {"unit": "K"}
    assert described["dimension_names"] == ["z", "y"]


def test_zarr2_and_hub_arrays_are_described(server, api, s3, bucket):
    make(server, bucket, "old:v1", 2, dtype=">u2", order="F", compressors=None)
    info = {"shape": [10, 4], "chunk_shape": [5, 4], "dtype": "uint8", "order": "F",
            "dclass": "array", "key": "me/set/v2", "protocol": "object"}
    s3.put_object(Bucket=bucket, Key="me/set/v2/info.txt", Body=json.dumps(info).encode())
    s3.put_object(Bucket=bucket, Key="me/set/v2/0-5_0-4", Body=bytes(20))
    listed = api.arrays(bucket)
    old, hub = listed[f"{bucket}/old:v1"], listed[f"{bucket}/me/set:v2"]
    assert (old["dialect"], old["dtype"], old["byte_order"], old["order"]) == (
        "zarr2", "uint16", "big", "F")
    assert (hub["dialect"], hub["dtype"], hub["order"]) == ("hub0", "uint8", "F")
    assert (hub["name"], hub["tag"], hub["chunks_stored"], hub["bytes_stored"]) == (
        "me/set", "v2", 1, 20)


def test_a_plain_prefix_is_an_array_with_the_tag_latest(server, api, bucket):
    make(server, bucket, "plain/array")
    entry = api.arrays(bucket)[f"{bucket}/plain/array"]
    assert entry["tag"] == "latest" and entry["key_prefix"] == "plain/array/"
    assert api.document(f"arrays/{bucket}/plain/array:latest")["shape"] == [6, 5]


def test_a_group_is_listed_with_its_members(server, api, bucket):
    root = zarr.create_group(obstore_store(server, bucket, "study:v0"), attributes={"who": "me"})
    root.create_array("a", shape=(3,), dtype="u1")
    root.create_group("b").create_array("c", shape=(2, 2), dtype="f8")
    listed = api.arrays(bucket)
    assert {name.removeprefix(f"{bucket}/"): entry["kind"] for name, entry in listed.items()} == {
        "study:v0": "group", "study:v0/a": "array", "study:v0/b": "group", "study:v0/b/c": "array"}
    described = api.document(f"arrays/{bucket}/study:v0")
    assert described["attributes"] == {"who": "me"}
    assert {member["member"] for member in described["members"]} == {"a", "b", "b/c"}
    assert api.document(f"arrays/{bucket}/study:v0/b/c")["shape"] == [2, 2]


def test_several_versions_are_listed_by_their_name(server, api, bucket):
    for tag in ("v0", "v1", "v10", "latest"):
        make(server, bucket, f"many:{tag}")
    versions = api.document(f"arrays/{bucket}/many")["versions"]
    assert sorted(version["tag"] for version in versions) == ["latest", "v0", "v1", "v10"]


def test_metadata_overwritten_is_described_anew(server, api, bucket):
    make(server, bucket, "x:v0")
    make(server, bucket, "x:v0", shape=(9,), chunks=(2,), dtype="f8", overwrite=True)
    entry = api.arrays(bucket)[f"{bucket}/x:v0"]
    assert entry["shape"] == [9] and entry["dtype"] == "float64"


def test_metadata_deleted_takes_the_array_from_the_list(server, api, s3, bucket):
    make(server, bucket, "x:v0")
    make(server, bucket, "plain")
    s3.delete_object(Bucket=bucket, Key="x:v0/zarr.json")
    assert set(api.arrays(bucket)) == {f"{bucket}/plain"}
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "plain/zarr.json"}]})
    assert api.arrays(bucket) == {}
    assert api.problem(f"arrays/{bucket}/x:v0") == (404, "array_missing")


BROKEN = [
    b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b"{}", b'{"zarr_format": 3}',
    b'{"zarr_format": 4, "node_type": "array"}', b'{"zarr_format": 3, "node_type": "array"}',
    b'{"a":' * 50_000, b"[" * 100_000, b'{"shape": [-1]}', b"9" * 100_000,
    json.dumps({
        "zarr_format": 3, "node_type": "array", "shape": [2**70],
        "data_type": "uint8", "chunk_grid": {"name": "regular",
        "configuration": {"chunk_shape": [0]}}, "chunk_key_encoding": {"name": "default"},
        "fill_value": 0, "codecs": [{"name": "bytes"}]}).encode(),
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: ascii(body[:30]))
@pytest.mark.parametrize("name", ["zarr.json", ".zarray", ".zgroup", "info.txt"])
def test_metadata_that_cannot_be_understood_stays_a_plain_object(
    http_server, http_api, http_s3, http_bucket, name, body
):
    key = f"broken:v0/{name}"
    http_s3.put_object(Bucket=http_bucket, Key=key, Body=body)
    assert http_s3.get_object(Bucket=http_bucket, Key=key)["Body"].read() == body
    for entry in http_api.arrays(http_bucket).values():
        assert entry["kind"] in ("unreadable", "group"), entry
        if entry["kind"] == "unreadable":
            assert entry["note"]
            reference = entry["reference"]
            assert http_api.problem(f"data/{reference}") == (422, "metadata_unreadable")


def test_metadata_mended_is_described(server, api, s3, bucket):
    s3.put_object(Bucket=bucket, Key="x:v0/zarr.json", Body=b"{")
    assert api.arrays(bucket)[f"{bucket}/x:v0"]["kind"] == "unreadable"
    make(server, bucket, "x:v0", overwrite=True)
    assert api.arrays(bucket)[f"{bucket}/x:v0"]["kind"] == "array"


def test_other_files_called_info_are_no_arrays(api, s3, bucket):
    s3.put_object(Bucket=bucket, Key="notes/info.txt", Body=b"just a text")
    s3.put_object(Bucket=bucket, Key="logs/2026-11-22T10:05/part-0", Body=b"x")
    assert api.arrays(bucket) == {}


def test_chunks_written_before_their_metadata_are_counted(api, server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="x:v0/c/0/0", Body=bytes(80))
    make(server, bucket, "x:v0", compressors=None)
    entry = api.arrays(bucket)[f"{bucket}/x:v0"]
    assert entry["chunks_stored"] == 1 and entry["bytes_stored"] == 80
    s3.put_object(Bucket=bucket, Key="x:v0/c/1/0", Body=bytes(80))
    s3.put_object(Bucket=bucket, Key="x:v0/c/1/0", Body=bytes(80))
    s3.delete_object(Bucket=bucket, Key="x:v0/c/0/0")
    entry = api.arrays(bucket)[f"{bucket}/x:v0"]
    assert entry["chunks_stored"] == 1 and entry["bytes_stored"] == 80


def test_a_listing_comes_in_pages_and_by_prefix(server, api, bucket):
    names = [f"a{number}" for number in range(7)] + ["b0", "b1"]
    for name in names:
        make(server, bucket, f"{name}:v0")
    seen, parameters = [], {"limit": 2}
    while True:
        page = api.document(f"arrays/{bucket}", **parameters)
        assert len(page["arrays"]) <= 2
        seen += [entry["name"] for entry in page["arrays"]]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert seen == names
    page = api.document(f"arrays/{bucket}", prefix="b")
    assert [entry["name"] for entry in page["arrays"]] == ["b0", "b1"]
    everything = api.document("arrays", prefix=f"{bucket}/a")
    assert [entry["name"] for entry in everything["arrays"]] == names[:7]


def test_the_list_shows_each_caller_what_it_may_read(http_server, http_api, second_s3, second_keys):
    name = new_bucket_name("arrays")
    second_s3.create_bucket(Bucket=name)
    info = {"shape": [2], "chunk_shape": [2], "dtype": "uint8", "order": "F", "dclass": "array"}
    second_s3.put_object(Bucket=name, Key="me/x/v0/info.txt", Body=json.dumps(info).encode())
    reference = f"{name}/me/x:v0"
    assert reference in ArrayAPI(http_server, second_keys).arrays(name)
    assert reference in http_api.arrays(name)
    stranger = ArrayAPI(http_server, http_server.add_principal("stranger"))
    assert stranger.problem(f"arrays/{name}")[0] == 403
    assert stranger.problem(f"data/{reference}")[0] == 403
    nobody = ArrayAPI(http_server, ())
    assert nobody.problem(f"data/{reference}")[0] == 401
    assert nobody.problem("arrays")[0] == 401
    wrong = ArrayAPI(http_server, (second_keys[0], "wrong"))
    assert wrong.problem("arrays")[0] in (401, 403)
    second_s3.put_bucket_acl(Bucket=name, ACL="public-read")
    np.testing.assert_array_equal(nobody.data(reference), [0, 0])


def test_what_is_not_there_is_a_problem_document(api, bucket):
    assert api.problem(f"arrays/{bucket}/missing:v0") == (404, "array_missing")
    assert api.problem("arrays/missing-namespace") == (404, "namespace_missing")
    assert api.problem(f"data/{bucket}/missing:v0") == (404, "array_missing")
    assert api.problem("nothing-here") == (404, "route_missing")
    assert api.problem(f"arrays/{bucket}/x:bad tag")[0] in (400, 404)
    assert api.problem("arrays", limit=0) == (400, "parameter_invalid")
    assert api.problem("arrays", cursor="nonsense") == (400, "parameter_invalid")
    assert api.problem("arrays", colour="blue") == (400, "parameter_unknown")
