"""What something between answers in the server's place is never taken for data, nor kept.

Method: a proxy passes requests on, and at times answers them itself, as captive portals and load
balancers do; what is read while it does is refused, and what is read afterwards is what was written.
"""

import gzip
import hashlib
import struct

import boto3
import hub
import hub.cache
import numpy as np
import pytest
import zarr
from scripted_server import ScriptedServer, answer

from hub import entity_tag
from hub.cache.chunk_cache import chunk_digest
from hub.chunks import open_source, read_all

PAGE = b"<html><h1>Please log in</h1></html>"


def values():
    return np.random.default_rng(3).normal(size=(8, 8)).astype("f4")


@pytest.fixture
def array(connected, proxy, namespace):
    """An array in four chunks, which `hub` reaches by the proxy."""
    with hub.configured(endpoint=proxy.endpoint):
        array = hub.array((8, 8), name=f"{namespace}/x:v1", dtype="f4", chunks=(4, 4))
        array[...] = values()
        yield array


@pytest.fixture
def fixed(array):
    return f"{array.reference.line}@{array.commit().digest}"


def test_an_assignment_of_several_requests_outlives_lost_answers(array, proxy):
    lost = set()

    def first(method, path):
        kind = method, path.split("/")[2]
        is_lost = method != "GET" and kind not in lost
        lost.add(kind)
        return is_lost

    proxy.loses = first
    expected = values()
    array[[0, 5], [1, 6]] = expected[[0, 5], [1, 6]] = -1
    assert {("POST", "drafts"), ("PUT", "data"), ("POST", "commits")} <= lost
    np.testing.assert_array_equal(array[...], expected)
    assert len(array.history()) == 1


@pytest.mark.parametrize("body", [b"", b"<html><h1>Not Found</h1></html>"])
def test_a_404_is_no_missing_chunk(array, proxy, body):
    stores = [hub.HubStore(array.reference), hub.ViewStore(array.reference)]
    opened = [zarr.open_array(store, mode="r") for store in stores]
    source = open_source(array.client, array.reference)
    reads = [lambda one=one: one[...] for one in opened]
    reads += [lambda: read_all(source), lambda: hub.load(array.name), lambda: array.digest,
              lambda: array.is_sealed, lambda: array.__setitem__([0, 5], 1),
              lambda: stores[0]._keys.get("x:v1/c/0/0"), lambda: stores[0]._keys.entry("x:v1/c/0"),
              lambda: zarr.open_group(stores[0], mode="r"),
              lambda: zarr.open_group(hub.ViewStore(array.reference), mode="r")]
    proxy.instead = lambda method, path: (404, body)
    for read in reads:
        with pytest.raises(hub.Unavailable, match="something between") as raised:
            read()
        assert raised.value.status == 404
    proxy.instead = None
    for one in opened:
        np.testing.assert_array_equal(one[...], values())
    assert stores[0]._keys.entry("x:v1/none") is None
    assert stores[0]._keys.entry("x:v1/c/0/0").bytes > 0


@pytest.mark.parametrize("body", [PAGE, b"{}", b"[]", b""])
def test_a_document_that_is_none_is_refused_and_not_kept(fixed, array, proxy, body):
    for name in (fixed, array.name):
        proxy.instead = lambda method, path: (200, body, {"ETag": '"abc"'})
        for _ in range(2):
            with pytest.raises(hub.Invalid, match="`hub doctor` looks"):
                hub.load(name)
            with pytest.raises(hub.Invalid, match="`hub doctor` looks"):
                open_source(array.client, name)
            with pytest.raises(hub.Invalid, match="`hub doctor` looks"):
                zarr.open_array(hub.ViewStore(name), mode="r")
        proxy.instead = None
        np.testing.assert_array_equal(hub.load(name)[...], values())
        np.testing.assert_array_equal(zarr.open_array(hub.ViewStore(name))[...], values())


@pytest.fixture
def one_by_one(monkeypatch):
    """As from a server that has no answers with many chunks."""
    monkeypatch.setattr("hub.cached_keys.has_bundles", lambda transport: False)


