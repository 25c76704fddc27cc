"""A generator is written in bounded blocks, goes on after a break, and takes nothing from others.

Method: what is in memory is counted by who makes it; breaks are exceptions in the generator; others
append behind a proxy, just before what would change the array is passed on.
"""

import json

import boto3
import hub
import numpy as np
import pytest
from hub import feeding
from hub.growing import with_shape
from meddling_proxy import MeddlingProxy


def sample(number):
    return np.full((3, 4), number, "i4")


def expected(count):
    return np.stack([sample(number) for number in range(count)])


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(feeding, "REQUEST_BYTES_MAX", 10 * 48)


@pytest.fixture
def array(connected, namespace, small_blocks):
    return hub.array((0, 3, 4), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 3, 4))


def test_samples_and_blocks_are_written_and_the_array_grows(array):
    def mixed():
        yield sample(0)
        yield expected(22)[1:15]
        yield from expected(22)[15:]

    with hub.trace() as trace:
        assert array.write(mixed()) == 22
    writes = [one for one in trace.log if one.path.startswith("/v1/data/")]
    assert len(writes) == 3, "8 samples, two whole rows of chunks, fit a request of 10"
    np.testing.assert_array_equal(hub.load(array.name)[...], expected(22))
    assert "hub_samples_written" not in hub.load(array.name).attrs


def test_a_break_is_gone_on_from(array):
    made = []

    def failing():
        for number in range(20):
            made.append(number)
            if len(made) == 14:
                raise ZeroDivisionError
            yield sample(number)

    with pytest.raises(ZeroDivisionError):
        array.write(failing())
    assert hub.load(array.name).attrs["hub_samples_written"] == 8
    with hub.trace() as trace:
        assert hub.load(array.name).write(failing(), resume=True) == 20
    assert sum(one.path.startswith("/v1/data/") for one in trace.log) == 2
    np.testing.assert_array_equal(hub.load(array.name)[...], expected(20))


def test_a_function_makes_only_what_is_missing(array):
    starts = []

    def samples(start):
        starts.append(start)
        yield from expected(20)[start:13 if len(starts) == 1 else 20]
        if len(starts) == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        array.write(samples)
    assert array.write(samples, resume=True) == 20
    assert starts == [0, 8]
    np.testing.assert_array_equal(array[...], expected(20))


def test_blocks_are_skipped_and_cut(array):
    array.attrs["hub_samples_written"] = 5
    array.resize((5, 3, 4))
    blocks = [expected(12)[0:3], expected(12)[3:9], expected(12)[9:]]
    assert array.write(iter(blocks), resume=True) == 12
    np.testing.assert_array_equal(array[5:], expected(12)[5:])
    assert (array[:5] == 0).all()


def others(count):
    return np.full((count, 3, 4), -1, "i4")


def test_what_others_appended_stays(array):
    """The handle that writes knows a shape from before."""
    hub.load(array.name).append(others(30))
    assert array.shape == (0, 3, 4)
    assert array.write(expected(12)) == 12
    found = hub.load(array.name)[...]
    np.testing.assert_array_equal(found, np.concatenate([expected(12), others(18)]))
    assert array.shape == (30, 3, 4)


def without_tags(method, path, data):
    """As of a server that tells no states of metadata."""
    return data.replace(b'"metadata_entity_tag"', b'"other"') if "/v1/arrays/" in path else data


@pytest.mark.parametrize("age", ["of today", "older"])
@pytest.mark.parametrize("kind", ["version", "member", "draft", "zarr2", "plain"])
def test_what_others_append_meanwhile_stays(
    connected, settings, server, namespace, small_blocks, kind, age,
):
    """Others append behind each look at the array, just before something of it is changed."""
    name = f"{namespace}/g:v1/a" if kind == "member" else f"{namespace}/a:v1"
    target = hub.array((0, 3, 4), name=name, dtype="i4", chunks=(4, 3, 4),
                       dialect="zarr2" if kind == "zarr2" else None)
    if kind == "draft":
        target = target.draft()
    elif kind == "plain":
        target = hub.load(_copied_to_plain_keys(target, settings, namespace))
    appended = iter([others(9), others(5), others(4)])

    def appends(method, path):
        if method in ("PUT", "PATCH") and ("zarr.json" in path or ".zarray" in path
                                           or "/v1/arrays/" in path):
            for rows in appended:
                target.append(rows)
                break

    with MeddlingProxy(server.endpoint) as proxy:
        proxy.alters = without_tags if age == "older" else None
        writer = hub.load(target.name, endpoint=proxy.endpoint)
        proxy.instead = appends
        assert writer.write(expected(13)) == 13
    assert next(appended, None) is None, "nothing was appended meanwhile"
    found = target.refresh()[...]
    np.testing.assert_array_equal(found, np.concatenate([expected(13), others(5)]))


def _copied_to_plain_keys(array, settings, namespace):
    source = {"Bucket": namespace, "Key": array.description.key_prefix + "zarr.json"}
    _s3(settings).copy_object(
        Bucket=namespace, Key="folder/plain/zarr.json", CopySource=source)
    return f"{namespace}/folder/plain"


