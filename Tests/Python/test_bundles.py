"""Many chunks in one answer: right whatever breaks, and nothing is kept that did not come whole.

Method: arrays are read through proxies that break answers off, and from scripted servers; what came is
compared with NumPy, what was asked with `hub.trace`, and the cache's folder is looked into.
"""

import errno
import gzip
import multiprocessing
import os
import signal
import struct
import threading
import time
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np
import pytest
from scripted_server import BreakingProxy, ScriptedServer, answer

import hub
import hub.cache
import hub.chunks
from hub import bundle, cached_keys
from hub.cache import chunk_cache, chunk_file
from hub.chunks import ChunkSource, open_source, read_all
from hub.errors import NotFound
from hub.reference import Reference
from hub.transport import Transport

ROWS = 24
SHAPE = (ROWS, 50_000)
CHUNK_BYTES = 200_000
PLACES = [(row, 0) for row in range(ROWS)]


def values():
    return np.random.default_rng(1).integers(0, 2**31, SHAPE, dtype="i4")


@pytest.fixture
def reference(client, namespace):
    """A commit with chunks of 200 kB as they are."""
    reference = Reference.parse(f"{namespace}/x:v1")
    client.create_array(reference, {
        "shape": SHAPE, "dtype": "int32", "chunks": [1, SHAPE[1]],
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]})
    client.write_region(reference, "", values())
    client.commit(reference)
    return reference


@pytest.fixture(params=[524_160, 65_408], ids=["when whole", "while they come"])
def written(request, monkeypatch):
    """Chunks are written to the cache in one go, or piece by piece as long ones are."""
    monkeypatch.setattr(chunk_file, "WRITE_BYTES_MAX", request.param + 128)
    for module in (chunk_file, cached_keys):
        monkeypatch.setattr(module, "SHORT_BYTES_MAX", request.param)


def through(source, endpoint, settings, **changes):
    """A source that asks another endpoint."""
    with hub.configured(**settings | {"endpoint": endpoint} | changes):
        return ChunkSource(replace(source.state, client=hub.current_client()))


def port(settings):
    return urlsplit(settings["endpoint"]).port


def asked(trace):
    """The statuses of requests for many chunks."""
    return [one.status for one in trace.log if one.path.startswith("/v1/chunks/")]


@pytest.mark.parametrize("concurrency, most", [(1, 12), (4, 4)])
def test_who_has_one_request_under_way_asks_for_more_in_it(
    reference, client, settings, monkeypatch, concurrency, most
):
    for name, chunks in [("_LONE_BUNDLE_BYTES", 12), ("BUNDLE_BYTES", 4), ("_FIRST_BUNDLES_BYTES", 1)]:
        monkeypatch.setattr(hub.chunks, name, chunks * CHUNK_BYTES)
    whole = values()
    with hub.trace() as trace:
        for place, chunk in open_source(client, reference).fetch(PLACES, concurrency):
            assert np.array_equal(chunk[0], whole[place[0]])
    received = [one.received for one in trace.log if one.path.startswith("/v1/chunks/")]
    assert max(received) // CHUNK_BYTES == most


