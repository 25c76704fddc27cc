"""Every stored chunk is read, and nothing but damage is called damage.

Method: damage is made by an S3 client that puts other bytes in a chunk's place; a proxy answers in
the server's place, and others change the array between the requests.
"""

import threading

import hub
import numpy as np
import pytest
from hub.verification import Verification

MIB = 1 << 20


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr("hub.transport._PAUSE_SECONDS", 0.001)


@pytest.fixture
def array(connected, namespace):
    array = hub.array((30, 4), name=f"{namespace}/a:v1", dtype="i4", chunks=(10, 4))
    array[...] = 1
    return array


@pytest.fixture
def shards(connected, namespace):
    """Two stored objects of 12 MiB, of which the server does not read all before it answers."""
    array = hub.array((6144, 4096), name=f"{namespace}/a:v1", dtype="u1", chunks=(256, 4096),
                      shards=(3072, 4096), codecs=[{"name": "bytes"}, {"name": "crc32c"}])
    array[...] = 1
    return array


def test_an_array_is_whole_or_names_what_is_damaged(connected, s3, namespace):
    array = hub.array((10, 6), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 6),
                      codecs=[{"name": "bytes", "configuration": {"endian": "little"}},
                              {"name": "gzip", "configuration": {"level": 1}}])
    array[:6] = np.arange(36).reshape(6, 6)
    found = array.verify()
    assert found.is_whole and (found.chunks, found.bytes) == (2, 192)
    s3.put_object(Bucket=namespace, Key="a:v1/c/1/0", Body=b"no gzip at all")
    found = array.verify()
    assert not found.is_whole and found.chunks == 2
    (damage,) = found.damaged
    assert damage.chunk == (1, 0) and damage.box == (slice(4, 8), slice(0, 6))
    with pytest.raises(hub.IntegrityError) as raised:
        array[5]
    assert raised.value.code == "chunk_corrupt" and damage.reason == raised.value.what
    assert "nave check" in str(raised.value)


def test_what_others_appended_is_read_too(array, s3, namespace):
    others = hub.load(array.name)
    others.append(np.ones((30, 4), "i4"))
    assert array.shape == (30, 4)
    assert array.verify() == Verification(6, 960, ())
    stored = s3.get_object(Bucket=namespace, Key="a:v1/c/5/0")["Body"].read()
    s3.put_object(Bucket=namespace, Key="a:v1/c/5/0", Body=stored[:-4])
    before = hub.load(array.name)
    before._reshaped((30, 4))
    (damage,) = before.verify().damaged
    assert damage.chunk == (5, 0) and damage.box == (slice(50, 60), slice(0, 4))


@pytest.mark.parametrize(("shape", "expected"), [
    ((55, 4), Verification(6, 880, ())), ((25, 4), Verification(3, 400, ())),
    ((15, 4), Verification(2, 240, ())), ((10, 4), Verification(1, 160, ())),
], ids=str)
def test_an_array_that_others_resize_meanwhile(array, proxy, shape, expected):
    """They do before the chunks are listed, or before the first is read."""
    for moment in ("/v1/occupancy/", "/v1/data/"):
        array.resize((30, 4))
        array[...] = 1
        resized, lock = [], threading.Lock()

        def resizes(method, path):
            with lock:
                if path.startswith(moment) and not resized:
                    resized.append(path)
                    hub.load(array.name).resize(shape)
                    if shape[0] > 30:
                        hub.load(array.name)[30:] = 1

        proxy.instead = resizes
        found = hub.load(array.name, endpoint=proxy.endpoint).verify()
        was_listed = shape[0] > 30 and moment == "/v1/data/"
        assert found == (Verification(3, 480, ()) if was_listed else expected)
        assert resized


@pytest.mark.parametrize("answer", [
    (503, b""), (502, b"<html>"), (404, b"<html>"), (429, b""), None,
], ids=["503", "502", "404", "429", "cut"])
def test_what_the_network_does_is_no_damage(array, proxy, answer):
    if answer is None:
        proxy.loses = lambda method, path: path.startswith("/v1/data/")
    else:
        proxy.instead = lambda method, path: answer if path.startswith("/v1/data/") else None
    with pytest.raises(hub.Unavailable):
        hub.load(array.name, endpoint=proxy.endpoint).verify()


WHOLE_SECOND_SHARD = "slice=3072%3A6144%2C0%3A4096"


def test_damage_for_which_a_long_answer_is_cut_is_found(shards, proxy, s3, namespace):
    """The server cuts an answer that it has begun; here the proxy does, as it is a matter of luck."""
    key = "a:v1/c/1/0"
    stored = bytearray(s3.get_object(Bucket=namespace, Key=key)["Body"].read())
    stored[11 * MIB] ^= 1
    s3.put_object(Bucket=namespace, Key=key, Body=bytes(stored))
    proxy.loses = lambda method, path: WHOLE_SECOND_SHARD in path
    found = hub.load(shards.name, endpoint=proxy.endpoint).verify()
    assert found.chunks == 2 and found.bytes == 24 * MIB
    (damage,) = found.damaged
    assert damage.chunk == (1, 0) and damage.box == (slice(3072, 6144), slice(0, 4096))
    with pytest.raises(hub.IntegrityError) as raised:
        shards[5900]
    assert damage.reason == raised.value.what


def test_a_long_answer_that_something_between_cuts_is_no_damage(shards, proxy):
    through = hub.load(shards.name, endpoint=proxy.endpoint)
    proxy.loses = lambda method, path: WHOLE_SECOND_SHARD in path
    assert through.verify() == Verification(2, 24 * MIB, ())
    proxy.loses = lambda method, path: path.startswith("/v1/data/") and "6144" in path
    with pytest.raises(hub.Unavailable):
        through.verify()
