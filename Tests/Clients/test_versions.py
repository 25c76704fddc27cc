"""Versions over REST: forks, commits, seals, drafts and differences, read by S3 clients, zarr and NumPy.

Expected elements come from NumPy, which does to its own copies what the clients do to the server's.
"""

import json
import threading
import time

import botocore.exceptions
import numpy as np
import pytest
import requests
import zarr

from array_api import ArrayAPI
from s3_clients import new_bucket_name, s3_client
from server_process import nave
from test_zarr import obstore_store

SHAPE, CHUNKS = (6, 8), (2, 4)


class Versions:
    """The resources of versions, as a principal sees them."""

    def __init__(self, server, namespace, keys=None):
        self.server, self.namespace = server, namespace
        self.arrays = ArrayAPI(server, keys)
        self.session = self.arrays.session

    def send(self, method, path, body=None, **parameters):
        return self.session.request(
            method, f"{self.server.endpoint}/v1/{path}", params=parameters, timeout=30,
            data=None if body is None else json.dumps(body))

    def ok(self, method, path, body=None, status=200, **parameters):
        answer = self.send(method, path, body, **parameters)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def problem(self, method, path, body=None, **parameters):
        answer = self.send(method, path, body, **parameters)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["code"]

    def ref(self, text):
        return f"{self.namespace}/{text}"

    def data(self, text):
        return self.arrays.data(self.ref(text))

    def create(self, text, values):
        """Makes an array with these elements through zarr-python and obstore."""
        array = zarr.create_array(
            obstore_store(self.server, self.namespace, text), shape=values.shape, chunks=CHUNKS,
            dtype=values.dtype, fill_value=0)
        array[...] = values
        return array

    def open(self, text, mode="r+"):
        return zarr.open_array(obstore_store(self.server, self.namespace, text), mode=mode)


@pytest.fixture
def versions(server):
    namespace = new_bucket_name("versions")
    s3_client(server).create_bucket(Bucket=namespace)
    return Versions(server, namespace)


@pytest.fixture
def values():
    return np.arange(48, dtype="i4").reshape(SHAPE)


def test_fork_commit_and_history(versions, values):
    versions.create("a/b:v0", values)
    first = versions.ok("POST", f"commits/{versions.ref('a/b:v0')}", {"message": "begun"}, 201)
    assert first["message"] == "begun" and first["author"] == "root" and first["parent"] is None
    # Nothing changed: the commit is the one that there is.
    assert versions.ok("POST", f"commits/{versions.ref('a/b:v0')}", {"message": "x"}) == first | {"new": False}

    fork = versions.ok("PUT", f"versions/{versions.ref('a/b:v1')}", {"from": "v0"}, 201)
    assert (fork["tag"], fork["digest"], fork["changed_since"]) == ("v1", first["digest"], False)
    changed = values.copy()
    changed[2:4, 0:4] = -1
    versions.open("a/b:v1")[2:4, 0:4] = -1
    np.testing.assert_array_equal(versions.data("a/b:v0"), values)
    np.testing.assert_array_equal(versions.data("a/b:v1"), changed)

    second = versions.ok("POST", f"commits/{versions.ref('a/b:v1')}", {"message": "less"}, 201)
    assert second["parent"] == first["digest"]
    assert second["content_hash"] != first["content_hash"]
    history = versions.ok("GET", f"history/{versions.ref('a/b:v1')}")
    assert [entry["digest"] for entry in history["commits"]] == [
        second["digest"], first["digest"]]
    page = versions.ok("GET", f"history/{versions.ref('a/b:v1')}", limit=1)
    assert page["next"] == first["digest"]
    page = versions.ok("GET", f"history/{versions.ref('a/b:v1')}", limit=1, cursor=page["next"])
    assert [entry["digest"] for entry in page["commits"]] == [first["digest"]]

    # A digest is a reference wherever an array is read.
    old = f"a/b@{first['digest']}"
    versions.open("a/b:v0")[...] = 7
    np.testing.assert_array_equal(versions.data(old), values)
    described = versions.ok("GET", f"arrays/{versions.ref(old)}")
    assert described["shape"] == list(SHAPE)
    assert described["reference"] == versions.ref(old)
    stats = versions.ok("GET", f"stats/{versions.ref(old)}", op="sum")
    assert stats["statistics"]["sum"] == values.sum()
    shown = versions.send("GET", f"zarr/{versions.ref(old)}/zarr.json")
    assert shown.json()["shape"] == list(SHAPE)
    # Whoever has the address alone has the rights of its signature: no shared cache may keep the answer.
    assert shown.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    chunk = versions.send("GET", f"zarr/{versions.ref(old)}/c/1/0")
    assert chunk.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    kept = versions.send("GET", f"zarr/{versions.ref('a/b:v0')}/c/1/0")
    assert chunk.status_code == kept.status_code == 200 and chunk.content != kept.content
    assert versions.ok("GET", f"commits/{versions.ref(old)}")["digest"] == first["digest"]
    versions.ok("PATCH", f"namespaces/{versions.namespace}", {"access": "public-read"})
    shown = versions.send("GET", f"zarr/{versions.ref(old)}/c/1/0")
    assert shown.headers["Cache-Control"] == "max-age=31536000, immutable"