@pytest.mark.parametrize("means", ["obstore", "urllib3"])
@pytest.mark.parametrize("tag", ["foreign", "the chunk's", "none"])
def test_what_is_no_chunk_is_not_kept(fixed, array, proxy, tag, means, monkeypatch, one_by_one):
    if means == "urllib3":
        monkeypatch.setattr("hub.bulk._load_obstore", lambda: False)
    etag = {"foreign": '"abc"', "none": ""}.get(tag)
    if etag is None:
        path = f"/v1/zarr/{hub.Reference.parse(fixed).path}/c/0/0"
        etag = array.client.transport.request("HEAD", path).headers["etag"]
    headers = {"ETag": etag} if etag else {}
    opened = hub.load(fixed)
    view = zarr.open_array(hub.ViewStore(fixed), mode="r")
    proxy.instead = lambda method, path: (200, PAGE, headers) if "/c/" in path else None
    for _ in range(2):
        with pytest.raises(hub.Unavailable):
            opened[...]
        with pytest.raises(hub.Unavailable):
            view[...]
    proxy.instead = None
    np.testing.assert_array_equal(opened[...], values())
    np.testing.assert_array_equal(view[...], values())
    assert hub.cache.verify().removed == 0


@pytest.mark.parametrize(
    "tag", ["", '"abc"', 'W/"d41d8cd98f00b204e9800998ecf8427e"', "the object's"])
@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("store", [hub.HubStore, hub.ViewStore])
def test_what_is_no_object_is_not_given_to_zarr(array, proxy, namespace, store, status, tag):
    """Whole chunks, and parts of one, as zarr reads of shards."""
    array[...] = values()
    with hub.configured(endpoint=proxy.endpoint):
        sharded = hub.array((8, 8), name=f"{namespace}/s:v1", dtype="f4", chunks=(2, 2),
                            shards=(8, 8))
    sharded[...] = values()
    for part, key in ((array, "c/0/0"), (sharded, "c/0/0")):
        path = f"/v1/zarr/{part.reference.path}/{key}"
        etag = tag
        if tag == "the object's":
            etag = part.client.transport.request("HEAD", path).headers["etag"]
        opened = zarr.open_array(store(part.name, client=part.client), mode="r")
        headers = {"ETag": etag} if etag else {}
        if status == 206 and etag and part is sharded and tag == "the object's":
            continue  # What has the tag and is a part, as was asked for, is the server's.
        proxy.instead = lambda method, path: (
            (status, PAGE, headers) if path.endswith("/c/0/0") else None)
        with pytest.raises(hub.Unavailable):
            opened[0:2, 0:2]
        answers = iter([(status, PAGE, headers)])
        proxy.instead = lambda method, path: (
            next(answers, None) if path.endswith("/c/0/0") else None)
        np.testing.assert_array_equal(opened[0:2, 0:2], values()[0:2, 0:2])
        proxy.instead = None


def test_objects_with_a_content_coding_are_given_decoded(array, settings, namespace):
    s3 = boto3.client(
        "s3", endpoint_url=settings["endpoint"], region_name="us-east-1",
        aws_access_key_id=settings["access_key"], aws_secret_access_key=settings["secret_key"])
    key = "x:v1/c/0/0"
    stored = s3.get_object(Bucket=namespace, Key=key)["Body"].read()
    s3.put_object(Bucket=namespace, Key=key, Body=gzip.compress(stored), ContentEncoding="gzip")
    opened = zarr.open_array(hub.HubStore(array.name), mode="r")
    np.testing.assert_array_equal(opened[...], values())


@pytest.mark.parametrize("body", [PAGE, b"", struct.pack("<HHHHQ", 200, 0, 0, 0, 8) + PAGE])
def test_what_is_no_answer_with_many_chunks_is_refused_and_not_kept(fixed, proxy, body):
    opened = hub.load(fixed)
    headers = {"ETag": '"abc"', "Content-Type": "text/html"}
    proxy.instead = lambda method, path: (200, body, headers) if "/chunks/" in path else None
    for _ in range(2):
        with pytest.raises(hub.Unavailable):
            opened[...]
    proxy.instead = None
    np.testing.assert_array_equal(opened[...], values())
    assert hub.cache.verify().removed == 0


