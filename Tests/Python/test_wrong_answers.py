"""An answer with many chunks that is not the one which was asked for is told, and never kept.

Method: a proxy takes the server's answers apart and puts them together otherwise; what is read while
it does is refused or right, and what is read afterwards is what was written.
"""

import re
import struct
from dataclasses import replace
from typing import NamedTuple

import hub
import hub.cache
import numpy as np
import pytest
from meddling_proxy import MeddlingProxy
from scripted_server import ScriptedServer, answer

from hub.chunks import ChunkSource, open_source

FIELDS = struct.Struct("<HHHHQ")
CHECKED = "application/vnd.nave.checked-chunks"


class Frame(NamedTuple):
    """A frame of an answer; the checksum is empty in one that has none."""

    status: int
    tag: bytes
    payload: bytes
    checksum: bytes


def frames(body, checksum_bytes):
    found = []
    while body:
        status, tag_bytes, coding_bytes, _, payload_bytes = FIELDS.unpack_from(body)
        start = FIELDS.size + tag_bytes + coding_bytes
        end = start + payload_bytes
        found.append(Frame(status, body[16 : 16 + tag_bytes], body[start:end],
                           body[end : end + checksum_bytes]))
        body = body[end + checksum_bytes :]
    return found


def body_of(found):
    return b"".join(FIELDS.pack(status, len(tag), 0, 0, len(payload)) + tag + payload + checksum
                    for status, tag, payload, checksum in found)


def swapped(found):
    return [one._replace(payload=other.payload) for one, other in zip(found, found[::-1])]