def test_equal_contents_have_equal_hashes(versions, values):
    versions.create("x:v0", values)
    versions.create("y:w", values)
    hashes = {
        versions.ok("POST", f"commits/{versions.ref(text)}", status=201)["content_hash"]
        for text in ("x:v0", "y:w")}
    assert len(hashes) == 1
    array = versions.open("y:w")
    array[0, 0] = 99
    other = versions.ok("POST", f"commits/{versions.ref('y:w')}", status=201)["content_hash"]
    assert other not in hashes
    array[0, 0] = values[0, 0]
    again = versions.ok("POST", f"commits/{versions.ref('y:w')}", status=201)["content_hash"]
    assert {again} == hashes


def test_a_plain_folder_is_forked(versions, values):
    versions.create("plain", values)
    versions.ok("PUT", f"versions/{versions.ref('plain:v1')}", {"from": "latest"}, 201)
    versions.ok("PUT", f"versions/{versions.ref('other:v1')}", {"from": "plain/"}, 201)
    versions.open("plain")[...] = 0
    np.testing.assert_array_equal(versions.data("plain:v1"), values)
    np.testing.assert_array_equal(versions.data("other:v1"), values)
    assert versions.problem("PUT", f"versions/{versions.ref('z:v1')}", {"from": "no/"}) == (
        404, "folder_empty")


def test_a_sealed_version_takes_no_writes(versions, values):
    array = versions.create("s:v0", values)
    sealed = versions.ok("PATCH", f"versions/{versions.ref('s:v0')}", {"sealed": True})
    assert sealed["sealed"] and sealed["digest"]
    client = s3_client(versions.server)
    for attempt in (
        lambda: client.put_object(Bucket=versions.namespace, Key="s:v0/c/0/0", Body=b"x"),
        lambda: client.delete_object(Bucket=versions.namespace, Key="s:v0/c/0/0"),
        lambda: client.copy_object(
            Bucket=versions.namespace, Key="s:v0/c/0/0",
            CopySource={"Bucket": versions.namespace, "Key": "s:v0/c/0/1"}),
    ):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            attempt()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert "sealed" in refused.value.response["Error"]["Message"]
    errors = client.delete_objects(
        Bucket=versions.namespace, Delete={"Objects": [{"Key": "s:v0/c/0/0"}]})["Errors"]
    assert [error["Code"] for error in errors] == ["AccessDenied"]
    with pytest.raises(Exception):
        array[0, 0] = 5
    answer = versions.session.put(
        f"{versions.server.endpoint}/v1/data/{versions.ref('s:v0')}?format=raw&slice=0,0",
        data=b"\0\0\0\0", timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "version_sealed"), answer.text
    assert versions.problem("DELETE", f"versions/{versions.ref('s:v0')}") == (
        403, "version_sealed")
    np.testing.assert_array_equal(versions.data("s:v0"), values)
    versions.ok("PATCH", f"versions/{versions.ref('s:v0')}", {"sealed": False})
    array[0, 0] = 5
    assert versions.data("s:v0")[0, 0] == 5