def test_what_may_not_be_written_to_does_not_grow(array):
    commit = array.commit("empty")
    array.seal()
    with pytest.raises(hub.Denied, match="sealed"):
        hub.load(array.name).write(expected(2))
    with pytest.raises(hub.Invalid, match="is a commit, which never changes"):
        hub.load(f"{array.reference.namespace}/a@{commit.digest}").write(expected(2))
    assert array.refresh().shape == (0, 3, 4)


@pytest.mark.parametrize("age", ["of today", "older"])
def test_a_lost_answer_to_growing_does_no_harm(connected, server, array, age):
    lost = []
    growing = ("PATCH", "/a%3Av1") if age == "of today" else ("PUT", "zarr.json")

    def loses(method, path):
        if method == growing[0] and path.endswith(growing[1]) and not lost:
            lost.append(path)
            return True

    with MeddlingProxy(server.endpoint) as proxy:
        proxy.loses, proxy.alters = loses, without_tags if age == "older" else None
        assert hub.load(array.name, endpoint=proxy.endpoint).write(expected(6)) == 6
    assert lost
    np.testing.assert_array_equal(array.refresh()[...], expected(6))


@pytest.mark.parametrize("age", ["of today", "older"])
def test_growing_keeps_all_else_of_the_metadata(connected, settings, namespace, array, proxy, age):
    """What only shrank and still has chunks outside is finished first: they would show again."""
    proxy.alters = without_tags if age == "older" else None
    array.append(others(8))
    s3, key = _s3(settings), "a:v1/zarr.json"
    stored = s3.get_object(Bucket=namespace, Key=key)["Body"].read()
    document = stored.replace(b'"shape": [8, 3, 4]', b'"shape":[4,3,4]').replace(
        b'"attributes": {}', b'"attributes": {"shape": [1e400, NaN, 1.50], "\\"": {"shape": 2}}')
    assert document.count(b"1.50") == 1 and b"[8, 3, 4]" not in document
    s3.put_object(Bucket=namespace, Key=key, Body=document, ContentType="application/json",
                  Metadata={"nave-former-shape": "[8,3,4]"})
    assert hub.load(array.name).write(expected(2)) == 2
    assert hub.load(array.name).shape == (4, 3, 4)
    hub.load(array.name, endpoint=proxy.endpoint).write(expected(6))
    found = s3.get_object(Bucket=namespace, Key=key)
    assert found["Metadata"] == {}
    assert b'"shape":[1e400,NaN,1.50]' in found["Body"].read().replace(b" ", b"")
    np.testing.assert_array_equal(hub.load(array.name)[...], expected(6))
    array.resize((8, 3, 4))
    assert not array[6:].any(), "chunks that were cut off show again"


@pytest.mark.parametrize(("document", "expected"), [
    ('{"shape":[1]}', '{"shape":[7, 8]}'),
    (' {"a": {"shape": [1]}, "b": "\\"shape\\": [", "shape" : [1,\n2] , "c": [-Infinity]}',
     ' {"a": {"shape": [1]}, "b": "\\"shape\\": [", "shape" : [7, 8] , "c": [-Infinity]}'),
    ('{"sh\\u0061pe": 3, "z": 1}', '{"sh\\u0061pe": [7, 8], "z": 1}'),
])
def test_a_shape_is_replaced_where_it_stands(document, expected):
    assert with_shape(document.encode(), (7, 8)) == expected.encode()
    assert json.loads(expected)["shape"] == [7, 8]


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"a": 1}', '{"shape": [1]', "\xff"])
def test_what_has_no_shape_is_told(document):
    with pytest.raises(hub.Invalid, match="no metadata of an array"):
        with_shape(document.encode("latin-1"), (7, 8))


def test_no_more_than_two_blocks_are_in_memory(array, monkeypatch):
    made = written = most = 0
    put = hub.Client.write_region

    def counted(self, reference, text, values):
        nonlocal written
        answer = put(self, reference, text, values)
        written += len(values)
        return answer

    def samples():
        nonlocal made, most
        for number in range(200):
            made += 1
            most = max(most, made - written)
            yield sample(number)

    monkeypatch.setattr(hub.Client, "write_region", counted)
    assert array.write(samples()) == 200
    assert most <= 2 * 8 + 1


def test_what_is_resumed_must_reach_what_was_written(array):
    array.attrs["hub_samples_written"] = 5
    array.resize((5, 3, 4))
    with pytest.raises(hub.Invalid, match="stands at 5 samples, and only 4 were made"):
        array.write([sample(0), expected(3)], resume=True)
    assert hub.load(array.name).attrs["hub_samples_written"] == 5
    assert array.write(expected(5), resume=True) == 5
    assert "hub_samples_written" not in hub.load(array.name).attrs


def test_numbers_that_do_not_fit_are_not_written(array):
    for value in (2**31, np.nan):
        with pytest.raises(hub.Invalid, match="cannot be made elements of int32"):
            array.write([sample(0), [[value] * 4] * 3])


def test_a_sample_of_another_shape_is_told(array):
    with pytest.raises(hub.Invalid, match=r"samples of the shape \(3, 4\).*not \(4, 3\)"):
        array.write([sample(0), sample(1).T])


def _s3(settings):
    return boto3.client(
        "s3", endpoint_url=settings["endpoint"], region_name="us-east-1",
        aws_access_key_id=settings["access_key"], aws_secret_access_key=settings["secret_key"])
