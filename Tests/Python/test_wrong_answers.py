"""An answer with many chunks that is not the one which was asked for is told, and never kept.

Method: a proxy takes the server's answers apart and puts them together otherwise; what is read while
it does is refused or right, and what is read afterwards is what was written.
"""

import struct
from dataclasses import replace

import hub
import hub.cache
import numpy as np
import pytest
from meddling_proxy import MeddlingProxy
from scripted_server import ScriptedServer, answer

from hub.chunks import ChunkSource, open_source

FIELDS = struct.Struct("<HHHHQ")


def frames(body):
    """Status, entity tag and payload of each frame."""
    found = []
    while body:
        status, tag_bytes, coding_bytes, _, payload_bytes = FIELDS.unpack_from(body)
        start = FIELDS.size + tag_bytes + coding_bytes
        found.append((status, body[16 : 16 + tag_bytes], body[start : start + payload_bytes]))
        body = body[start + payload_bytes :]
    return found


def body_of(found):
    return b"".join(FIELDS.pack(status, len(tag), 0, 0, len(payload)) + tag + payload
                    for status, tag, payload in found)


def swapped(found):
    payloads = [payload for *_, payload in found]
    return [(status, tag, payload) for (status, tag, _), payload in zip(found, payloads[::-1])]


def ends_changed(found):
    return [(status, tag, payload[:-1] + bytes([payload[-1] ^ 1])) for status, tag, payload in found]


def with_tag(tag):
    return lambda found: [(status, tag, payload) for status, _, payload in found]


# Chunks of 64 bytes, all of which are compared, and of 100 kB, of which some of each answer are.
@pytest.fixture(params=[(4, 4), (1, 25_000)], ids=["short chunks", "long chunks"])
def values(request):
    return np.random.default_rng(3).normal(size=(6 * request.param[0], request.param[1])).astype("f4")


@pytest.fixture
def fixed(connected, settings, namespace, values):
    array = hub.array(values.shape, name=f"{namespace}/x:v1", dtype="f4",
                      chunks=(len(values) // 6, values.shape[1]),
                      codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
    array[...] = values
    name = f"{array.reference.line}@{array.commit().digest}"
    with MeddlingProxy(settings["endpoint"]) as proxy:
        with hub.configured(endpoint=proxy.endpoint, retries=1):
            yield hub.load(name), proxy


def alter(proxy, change):
    def altered(method, path, data):
        return body_of(change(frames(data))) if path.startswith("/v1/chunks/") else data

    proxy.alters = altered


@pytest.mark.parametrize("change", [
    swapped, ends_changed, lambda found: found[1:], lambda found: found[:-1],
    lambda found: [found[0], *found], lambda found: [],
    lambda found: [(304, found[0][1], b"")] * len(found),
    lambda found: [(200, b'"d41d8cd98f00b204e9800998ecf8427f"', b"")] * len(found),
], ids=["swapped", "changed", "first missing", "last missing", "one too many", "none",
        "304 unasked", "empty"])
def test_a_wrong_answer_is_told_and_not_kept(fixed, values, change):
    array, proxy = fixed
    alter(proxy, change)
    for _ in range(2):
        with pytest.raises(hub.Unavailable, match="something else|asked for"):
            array[...]
    proxy.alters = None
    np.testing.assert_array_equal(array[...], values)
    assert hub.cache.verify().removed == 0


@pytest.mark.parametrize("tag", [
    b'"abc"', b'W/"d41d8cd98f00b204e9800998ecf8427e"', b'"' + b"a" * 100 + b'"', b"",
    b'"d41d8cd98f00b204e9800998ecf8427e-' + b"1" * 60 + b'"', b'"\x1b[2J\r\n"'], ids=repr)
def test_chunks_with_tags_of_another_form_are_not_kept(fixed, values, tag):
    array, proxy = fixed
    alter(proxy, with_tag(tag))
    np.testing.assert_array_equal(array[...], values)
    proxy.alters = None
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[...], values)
    assert trace.cache_misses == 6


def test_one_wrong_answer_is_asked_for_again(fixed, values):
    array, proxy = fixed
    altered = []

    def once(found):
        altered.append(len(found))
        return ends_changed(found) if len(altered) == 1 else found

    alter(proxy, once)
    np.testing.assert_array_equal(array[...], values)
    assert altered[0] == max(altered)


def test_unchanged_is_only_what_was_asked_about(fixed, values):
    """What the cache has of a tag is asked about by its entity tag, which a 304 repeats."""
    array, proxy = fixed
    array[...]
    opened = hub.load(array.name.partition("@")[0] + ":v1")
    opened[0, 0] = 7
    other = hub.load(f"{opened.reference.line}@{opened.commit().digest}")
    alter(proxy, lambda found: [(304, b'"d41d8cd98f00b204e9800998ecf8427e"', b"")] * len(found))
    with pytest.raises(hub.Unavailable, match="something else"):
        other[...]
    proxy.alters = None
    values[0, 0] = 7
    np.testing.assert_array_equal(other[...], values)


def test_a_frame_larger_than_memory_is_told(fixed):
    array, _ = fixed
    source = open_source(array.client, array.name)
    head = FIELDS.pack(200, 0, 0, 0, 2**56)
    kind = ("Content-Type", "application/vnd.nave.chunks")
    with ScriptedServer(answer(200, head, [kind], length=2**57)) as server:
        with hub.configured(endpoint=server.endpoint, retries=0):
            scripted = ChunkSource(replace(source.state, client=hub.current_client()))
        with pytest.raises(hub.Unavailable, match="too little memory"):
            list(scripted.fetch([(0, 0), (1, 0)], 1))