def test_rollback_retag_rename_and_delete(versions, values):
    array = versions.create("r:v0", values)
    first = versions.ok("POST", f"commits/{versions.ref('r:v0')}", status=201)["digest"]
    array[...] = 1
    second = versions.ok("POST", f"commits/{versions.ref('r:v0')}", status=201)["digest"]
    state = versions.ok("POST", f"rollbacks/{versions.ref('r:v0')}", {"to": first})
    assert state["digest"] == first
    np.testing.assert_array_equal(versions.data("r:v0"), values)
    np.testing.assert_array_equal(versions.data(f"r@{second}"), np.ones_like(values))
    # An S3 client, which may have looked before, sees the same.
    np.testing.assert_array_equal(versions.open("r:v0")[...], values)

    versions.ok("PATCH", f"versions/{versions.ref('r:v0')}", {"tag": "best"})
    assert versions.problem("GET", f"versions/{versions.ref('r:v0')}") == (404, "version_missing")
    np.testing.assert_array_equal(versions.open("r:best")[...], values)
    versions.ok("PATCH", f"versions/{versions.ref('r')}", {"name": "renamed/r"})
    np.testing.assert_array_equal(versions.open("renamed/r:best")[...], values)
    listed = versions.ok("GET", f"versions/{versions.ref('renamed/r')}")["versions"]
    assert [entry["tag"] for entry in listed] == ["best"]
    versions.ok("DELETE", f"versions/{versions.ref('renamed/r:best')}", status=204)
    client = s3_client(versions.server)
    assert client.list_objects_v2(Bucket=versions.namespace)["KeyCount"] == 0


def test_drafts_merge_or_conflict(versions, values):
    versions.create("d:v0", values)
    base = versions.ref("d:v0")
    one = versions.ok("POST", f"drafts/{base}", status=201)["reference"].split("/", 1)[1]
    two = versions.ok("POST", f"drafts/{base}", status=201)["reference"].split("/", 1)[1]
    keys = [
        entry["Key"] for entry in
        s3_client(versions.server).list_objects_v2(Bucket=versions.namespace)["Contents"]]
    assert not [key for key in keys if "draft" in key]
    versions.open(one)[0:2, 0:4] = 100
    versions.open(two)[2:4, 0:4] = 200
    np.testing.assert_array_equal(versions.data("d:v0"), values)
    versions.ok("POST", f"commits/{versions.ref(one)}", {"message": "one"}, 201)
    versions.ok("POST", f"commits/{versions.ref(two)}", {"message": "two"}, 201)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        s3_client(versions.server).put_object(
            Bucket=versions.namespace, Key=f"{two}/c/0/0", Body=b"late")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert "was committed" in refused.value.response["Error"]["Message"]
    merged = values.copy()
    merged[0:2, 0:4], merged[2:4, 0:4] = 100, 200
    np.testing.assert_array_equal(versions.data("d:v0"), merged)

    late = versions.ok("POST", f"drafts/{base}", status=201)["reference"].split("/", 1)[1]
    versions.open(late)[0:4, :] = 1
    versions.open("d:v0")[0:2, 0:4] = 2
    answer = versions.send("POST", f"commits/{versions.ref(late)}", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "draft_conflict")
    assert answer.json()["conflicts"] == ["c/0/0"] and answer.json()["count"] == 1
    merged[0:2, 0:4] = 2
    np.testing.assert_array_equal(versions.data("d:v0"), merged)
    listed = versions.ok("GET", f"drafts/{base}")["drafts"]
    assert [entry["reference"] for entry in listed] == [versions.ref(late)]
    versions.ok("DELETE", f"drafts/{versions.ref(late)}", status=204)
    assert versions.ok("GET", f"drafts/{base}")["drafts"] == []