def cache_files():
    """What lies in the cache: chunks in place, documents aside, and parts of others."""
    files = [path for path in (hub.cache.open_cache().folder / "chunks").rglob("*") if path.is_file()]
    whole = [path.name for path in files if path.stat().st_size > CHUNK_BYTES // 4]
    return [name for name in whole if "." not in name], [
        path.name for path in files if "." in path.name]


def expect_end_of_threads():
    until = time.monotonic() + 10
    while any(one.name.startswith("hub-chunks") for one in threading.enumerate()):
        assert time.monotonic() < until, "threads go on"
        time.sleep(0.01)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("concurrency", [1, 4])
def test_few_requests_bring_many_chunks(client, reference, settings, concurrency):
    with hub.trace() as trace:
        found = dict(open_source(client, reference).fetch(PLACES, concurrency))
    for row, expected in enumerate(values()):
        assert np.array_equal(found[row, 0][0], expected) and not found[row, 0].flags.writeable
    assert asked(trace) == [200] * (1 if concurrency == 1 else 4)
    assert trace.cache_misses == ROWS and trace.bytes_received >= ROWS * CHUNK_BYTES
    assert [len(files) for files in cache_files()] == [ROWS, 0]
    with hub.trace() as trace:
        assert np.array_equal(read_all(open_source(client, reference)), values())
    assert not asked(trace) and trace.cache_hits == ROWS
    assert hub.cache.verify().removed == 0


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("break_after", [100, 700, CHUNK_BYTES + 900, 3 * CHUNK_BYTES])
def test_an_answer_that_breaks_off_goes_on_where_it_broke(
    client, reference, settings, concurrency, break_after
):
    source = open_source(client, reference)
    with BreakingProxy(port(settings), break_after, breaks=2) as proxy:
        broken = through(source, proxy.endpoint, settings)
        with hub.trace() as trace:
            found = dict(broken.fetch(PLACES, concurrency))
    assert proxy.cuts == 2
    assert all(np.array_equal(found[row, 0][0], values()[row]) for row in range(ROWS))
    assert trace.cache_misses == ROWS
    # What came whole before is not asked for again.
    assert trace.bytes_received < (ROWS + 2) * CHUNK_BYTES + 20_000
    assert [len(files) for files in cache_files()] == [ROWS, 0]
    assert hub.cache.verify().removed == 0


@pytest.mark.usefixtures("written")
def test_what_breaks_again_and_again_is_unavailable(client, reference, settings):
    source = open_source(client, reference)
    with BreakingProxy(port(settings), CHUNK_BYTES // 2, breaks=99) as proxy:
        broken = through(source, proxy.endpoint, settings, retries=1)
        with pytest.raises(hub.Unavailable, match="broke|ended"):
            list(broken.fetch(PLACES, 1))
    assert proxy.cuts == 2
    assert cache_files() == ([], [])


def test_an_answer_that_comes_a_chunk_at_a_time_is_read_to_its_end(client, reference, settings):
    """Patience begins anew as long as something comes."""
    source = open_source(client, reference)
    with BreakingProxy(port(settings), CHUNK_BYTES + 900, breaks=99) as proxy:
        broken = through(source, proxy.endpoint, settings, retries=1)
        found = dict(broken.fetch(PLACES[:5], 1))
    assert all(np.array_equal(found[row, 0][0], values()[row]) for row in range(5))
    assert 4 <= proxy.cuts <= 6


FIELDS = struct.Struct("<HHHHQ")


@pytest.mark.parametrize("body", [
    b"not frames at all, but words", FIELDS.pack(500, 0, 0, 0, 0) * 2,
    FIELDS.pack(200, 0, 0, 0, 2**60), FIELDS.pack(200, 0, 0, 1, 4) + b"abcd",
    FIELDS.pack(200, 2, 0, 0, 0) + b"\xff\xff", FIELDS.pack(404, 0, 0, 0, 0),
], ids=["text", "status", "length", "reserved", "tag", "short"])
def test_what_is_no_frame_is_no_chunk(client, reference, settings, body):
    source = open_source(client, reference)
    kind = ("Content-Type", "application/vnd.nave.chunks")
    with ScriptedServer(answer(200, body, [kind])) as server:
        scripted = through(source, server.endpoint, settings, retries=0)
        with pytest.raises(hub.Unavailable, match="frames|ended|broke|fewer"):
            list(scripted.fetch(PLACES[:2], 1))
    assert cache_files() == ([], [])


def test_a_page_in_place_of_chunks_is_told(client, reference, settings):
    source = open_source(client, reference)
    page = answer(200, b"<html>Please log in.</html>", [("Content-Type", "text/html")])
    with ScriptedServer(page) as server:
        scripted = through(source, server.endpoint, settings, retries=0)
        with pytest.raises(hub.Unavailable, match="something else"):
            list(scripted.fetch(PLACES[:2], 1))
    assert cache_files() == ([], [])


@pytest.mark.parametrize("status, kind", [
    (403, hub.Denied), (404, hub.NotFound), (422, hub.Invalid), (500, hub.Unavailable)])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_refusals_are_errors_and_never_chunks(
    client, reference, settings, status, kind, concurrency
):
    source = open_source(client, reference)
    body = b'{"code": "other", "detail": "no"}'
    with ScriptedServer(answer(status, body)) as server:
        scripted = through(source, server.endpoint, settings, retries=0)
        with pytest.raises(kind):
            list(scripted.fetch(PLACES, concurrency))
    expect_end_of_threads()


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_older_server_is_asked_for_single_keys(
    client, reference, monkeypatch, settings, concurrency
):
    real, refused = Transport.stream, []

    def stream(self, method, path, *arguments, **options):
        if path.startswith("/v1/chunks/"):
            refused.append(path)
            raise NotFound("There is nothing.", code="route_missing", status=404)
        return real(self, method, path, *arguments, **options)

    monkeypatch.setattr(Transport, "stream", stream)
    monkeypatch.setattr(bundle, "_without", {})
    source = open_source(client, reference)
    with hub.trace() as trace:
        found = dict(source.fetch(PLACES, concurrency))
    assert all(np.array_equal(found[row, 0][0], values()[row]) for row in range(ROWS))
    assert sum("/c/" in one.path for one in trace.log) == ROWS
    assert 1 <= len(refused) <= 4
    hub.cache.clear()
    assert np.array_equal(read_all(source), values())
    assert len(refused) <= 4, "it is asked again too soon"
    assert not source.is_bundled
    bundle._without[settings["endpoint"]] -= bundle._LOOK_AGAIN_SECONDS
    assert source.is_bundled


@pytest.mark.usefixtures("written")
def test_a_full_disk_is_only_slow(client, reference, monkeypatch, settings):
    source = open_source(client, reference)
    room = [5 * CHUNK_BYTES // 2]
    monkeypatch.setattr(chunk_file, "os", FullDisk(room))
    with pytest.warns(hub.cache.CacheWarning, match="No space left"):
        found = dict(source.fetch(PLACES, 1))
    assert all(np.array_equal(found[row, 0][0], values()[row]) for row in range(ROWS))
    assert [len(files) for files in cache_files()] == [2, 0]
    assert chunk_cache._warned and room[0] < 0


class FullDisk:
    """The module `os` on a disk that has room for so many bytes more."""

    def __init__(self, room):
        self._room = room

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        return self.writev(descriptor, [data])

    def writev(self, descriptor, parts):
        self._room[0] -= sum(map(len, parts))
        if self._room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.writev(descriptor, parts)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_reader_that_stops_leaves_nothing(client, reference, settings, concurrency):
    source = open_source(client, reference)
    with BreakingProxy(port(settings), CHUNK_BYTES * 3 // 2, breaks=99, stalls=True) as proxy:
        stalled = through(source, proxy.endpoint, settings)
        iterator = stalled.fetch(PLACES, concurrency)
        next(iterator)
        begun = time.monotonic()
        iterator.close()
        expect_end_of_threads()
        assert time.monotonic() - begun < 5
    whole, parts = cache_files()
    assert 1 <= len(whole) <= 4 and not parts
    assert hub.cache.verify().removed == 0
    assert np.array_equal(read_all(source), values())


def interrupted(source, concurrency, ready):
    try:
        for _ in source.fetch(PLACES, concurrency):
            ready.set()
    except KeyboardInterrupt:
        raise SystemExit(7) from None


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_interrupt_ends_a_process_that_waits(client, reference, settings, concurrency):
    source = open_source(client, reference)
    with BreakingProxy(port(settings), CHUNK_BYTES * 3 // 2, breaks=99, stalls=True) as proxy:
        stalled = through(source, proxy.endpoint, settings)
        context = multiprocessing.get_context("fork")
        ready = context.Event()
        process = context.Process(target=interrupted, args=(stalled, concurrency, ready))
        process.start()
        assert ready.wait(10)
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        process.join(10)
        alive = process.is_alive()
        process.kill()
    assert not alive and process.exitcode == 7
    assert not cache_files()[1]


def test_a_timeout_says_so(client, reference, settings):
    source = open_source(client, reference)
    with BreakingProxy(port(settings), CHUNK_BYTES // 2, breaks=99, stalls=True) as proxy:
        stalled = through(source, proxy.endpoint, settings, retries=0, timeout_seconds=0.5)
        with pytest.raises(hub.Unavailable, match="in time"):
            list(stalled.fetch(PLACES, 1))


def test_objects_with_a_content_coding_are_read_as_single_keys(client, reference, settings):
    import boto3

    s3 = boto3.client(
        "s3", endpoint_url=settings["endpoint"], region_name="us-east-1",
        aws_access_key_id=settings["access_key"], aws_secret_access_key=settings["secret_key"])
    row = np.arange(SHAPE[1], dtype="<i4")
    s3.put_object(
        Bucket=reference.namespace, Key="x:v1/c/1/0", Body=gzip.compress(row.tobytes()),
        ContentEncoding="gzip")
    found = dict(open_source(client, reference).fetch(PLACES[:3], 1))
    assert np.array_equal(found[1, 0][0], row) and np.array_equal(found[2, 0][0], values()[2])
    for _ in range(2):
        found = dict(open_source(client, reference).fetch([(1, 0)], 1))
        assert np.array_equal(found[1, 0][0], row)