def test_one_wrong_answer_with_many_chunks_is_asked_for_again(fixed, proxy):
    seen = []

    def once(method, path):
        if "/chunks/" in path and not seen:
            seen.append(path)
            return 200, PAGE, {"Content-Type": "text/html"}
        return None

    proxy.instead = once
    np.testing.assert_array_equal(hub.load(fixed)[...], values())
    assert seen


def test_one_wrong_answer_is_asked_for_again(fixed, proxy, one_by_one):
    opened = hub.load(fixed)
    seen = set()

    def once(method, path):
        if "/c/" in path and path not in seen:
            seen.add(path)
            return 200, PAGE, {"ETag": f'"{"0" * 32}"'}
        return None

    proxy.instead = once
    np.testing.assert_array_equal(opened[...], values())
    assert len(seen) == 4


def test_what_is_kept_already_and_no_chunk_is_replaced(fixed, array):
    opened = hub.load(fixed)
    opened[...]
    cache = hub.cache.open_cache()
    names = [path.name for path in (cache.folder / "chunks").rglob("*") if path.is_file()]
    chunks = [cache.read(bytes.fromhex(name)) for name in names]
    chunks = [one for one in chunks if one.etag]
    assert len(chunks) == 4
    for chunk in chunks:
        assert cache.write(chunk.digest, chunk.etag, PAGE)
    np.testing.assert_array_equal(opened[...], values())
    assert hub.cache.verify().removed == 0
    assert cache.write(chunks[0].digest, chunks[0].etag, PAGE)
    with hub.configured(offline=True), pytest.raises(hub.IntegrityError):
        hub.load(fixed)[...]
    assert hub.cache.verify().removed == 1
    np.testing.assert_array_equal(opened[...], values())


def test_what_cannot_be_decoded_is_asked_for_once_more_alone(array):
    array.client.transport.request("PUT", f"/{array.reference.namespace}/x:v1/c/0/0", body=b"none")
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    for _ in range(2):
        with hub.trace() as trace, pytest.raises(hub.IntegrityError):
            fixed[:4, :4]
        assert sum(one.path.endswith("/c/0/0") for one in trace.log) <= 2


def test_a_tag_says_what_the_bytes_are():
    data = bytes(range(256)) * 257
    md5 = hashlib.md5(data).hexdigest()
    rows = [(f'"{md5}"', True, True), (f'"{"0" * 32}"', True, False), (f'"{md5}-2"', True, True),
            (f'"{"0" * 32}-2-17"', True, True), (md5, False, True), (f'W/"{md5}"', False, True),
            ("", False, True), ('"abc"', False, True), (f'"{md5.upper()}"', False, True)]
    for tag, is_known, fits in rows:
        assert entity_tag.is_known(tag) is is_known
        assert entity_tag.contradicts(tag, data, None) is not fits
        assert not entity_tag.contradicts(tag, data), "it is more than is compared"
    assert entity_tag.contradicts(f'"{"0" * 32}"', data[: entity_tag.COMPARED_BYTES_MAX])


@pytest.mark.parametrize("means", ["obstore", "urllib3"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_chunks_of_another_host_are_not_taken(
    fixed, array, proxy, status, means, monkeypatch, one_by_one
):
    if means == "urllib3":
        monkeypatch.setattr("hub.bulk._load_obstore", lambda: False)
    opened = hub.load(fixed)
    tag = f'"{hashlib.md5(b"of another").hexdigest()}"'
    answers = [answer(200, b"of another"), answer(200, b"of another", [("ETag", '"abc"')]),
               answer(200, PAGE, [("ETag", tag)])]
    for other in answers:
        with ScriptedServer(other) as elsewhere:
            proxy.instead = lambda method, path: (
                status, b"", {"Location": elsewhere.endpoint + path}) if "/c/" in path else None
            with pytest.raises(hub.Invalid, match="sends to another place"):
                opened[...]
        proxy.instead = None
        np.testing.assert_array_equal(opened[...], values())
        hub.cache.clear()