def test_a_difference_names_chunks_and_boxes(versions, values):
    versions.create("f:v0", values)
    versions.ok("PUT", f"versions/{versions.ref('f:v1')}", {"from": "v0"}, 201)
    array = versions.open("f:v1")
    array[5, 7] = -1
    array[0, 0] = -1
    expected = {
        (index[0] // 2, index[1] // 4)
        for index in np.argwhere(versions.data("f:v0") != versions.data("f:v1"))}
    changes = versions.ok("GET", f"diff/{versions.ref('f:v0')}", to="v1")["changes"]
    assert {tuple(change["chunk"]) for change in changes} == expected
    assert {json.dumps(change["box"]) for change in changes} == {
        "[[0, 2], [0, 4]]", "[[4, 6], [4, 8]]"}
    assert all(change["change"] == "changed" and change["member"] == "" for change in changes)
    page = versions.ok("GET", f"diff/{versions.ref('f:v0')}", to="v1", limit=1)
    assert page["next"] == "c/0/0"
    rest = versions.ok("GET", f"diff/{versions.ref('f:v0')}", to="v1", cursor=page["next"])
    assert [change["key"] for change in rest["changes"]] == ["c/2/1"] and rest["next"] is None
    same = versions.ok("GET", f"diff/{versions.ref('f:v0')}", to="v0")
    assert same["changes"] == []


def events(versions, count, **parameters):
    """The first so many events of a stream, as (id, kind, data)."""
    found, current, deadline = [], {}, time.monotonic() + 20
    with versions.session.get(
        f"{versions.server.endpoint}/v1/changes/{versions.namespace}", params=parameters,
        stream=True, timeout=20,
    ) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        for line in stream.iter_lines(decode_unicode=True, chunk_size=1):
            assert time.monotonic() < deadline, found
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                current[name] = value
            elif "data" not in current:
                current = {}
            elif current:
                found.append((int(current["id"]), current["event"], json.loads(current["data"])))
                current = {}
                if len(found) == count:
                    return found
    raise AssertionError(f"the stream ended after {found}")


def test_changes_are_told_and_resumed(versions, values):
    array = versions.create("e:v0", values)
    versions.ok("POST", f"commits/{versions.ref('e:v0')}", status=201)
    # The metadata, every chunk, the commit.
    told = events(versions, 8, after=0)
    assert [kind for _, kind, _ in told].count("written") == 7
    assert told[-1][1] == "committed" and told[-1][2]["digest"].startswith("sha256:")
    assert {data["actor"] for _, _, data in told} == {"root"}
    chunks = {data["key"] for _, _, data in told if data.get("key", "").startswith("c/")}
    assert chunks == {f"c/{row}/{column}" for row in range(3) for column in range(2)}

    later = []
    follower = threading.Thread(
        target=lambda: later.extend(events(versions, 1, after=told[-1][0])))
    follower.start()
    time.sleep(0.3)
    array[0, 0] = 9
    follower.join(20)
    assert [(kind, data["key"]) for _, kind, data in later] == [("written", "c/0/0")]
    assert later[0][0] > told[-1][0]


def test_a_stream_says_at_once_where_it_begins(versions, values):
    versions.create("i:v0", values)
    last = events(versions, 7, after=0)[-1][0]
    with versions.session.get(
        f"{versions.server.endpoint}/v1/changes/{versions.namespace}", stream=True, timeout=20,
    ) as stream:
        assert next(stream.iter_lines(decode_unicode=True, chunk_size=1)) == f"id: {last}"


def test_a_writer_who_goes_is_told_of_drafts_no_longer(server):
    writer = server.add_principal("drafter")
    namespace = new_bucket_name("told")
    s3 = s3_client(server, writer)
    s3.create_bucket(Bucket=namespace, ACL="public-read")
    root, own = Versions(server, namespace), Versions(server, namespace, writer)
    root.ok("PUT", f"arrays/{root.ref('x:v0')}", {"shape": [4], "dtype": "u1"}, 201)
    told = []

    def follow():
        with own.session.get(f"{server.endpoint}/v1/changes/{namespace}?after=0", stream=True,
                             timeout=30) as stream:
            for line in stream.iter_lines(decode_unicode=True, chunk_size=1):
                told.append(line)
                if line == "event: sealed":
                    return

    follower = threading.Thread(target=follow)
    follower.start()
    root.ok("POST", f"drafts/{root.ref('x:v0')}", status=201)
    deadline = time.monotonic() + 20
    while "event: draft_created" not in told and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "event: draft_created" in told
    assert nave("principal", "remove", "drafter", "--data", server.data).returncode == 0
    begun = len(told)
    draft = root.ok("POST", f"drafts/{root.ref('x:v0')}", status=201)
    root.ok("DELETE", f"drafts/{draft['reference']}", status=204)
    root.ok("PATCH", f"versions/{root.ref('x:v0')}", {"sealed": True})
    follower.join(20)
    assert not follower.is_alive()
    assert "event: sealed" in told[begun:] and not any("draft" in line for line in told[begun:])


def test_what_is_missing_is_told_with_what_there_is(versions, values):
    versions.create("n:v0", values)
    versions.create("n:v1", values)
    versions.create("plain/array", values)
    for method, path in [("POST", "commits"), ("GET", "history"), ("POST", "drafts")]:
        answer = versions.send(method, f"{path}/{versions.ref('n')}")
        assert answer.status_code == 404 and answer.json()["code"] == "version_missing"
        assert answer.json()["tags"] == ["v0", "v1"] and "v0, v1" in answer.json()["detail"]
        answer = versions.send(method, f"{path}/{versions.ref('plain/array')}")
        assert answer.status_code == 404 and "forked to a tag" in answer.json()["detail"]
    answer = versions.send("GET", f"arrays/{versions.ref('n:v1/none')}").json()
    assert 'no member "none"' in answer["detail"] and answer["tags"] == ["v0", "v1"]
    answer = versions.send("PATCH", f"versions/{versions.ref('n')}", {"name": "o:v1"})
    assert answer.status_code == 400 and "o:v1:" not in answer.json()["detail"]


def test_a_commit_of_nothing_new_says_so(versions, values):
    versions.create("s:v0", values)
    first = versions.ok("POST", f"commits/{versions.ref('s:v0')}", {"message": "one"}, 201)
    again = versions.ok("POST", f"commits/{versions.ref('s:v0')}", {"message": "two"})
    assert first["new"] is True and again["new"] is False
    assert again["digest"] == first["digest"] and again["message"] == "one"


def test_answers_are_named(versions):
    names = [
        versions.send("GET", path).headers["X-Request-Id"]
        for path in ("arrays", "openapi.json", f"versions/{versions.ref('none')}", "nothing")
    ]
    assert len(set(names)) == 4 and all(len(name) == 13 for name in names)


def test_keys_made_longer_by_a_name_can_be_read_and_deleted(versions, values):
    s3, long = s3_client(versions.server), "k" * 1000
    versions.create("a:v0", values)
    s3.put_object(Bucket=versions.namespace, Key=f"a:v0/{long}", Body=b"there")
    versions.ok("PATCH", f"versions/{versions.ref('a')}", {"name": "n" * 200})
    key = f"{'n' * 200}:v0/{long}"
    listed = s3.list_objects_v2(Bucket=versions.namespace, Prefix=f"{'n' * 200}:v0/k")
    assert [entry["Key"] for entry in listed["Contents"]] == [key]
    assert s3.get_object(Bucket=versions.namespace, Key=key)["Body"].read() == b"there"
    with pytest.raises(botocore.exceptions.ClientError, match="KeyTooLong"):
        s3.put_object(Bucket=versions.namespace, Key=key, Body=b"x")
    s3.copy_object(Bucket=versions.namespace, Key="short",
                   CopySource={"Bucket": versions.namespace, "Key": key})
    s3.delete_objects(Bucket=versions.namespace, Delete={"Objects": [{"Key": key}]})
    left = s3.list_objects_v2(Bucket=versions.namespace, Prefix=f"{'n' * 200}:v0/k")
    assert left["KeyCount"] == 0
    assert s3.get_object(Bucket=versions.namespace, Key="short")["Body"].read() == b"there"


def test_commits_that_are_too_many_go_soon(versions, values):
    array = versions.create("r:v0", values)
    versions.ok("PATCH", f"versions/{versions.ref('r:v0')}", {"retained_commits": 2})
    for value in range(4):
        array[0, 0] = value + 100
        versions.ok("POST", f"commits/{versions.ref('r:v0')}", status=201)
    deadline = time.monotonic() + 30
    while True:
        kept = versions.ok("GET", f"history/{versions.ref('r:v0')}")["commits"]
        if len(kept) == 2:
            break
        assert time.monotonic() < deadline, len(kept)
        time.sleep(0.1)


def test_two_large_drafts_go_into_their_version(versions):
    count = 3000
    versions.ok("PUT", f"arrays/{versions.ref('big:v0')}", {
        "shape": [2 * count], "dtype": "u1", "chunks": [1], "codecs": ["bytes"]}, 201)
    drafts = [versions.ok("POST", f"drafts/{versions.ref('big:v0')}", status=201)["reference"]
              for _ in range(2)]
    for half, draft in enumerate(drafts):
        answer = versions.session.put(
            f"{versions.server.endpoint}/v1/data/{draft}", data=bytes([7 + half]) * count,
            params={"slice": f"{half * count}:{(half + 1) * count}", "format": "raw"}, timeout=60)
        assert answer.status_code == 200, answer.text
    for draft in drafts:
        versions.ok("POST", f"commits/{draft}", status=201)
    np.testing.assert_array_equal(
        versions.data("big:v0"), np.repeat(np.uint8([7, 8]), count))
    described = versions.ok("GET", f"arrays/{versions.ref('big:v0')}")
    assert described["chunks_stored"] == 2 * count


def test_wrong_requests_are_refused(versions, values):
    versions.create("w:v0", values)
    digest = "sha256:" + "0" * 64
    rows = [
        ("GET", "versions/{}/none", None, (404, "version_missing")),
        ("GET", "versions/{}/w:v9", None, (404, "version_missing")),
        ("PUT", "versions/{}/w:v1", {}, (400, "member_missing")),
        ("PUT", "versions/{}/w:v1", {"from": 3}, (400, "member_invalid")),
        ("PUT", "versions/{}/w:v1", {"from": "a:b:c"}, (400, "source_invalid")),
        ("PUT", "versions/{}/w:v1", {"from": "v9"}, (404, "version_missing")),
        ("PUT", "versions/{}/w:v1", {"from": digest}, (404, "commit_missing")),
        ("PUT", "versions/{}/w:v1", {"from": "sha256:zz"}, (400, "source_invalid")),
        ("PUT", "versions/{}/w:v0", {"from": "v0"}, (409, "version_exists")),
        ("PUT", "versions/{}/w", {"from": "v0"}, (400, "tag_needed")),
        ("PUT", "versions/{}/w:v1/member", {"from": "v0"}, (400, "member_given")),
        ("PATCH", "versions/{}/w:v0", {}, (400, "one_change_needed")),
        ("PATCH", "versions/{}/w:v0", {"sealed": True, "tag": "x"}, (400, "one_change_needed")),
        ("PATCH", "versions/{}/w:v0", {"sealed": "yes"}, (400, "member_invalid")),
        ("PATCH", "versions/{}/w:v0", {"retained_commits": 0}, (400, "member_invalid")),
        ("PATCH", "versions/{}/w:v0", {"tag": "no tag"}, (400, "version_name_invalid")),
        ("PATCH", "versions/{}/w:v0", {"tag": "x.draft-12345678"}, (400, "version_name_invalid")),
        ("PUT", "versions/{}/w:x.draft-12345678", {"from": "v0"}, (400, "version_name_invalid")),
        ("PATCH", "versions/{}/w:v0", {"seal": True}, (400, "member_unknown")),
        ("POST", "commits/{}/w:v9", {}, (404, "version_missing")),
        ("POST", "commits/{}/w:v0", {"message": "x" * 5000}, (400, "member_invalid")),
        ("GET", "commits/{}/w:v0", None, (400, "digest_needed")),
        ("GET", "commits/{}/w@" + digest, None, (404, "commit_missing")),
        ("GET", "commits/{}/w@sha256:12", None, (400, "reference_invalid")),
        ("GET", "data/{}/w@" + digest, None, (404, "array_missing")),
        ("POST", "rollbacks/{}/w:v0", {"to": "v0"}, (400, "member_invalid")),
        ("POST", "rollbacks/{}/w:v0", {"to": digest}, (404, "commit_missing")),
        ("GET", "diff/{}/w:v0", None, (400, "parameter_invalid")),
        ("DELETE", "drafts/{}/w:v0", None, (409, "is_no_draft")),
        ("POST", "drafts/{}/w:v9", None, (404, "version_missing")),
        ("GET", "history/{}/w:v0?cursor=x", None, (400, "parameter_invalid")),
        ("GET", "changes/{}?after=-1", None, (400, "parameter_invalid")),
        ("GET", "changes/nothing-there", None, (404, "namespace_missing")),
    ]
    for method, path, body, expected in rows:
        found = versions.problem(method, path.format(versions.namespace), body)
        assert found == expected, (method, path, body)
    # Nothing of it changed anything.
    np.testing.assert_array_equal(versions.data("w:v0"), values)
    listed = versions.ok("GET", f"versions/{versions.ref('w')}")["versions"]
    assert [entry["tag"] for entry in listed] == ["v0"]


def test_strangers_may_not(versions, values):
    versions.create("p:v0", values)
    nobody = Versions(versions.server, versions.namespace, ())
    for method, path, body in [
        ("GET", "versions/{}/p", None), ("GET", "changes/{}", None),
        ("PUT", "versions/{}/p:v1", {"from": "v0"}), ("POST", "commits/{}/p:v0", {}),
        ("DELETE", "versions/{}/p:v0", None), ("POST", "drafts/{}/p:v0", None),
    ]:
        assert nobody.send(method, path.format(versions.namespace), body).status_code == 401


def test_a_draft_is_for_those_who_may_write(versions, values):
    versions.create("q:v0", values)
    s3_client(versions.server).put_bucket_acl(Bucket=versions.namespace, ACL="public-read")
    nobody = Versions(versions.server, versions.namespace, ())
    begin = versions.ok("POST", f"commits/{versions.ref('q:v0')}", status=201)
    draft = versions.ok("POST", f"drafts/{versions.ref('q:v0')}", status=201)["reference"]
    name = draft.split("/", 1)[1]
    versions.open(name)[0:2, 0:4] = 42
    versions.open("q:v0")[4:6, 4:8] = 1
    np.testing.assert_array_equal(nobody.data(f"q@{begin['digest']}"), values)
    assert nobody.data("q:v0").shape == SHAPE
    for path in ("data", "arrays", "stats", "versions", "history", "preview", "occupancy"):
        assert nobody.send("GET", f"{path}/{draft}").status_code == 401, path
    assert nobody.send("GET", f"zarr/{draft}/zarr.json").status_code == 401
    assert nobody.send("GET", f"diff/{versions.ref('q:v0')}", to=name.split(":")[1]).status_code == 401
    base = f"{versions.server.endpoint}/{versions.namespace}"
    for target in (f"{base}/{name}/c/0/0", f"{base}?list-type=2&prefix={name}/"):
        assert nobody.session.get(target, timeout=20).status_code == 403, target
    told = events(nobody, 9, after=0)
    assert told[-1][2]["key"] == "c/2/1"
    assert not any("draft" in json.dumps(event) for event in told)
    versions.ok("DELETE", f"drafts/{draft}", status=204)


@pytest.mark.parametrize("end", ["delete", "rollback", "forget", "commit"])
def test_what_goes_while_it_is_read_is_not_read_as_something_else(http_server, end):
    namespace = new_bucket_name("going")
    s3_client(http_server).create_bucket(Bucket=namespace)
    versions = Versions(http_server, namespace)
    whole = 64 << 20
    versions.ok("PUT", f"arrays/{versions.ref('big:v0')}", {
        "shape": [whole], "dtype": "u1", "chunks": [1 << 18], "codecs": ["bytes"]}, 201)

    def fill(text, value):
        answer = versions.session.put(
            f"{http_server.endpoint}/v1/data/{versions.ref(text)}?format=raw", timeout=60,
            data=bytes([value]) * whole)
        assert answer.status_code == 200, answer.text

    fill("big:v0", 1)
    first = versions.ok("POST", f"commits/{versions.ref('big:v0')}", status=201)["digest"]
    reference, undo = "big:v0", ("DELETE", f"versions/{versions.ref('big:v0')}", None)
    if end == "rollback":
        fill("big:v0", 2)
        undo = ("POST", f"rollbacks/{versions.ref('big:v0')}", {"to": first})
    elif end == "forget":
        fill("big:v0", 2)
        versions.ok("POST", f"commits/{versions.ref('big:v0')}", status=201)
        reference, undo = f"big@{first}", ("DELETE", f"commits/{versions.ref(f'big@{first}')}", None)
    elif end == "commit":
        reference = versions.ok(
            "POST", f"drafts/{versions.ref('big:v0')}", status=201)["reference"].split("/", 1)[1]
        fill(reference, 2)
        undo = ("POST", f"commits/{versions.ref(reference)}", {})
    answer = versions.session.get(
        f"{http_server.endpoint}/v1/data/{versions.ref(reference)}?format=raw", stream=True,
        headers={"Accept-Encoding": "identity"}, timeout=60)
    begun = answer.raw.read(1 << 20)
    assert len(set(begun)) == 1
    assert versions.send(*undo).status_code in (200, 201, 204)
    try:
        rest = answer.raw.read()
    except Exception:
        return  # The connection was cut, as it should be.
    # All was on its way already, or the answer is cut short.
    assert len(rest) < whole - (1 << 20) or set(rest) == set(begun)