def changed(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def ends_changed(found):
    return [one._replace(payload=changed(one.payload)) for one in found]


def with_tag(tag):
    return lambda found: [one._replace(tag=tag) for one in found]


# Chunks of 64 bytes, all of which are compared, and of 100 kB, of which some of each answer are.
@pytest.fixture(params=[(4, 4), (1, 25_000)], ids=["short chunks", "long chunks"])
def values(request):
    return np.random.default_rng(3).normal(size=(6 * request.param[0], request.param[1])).astype("f4")


def written(namespace, name, values):
    """The name of a commit of six chunks."""
    array = hub.array(values.shape, name=f"{namespace}/{name}:v1", dtype="f4",
                      chunks=(len(values) // 6, values.shape[1]),
                      codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
    array[...] = values
    return f"{array.reference.line}@{array.commit().digest}"


@pytest.fixture
def proxy(connected, settings):
    with MeddlingProxy(settings["endpoint"]) as proxy:
        yield proxy


@pytest.fixture
def checked(proxy, namespace, values):
    name = written(namespace, "x", values)
    with hub.configured(endpoint=proxy.endpoint, retries=1):
        yield hub.load(name), proxy


@pytest.fixture
def plain(proxy, checked):
    """As of a server that knows no checked answers."""
    proxy.hides = ("accept",)
    return checked


@pytest.fixture(params=["checked", "plain"])
def fixed(request):
    return request.getfixturevalue(request.param)


def alter(proxy, change):
    checksum_bytes = 0 if proxy.hides else 4

    def altered(method, path, data):
        if not path.startswith("/v1/chunks/"):
            return data
        return body_of(change(frames(data, checksum_bytes)))

    proxy.alters = altered


def expect_told_or_right(array, proxy, change, values):
    """Reads twice while answers are altered; gives whether the first time was told."""
    alter(proxy, change)
    told = []
    for _ in range(2):
        try:
            np.testing.assert_array_equal(array[...], values)
            told.append(False)
        except hub.Unavailable as error:
            assert re.search("something else|asked for|ended before|in frames", str(error))
            told.append(True)
    proxy.alters = None
    np.testing.assert_array_equal(array[...], values)
    assert hub.cache.verify().removed == 0
    return told[0]


@pytest.mark.parametrize("change", [
    swapped, ends_changed, lambda found: found[1:], lambda found: found[:-1],
    lambda found: [found[0], *found], lambda found: [],
    lambda found: [Frame(304, found[0].tag, b"", found[0].checksum)] * len(found),
    lambda found: [Frame(200, b'"d41d8cd98f00b204e9800998ecf8427f"', b"", one.checksum)
                   for one in found],
], ids=["swapped", "changed", "first missing", "last missing", "one too many", "none",
        "304 unasked", "empty"])
def test_a_wrong_answer_is_told_and_not_kept(fixed, values, change):
    assert expect_told_or_right(*fixed, change, values)


def last(**parts):
    """Alters the last frame of an answer; functions get what it had."""
    def change(found):
        new = {name: part(getattr(found[-1], name)) if callable(part) else part
               for name, part in parts.items()}
        return [*found[:-1], found[-1]._replace(**new)]
    return change


@pytest.mark.parametrize("change", [
    last(checksum=changed), last(checksum=b""), last(checksum=b"\0\0\0"),
    last(tag=lambda tag: changed(tag[:-1]) + b'"'), last(status=404, tag=b"", payload=b""),
    last(status=304, payload=b""), last(payload=lambda payload: payload[:-4]),
    last(payload=lambda payload: payload + b"\0\0\0\0"),
    lambda found: [one._replace(status=404) for one in found],
    lambda found: [one._replace(checksum=b"") for one in found],
    lambda found: [one._replace(checksum=other.checksum)
                   for one, other in zip(found, found[1:] + found[:1])],
    lambda found: found[1:] + found[:1], lambda found: found[::-1],
], ids=["checksum", "no checksum", "short checksum", "tag", "404", "304", "shorter", "longer",
        "404 with bytes", "no checksums", "checksums of others", "turned", "reversed"])
def test_a_checked_answer_that_is_wrong_is_told_and_not_kept(checked, values, change):
    """Whole frames in another order too, which are right but for the chunk that they are of."""
    assert expect_told_or_right(*checked, change, values)


@pytest.mark.parametrize("change", [
    lambda found: [found[0]] * len(found), lambda found: [found[0], *found[:0:-1]],
], ids=["one again and again", "the others reversed"])
def test_what_is_right_of_a_checked_answer_is_taken(checked, values, change):
    """Each time the first chunk comes, and the rest is asked for again."""
    assert not expect_told_or_right(*checked, change, values)


def test_the_answer_about_another_array_is_told(checked, namespace, values):
    """Something between that keeps answers by the wrong names."""
    array, proxy = checked
    other = hub.load(written(namespace, "y", values + 1))
    kept = []

    def altered(method, path, data):
        if not path.startswith("/v1/chunks/"):
            return data
        kept.append(data)
        return kept[0]

    proxy.alters = altered
    np.testing.assert_array_equal(other[...], values + 1)
    with pytest.raises(hub.Unavailable, match="something else"):
        array[...]
    proxy.alters = None
    np.testing.assert_array_equal(array[...], values)


def test_what_is_right_before_what_is_wrong_is_kept(checked, values):
    array, proxy = checked
    alter(proxy, last(payload=changed))
    with pytest.raises(hub.Unavailable, match="something else"):
        list(open_source(array.client, array.reference).fetch(
            [(number, 0) for number in range(6)], 1))
    proxy.alters = None
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[...], values)
    assert (trace.cache_hits, trace.cache_misses) == (5, 1)


@pytest.mark.parametrize("tag", [
    b'"abc"', b'W/"d41d8cd98f00b204e9800998ecf8427e"', b'"' + b"a" * 100 + b'"', b"",
    b'"d41d8cd98f00b204e9800998ecf8427e-' + b"1" * 60 + b'"', b'"\x1b[2J\r\n"'], ids=repr)
def test_chunks_with_tags_of_another_form_are_not_kept(plain, values, tag):
    array, proxy = plain
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
    alter(proxy, lambda found: [
        Frame(304, b'"d41d8cd98f00b204e9800998ecf8427e"', b"", one.checksum) for one in found])
    with pytest.raises(hub.Unavailable, match="something else"):
        other[...]
    proxy.alters = None
    values[0, 0] = 7
    np.testing.assert_array_equal(other[...], values)


@pytest.mark.parametrize("kind", [CHECKED, "application/vnd.nave.chunks"])
def test_a_frame_larger_than_memory_is_told(checked, kind):
    array, _ = checked
    source = open_source(array.client, array.name)
    head = FIELDS.pack(200, 0, 0, 0, 2**56)
    kind = ("Content-Type", kind)
    with ScriptedServer(answer(200, head, [kind], length=2**57)) as server:
        with hub.configured(endpoint=server.endpoint, retries=0):
            scripted = ChunkSource(replace(source.state, client=hub.current_client()))
        with pytest.raises(hub.Unavailable, match="too little memory"):
            list(scripted.fetch([(0, 0), (1, 0)], 1))
