"""Chunks of the server: right whatever changes, from the cache whenever that is allowed.

Method: arrays are written through the API; what `ChunkSource` gives is compared with NumPy, and
what it asked for is read from `hub.trace`.
"""

import json
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
import zarr
from certificates import make_certificate
from scripted_server import ScriptedServer, answer
from server_process import ServerProcess

import hub
import hub.cache
from hub import bulk
from hub.cache import chunk_cache
from hub.chunks import ChunkSource, open_source, read_all
from hub.prefetch import pin, prefetch, unpin
from hub.reference import Reference
from hub.state import describe
from hub.transport import Transport

WATCHDOG_SECONDS = 10
PLACES = [(0, 0), (0, 1), (1, 0), (1, 1)]


def values(seed=0, shape=(8, 8)):
    return np.random.default_rng(seed).normal(size=shape).astype("f4")


@pytest.fixture
def make(client, namespace):
    """Creates an array of 2 × 2 chunks with values in it, and gives its reference."""

    def create(name="x:v1", data=None, shape=None, **options):
        reference = Reference.parse(f"{namespace}/{name}")
        data = values() if data is None else data
        specification = {"shape": data.shape, "dtype": "float32", "chunks": [4, 4]} | options
        client.create_array(reference, specification)
        client.write_region(reference, "", data)
        if shape:
            client.resize(reference, shape)
        return reference

    return create


@pytest.fixture
def offline(settings):
    with hub.configured(**settings, offline=True):
        yield hub.current_client()


def fetched(source, places=PLACES, **options):
    return dict(source.fetch(places, **options))


def statuses(trace):
    return [request.status for request in trace.log if "/c/" in request.path]


def bundles(trace):
    """What was received in each answer with many chunks."""
    return [request.received for request in trace.log if request.path.startswith("/v1/chunks/")]


def counts(trace):
    """Requests, cache hits, cache misses."""
    return trace.requests, trace.cache_hits, trace.cache_misses


class TestImmutableStates:
    def test_a_commit_is_read_once_and_then_only_the_tag_is_asked(self, client, make):
        reference = make()
        digest = client.commit(reference)["digest"]
        with hub.trace() as first:
            source = open_source(client, reference)
            assert np.array_equal(read_all(source), values())
        assert source.state.is_immutable and source.state.digest == digest
        assert source.state.reference == str(reference.at(digest))
        assert counts(first) == (3, 0, 4)
        with hub.trace() as second:
            assert np.array_equal(read_all(open_source(client, reference)), values())
        assert counts(second) == (1, 4, 0)
        with hub.trace() as third:
            assert np.array_equal(read_all(open_source(client, reference.at(digest))), values())
        assert counts(third) == (0, 4, 0)

    def test_what_is_not_stored_is_asked_once(self, client, make):
        reference = make(data=values(shape=(12, 4)), shape=[16, 4])
        client.commit(reference)
        for requests in (3, 1):
            with hub.trace() as trace:
                found = fetched(open_source(client, reference), [(n, 0) for n in range(4)])
            assert [found[n, 0] is None for n in range(4)] == [False, False, False, True]
            assert trace.requests == requests

    def test_a_sealed_version_is_a_commit(self, client, make):
        reference = make()
        client.change_version(reference, sealed=True)
        assert open_source(client, reference).state.is_immutable

    def test_the_next_commit_sends_only_what_changed(self, client, make):
        reference = make()
        client.commit(reference)
        read_all(open_source(client, reference))
        client.write_region(reference, "0, 0", np.float32(7))
        client.commit(reference)
        with hub.trace() as trace:
            found = read_all(open_source(client, reference))
        assert found[0, 0] == 7 and np.array_equal(found[1:], values()[1:])
        # Four heads of frames, each with an entity tag of 34 bytes, and one chunk.
        assert bundles(trace)[0] < 4 * (16 + 100) + 100
        assert (trace.cache_hits, trace.cache_misses) == (3, 1)

    def test_damaged_and_missing_files_are_fetched_again(self, client, make):
        reference = make()
        client.commit(reference)
        source = open_source(client, reference)
        read_all(source)
        cache = hub.cache.open_cache()
        files = sorted(path for path in (cache.folder / "chunks").rglob("*") if path.is_file())
        for path in files:
            data = bytearray(path.read_bytes())
            data[-1] ^= 1
            path.write_bytes(data)
        with hub.trace() as trace:
            assert np.array_equal(read_all(open_source(client, reference)), values())
        assert statuses(trace) == [200] * 4
        hub.cache.clear()
        assert np.array_equal(read_all(source), values())

    def test_a_commit_that_is_deleted_meanwhile_is_no_fill_value(self, client, make):
        reference = make()
        digest = client.commit(reference)["digest"]
        source = open_source(client, reference)
        client.write_region(reference, "0", np.float32(1))
        client.commit(reference)
        client.forget(reference.at(digest))
        with pytest.raises(hub.NotFound):
            fetched(source)

    def test_members_are_read_by_their_path(self, client, namespace, settings):
        tag = Reference.parse(f"{namespace}/weather:v1")
        client.create_array(tag, {"kind": "group"})
        member = Reference.parse(f"{namespace}/weather:v1/a/deep")
        specification = {"shape": [8, 8], "dtype": "float32", "chunks": [4, 4]}
        client.create_array(member, specification)
        client.write_region(member, "", values())
        client.commit(tag)
        source = open_source(client, member)
        assert source.state.is_immutable and source.state.target.member == "a/deep"
        assert np.array_equal(read_all(source), values())
        with pytest.raises(hub.Invalid, match="group"):
            open_source(client, tag)


class TestOpenStates:
    def test_nothing_stale_is_read(self, client, make):
        reference = make()
        source = open_source(client, reference)
        assert not source.state.is_immutable and source.state.digest is None
        assert np.array_equal(read_all(source), values())
        with hub.trace() as trace:
            assert np.array_equal(read_all(open_source(client, reference)), values())
        assert bundles(trace) == [4 * (16 + 34 + 4)] and trace.cache_hits == 4
        client.write_region(reference, "5, 6", np.float32(9))
        with hub.trace() as trace:
            found = read_all(open_source(client, reference))
        assert found[5, 6] == 9 and len(bundles(trace)) == 1
        assert (trace.cache_hits, trace.cache_misses) == (3, 1)

    def test_a_chunk_that_comes_or_goes_is_seen(self, client, make):
        reference = make(data=values(shape=(4, 8)))
        source = open_source(client, reference)
        assert fetched(source, [(0, 1)])[0, 1] is not None
        client.resize(reference, [4, 4])
        client.resize(reference, [4, 8])
        assert fetched(open_source(client, reference), [(0, 1)])[0, 1] is None
        client.write_region(reference, "", values(shape=(4, 8)))
        found = fetched(open_source(client, reference), [(0, 1)])[0, 1]
        assert np.array_equal(found, values(shape=(4, 8))[:, 4:])

    def test_an_array_made_anew_in_another_layout_is_told(self, client, make):
        reference = make()
        source = open_source(client, reference)
        client.delete(reference)
        specification = {"shape": [8, 8], "dtype": "int32", "chunks": [4, 4]}
        client.create_array(reference, specification)
        client.write_region(reference, "", np.ones((8, 8), "i4"))
        with pytest.raises(hub.Conflict, match="another layout"):
            fetched(source)
        client.delete(reference)
        with pytest.raises(hub.NotFound):
            fetched(source)

    def test_plain_keys_have_no_versions(self, client, namespace, settings):
        from obstore.store import S3Store

        store = zarr.storage.ObjectStore(S3Store(
            namespace, endpoint=settings["endpoint"], access_key_id=settings["access_key"],
            secret_access_key=settings["secret_key"], region="us-east-1",
            client_options={"allow_http": True}))
        array = zarr.create_array(store, name="plain", data=values(), chunks=(4, 4))
        reference = f"{namespace}/plain"
        source = open_source(client, reference)
        assert not source.state.is_immutable
        assert np.array_equal(read_all(source), values())
        array[0, 0] = 5
        assert read_all(open_source(client, reference))[0, 0] == 5

    def test_what_is_not_there_is_not_found(self, client, make):
        reference = make()
        with pytest.raises(hub.NotFound, match="versions there: v1"):
            open_source(client, reference.tagged("v9"))


class TestDialects:
    @pytest.mark.parametrize("options", [
        {"dialect": "zarr2"},
        {"dialect": "zarr2", "compressor": {"id": "zlib", "level": 1}, "order": "F"},
        {"dialect": "hub0"},
        {"dtype": ">f4"},
        {"shards": [8, 8]},
        {"codecs": [{"name": "transpose", "configuration": {"order": [1, 0]}},
                    {"name": "bytes", "configuration": {"endian": "big"}},
                    {"name": "gzip", "configuration": {"level": 1}}]},
    ], ids=str)
    def test_every_layout_is_read_and_cached(self, client, make, options):
        reference = make(**options)
        if options.get("dialect") != "hub0":  # That layout has no versions.
            client.commit(reference)
        for misses in (True, False):
            with hub.trace() as trace:
                source = open_source(client, reference)
                assert np.array_equal(read_all(source), values())
            assert (trace.cache_misses > 0) is misses

    def test_chunks_that_the_server_decodes_are_told_apart_by_their_document(self, client, make):
        """The same stored bytes mean other elements where the order of the axes is another."""
        data = values()
        options = {"dialect": "zarr2", "compressor": {"id": "zlib", "level": 1}}
        one = make("one:v1", data, order="C", **options)
        two = make("two:v1", data.T.copy(), order="F", **options)
        assert np.array_equal(read_all(open_source(client, one)), data)
        assert np.array_equal(read_all(open_source(client, two)), data.T)

    @pytest.mark.parametrize("fill", [0, 7.5, "NaN", "-Infinity"])
    def test_what_is_not_stored_is_the_fill_value(self, client, namespace, fill):
        reference = Reference.parse(f"{namespace}/x:v1")
        specification = {"shape": [5, 5], "dtype": "float32", "chunks": [4, 4], "fill_value": fill}
        client.create_array(reference, specification)
        expected = np.full((5, 5), float(fill), "f4")
        np.testing.assert_array_equal(read_all(open_source(client, reference)), expected)

    def test_names_with_odd_letters(self, client, make):
        for name in ("a b/ü+&=~'!():v1.0-x_y", "@home:v1"):
            reference = make(name)
            assert np.array_equal(read_all(open_source(client, reference)), values())


class TestFailures:
    def test_wrong_keys_are_denied_and_never_zeros(self, settings, client, make):
        reference = make()
        source = open_source(client, reference)
        with hub.configured(**settings | {"secret_key": "wrong"}):
            stranger = hub.current_client()
            with pytest.raises(hub.Denied):
                open_source(stranger, reference)
            with pytest.raises(hub.Denied):
                fetched(ChunkSource(replace(source.state, client=stranger)))

    def test_a_chunk_that_is_no_chunk_is_told_with_its_key(self, client, make, settings):
        import boto3

        reference = make()
        s3 = boto3.client(
            "s3", endpoint_url=settings["endpoint"], region_name="us-east-1",
            aws_access_key_id=settings["access_key"], aws_secret_access_key=settings["secret_key"])
        s3.put_object(Bucket=reference.namespace, Key="x:v1/c/1/0", Body=b"nonsense")
        with pytest.raises(hub.IntegrityError, match="x:v1/c/1/0"):
            fetched(open_source(client, reference))

    def test_a_server_that_is_gone_is_unavailable(self, settings, client, make):
        reference = make()
        source = open_source(client, reference)
        with hub.configured(**settings | {"endpoint": "http://127.0.0.1:9", "retries": 0}):
            gone = replace(source.state, client=hub.current_client())
            with pytest.raises(hub.Unavailable):
                fetched(ChunkSource(gone))

    def test_a_cache_that_cannot_be_written_is_only_slow(self, settings, client, make, tmp_path):
        reference = make()
        client.commit(reference)
        (tmp_path / "file").write_text("")
        with hub.configured(**settings | {"cache_folder": str(tmp_path / "file" / "cache")}):
            with pytest.warns(hub.cache.CacheWarning):
                found = read_all(open_source(hub.current_client(), reference))
            assert np.array_equal(found, values())
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = read_all(open_source(hub.current_client(), reference))
            assert np.array_equal(found, values())
        assert chunk_cache._warned

    def test_a_fetch_that_is_given_up_ends(self, client, make):
        reference = make()
        source = open_source(client, reference)
        iterator = source.fetch(PLACES * 1000, concurrency=4)
        next(iterator)
        iterator.close()
        assert len(fetched(source)) == 4


    @pytest.mark.parametrize("bundle_bytes", [64, 130])
    def test_few_large_chunks_wait_at_once(self, client, make, monkeypatch, bundle_bytes):
        """A chunk has 64 bytes; of at most 130 two fit."""
        source = open_source(client, make())
        monkeypatch.setattr(hub.chunks, "_BYTES_WAITING_MAX", 130)
        monkeypatch.setattr(hub.chunks, "BUNDLE_BYTES", bundle_bytes)
        monkeypatch.setattr(hub.chunks, "_FIRST_BUNDLES_BYTES", bundle_bytes)
        real, under_way, most = source._decode, [], []

        def counted(place, stored):
            under_way.append(place)
            most.append(len(under_way))
            return real(place, stored)

        monkeypatch.setattr(source, "_decode", counted)
        for place, chunk in source.fetch(PLACES * 10, concurrency=8):
            time.sleep(0.001)
            assert chunk is not None
            under_way.remove(place)
        assert max(most) <= 3  # The one that was taken, and two.


class TestBulk:
    @pytest.fixture
    def allowed(self, monkeypatch):
        """Lets this process use obstore, whoever loaded it: it is no forked child."""
        monkeypatch.setattr(bulk, "_loaded_by", os.getpid())

    def test_obstore_and_urllib3_say_the_same(self, client, make, allowed):
        reference = make(data=values(shape=(4, 8)), shape=[8, 8])
        path = f"{reference}/c/0/0"
        etag = bulk.BulkReader(client.transport).get_by_transport(path).etag
        small, large = bulk.BulkReader(client.transport), bulk.BulkReader(client.transport, 1 << 20)
        assert small._store() is not None and large._store() is None
        answers = []
        for reader in (small, large):
            with hub.trace() as trace:
                answers.append([
                    reader.get(path), reader.get(path, etag), reader.get(path, '"other"'),
                    reader.get(f"{reference}/c/1/0")])
            assert [request.status for request in trace.log] == [200, 304, 200, 404]
            with pytest.raises(hub.NotFound):
                reader.get(f"{reference}x/c/0/0")
        assert answers[0] == answers[1]
        assert [answer.status for answer in answers[0]] == [200, 304, 200, 404]
        assert all(isinstance(answer.data, bytes) for answer in answers[0])

    def test_obstore_asks_with_the_same_keys_or_none(self, settings, client, make, allowed):
        reference = make()
        path = f"{reference}/c/0/0"
        for change in ({"secret_key": "wrong"}, {"access_key": "", "secret_key": ""}):
            with hub.configured(**settings | change):
                reader = bulk.BulkReader(hub.current_client().transport)
                with pytest.raises(hub.Denied):
                    reader.get(path)
        access = json.dumps({"access": "public-read"}).encode()
        client.transport.request("PATCH", f"/v1/namespaces/{reference.namespace}", body=access)
        nobody = hub.Configuration(endpoint=settings["endpoint"])
        reader = bulk.BulkReader(Transport(nobody))
        assert reader._store() is not None and reader.get(path).status == 200

    def test_tls_is_verified_by_either(self, settings, tmp_path, allowed):
        certificate = make_certificate(tmp_path)
        with ServerProcess(tmp_path / "data", certificate=certificate) as server:
            keys = dict(zip(("access_key", "secret_key"), server.root_keys, strict=True))
            mine = settings | keys | {"endpoint": server.endpoint, "retries": 0}
            with hub.configured(**mine, verify=str(certificate.authority)):
                made = hub.array((4, 4), name="test/x:v1", dtype="f4")
                made[...] = 1
                for size in (0, 1 << 20):
                    reader = bulk.BulkReader(hub.current_client().transport, size)
                    assert (reader._store() is None) is (size > 0)
                    assert reader.get("test/x:v1/c/0/0").status == 200
            for size in (0, 1 << 20):
                with hub.configured(**mine):
                    reader = bulk.BulkReader(hub.current_client().transport, size)
                    with pytest.raises(hub.Unavailable, match="certificate"):
                        reader.get("test/x:v1/c/0/0")

    @pytest.mark.parametrize("size", [0, 1 << 20], ids=["obstore", "urllib3"])
    def test_an_answer_that_breaks_off_is_asked_for_again(self, settings, allowed, size):
        body = bytes(range(256)) * 1000
        headers = [("ETag", '"1"'), ("Last-Modified", "Thu, 26 Nov 2026 06:05:23 GMT")]
        whole = answer(200, body, headers)
        cut, busy = whole[: len(whole) // 2], answer(503, b"")
        with ScriptedServer(cut, busy, cut, busy, cut, whole) as server:
            mine = settings | {"endpoint": server.endpoint, "retries": 5, "timeout_seconds": 5}
            with hub.configured(**mine):
                reader = bulk.BulkReader(hub.current_client().transport, size)
                assert (reader._store() is None) is (size > 0)
                assert reader.get("test/x:v1/c/0") == bulk.Fetched(200, '"1"', body)
        assert len(server.requests) == 6
        with ScriptedServer(cut) as server:
            mine = settings | {"endpoint": server.endpoint, "retries": 1}
            with hub.configured(**mine):
                reader = bulk.BulkReader(hub.current_client().transport, size)
                with pytest.raises(hub.Unavailable):
                    reader.get("test/x:v1/c/0")

    @pytest.mark.parametrize("size", [0, 1 << 20], ids=["obstore", "urllib3"])
    @pytest.mark.parametrize("status, kind", [
        (403, hub.Denied), (404, hub.NotFound), (422, hub.Invalid), (500, hub.Unavailable)])
    def test_refusals_are_errors_and_never_chunks(self, settings, allowed, size, status, kind):
        document = json.dumps({"code": "other", "detail": "no", "status": status}).encode()
        with ScriptedServer(answer(status, document)) as server:
            with hub.configured(**settings | {"endpoint": server.endpoint, "retries": 0}):
                reader = bulk.BulkReader(hub.current_client().transport, size)
                with pytest.raises(kind):
                    reader.get("test/x:v1/c/0")

    def test_obstore_is_not_used_through_a_proxy_or_offline(
        self, client, settings, monkeypatch, allowed
    ):
        assert bulk._open_store(client.transport.configuration) is not None
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        assert bulk._open_store(client.transport.configuration) is None
        monkeypatch.delenv("HTTPS_PROXY")
        with hub.configured(**settings, offline=True) as configuration:
            assert bulk._open_store(configuration) is None

    def test_obstore_that_somebody_else_loaded_is_not_used(self, monkeypatch):
        import obstore  # noqa: F401

        monkeypatch.setattr(bulk, "_loaded_by", None)
        assert not bulk._load_obstore()


class TestPrefetching:
    def test_all_that_is_stored_comes_and_is_read_without_a_request(self, client, make):
        reference = make()
        digest = client.commit(reference)["digest"]
        done = prefetch(client, reference, show_progress=False)
        assert (done.chunks, done.reference) == (4, str(reference.at(digest)))
        assert done.bytes == client.describe(reference).bytes_stored
        with hub.trace() as trace:
            read_all(open_source(client, reference.at(digest)))
        assert counts(trace) == (0, 4, 0)

    def test_a_part_comes(self, client, make):
        reference = make()
        done = prefetch(client, reference, [(0, 1), (1, 1)], show_progress=False)
        assert done.chunks == 2 and done.reference == str(reference)

    def test_a_huge_grid_with_little_in_it(self, client, namespace):
        reference = Reference.parse(f"{namespace}/big:v1")
        specification = {"shape": [10**12, 4], "dtype": "float32", "chunks": [4, 4]}
        client.create_array(reference, specification)
        client.write_region(reference, "999999999999", np.ones(4, "f4"))
        assert prefetch(client, reference, show_progress=False).chunks == 1

    def test_pinned_is_read_offline_and_survives_eviction(self, client, make, offline):
        reference = make(data=values(shape=(4, 8)), shape=[8, 8])
        digest = client.commit(reference)["digest"]
        fixed = pin(client, reference, show_progress=False)
        assert fixed == reference.at(digest)
        hub.cache.evict(0)
        with hub.trace() as trace:
            found = read_all(open_source(offline, fixed))
            assert describe(offline, fixed).shape == (8, 8)
        assert trace.requests == 0
        assert np.array_equal(found[:4], values(shape=(4, 8))) and (found[4:] == 0).all()
        assert [(pin.reference, pin.chunks) for pin in hub.cache.info().pins] == [(str(fixed), 2)]

    def test_offline_says_what_is_missing(self, client, make, offline):
        reference = make()
        digest = client.commit(reference)["digest"]
        with pytest.raises(hub.Offline, match=r"nothing of .*@sha256.*[Pp]in it"):
            open_source(offline, reference.at(digest))
        prefetch(client, reference, [(0, 0)], show_progress=False)
        source = open_source(offline, reference.at(digest))
        assert fetched(source, [(0, 0)])[0, 0] is not None
        with pytest.raises(hub.Offline, match="does not have the chunk c/1/1"):
            fetched(source, [(1, 1)])
        pin(client, reference, show_progress=False)
        with pytest.raises(hub.Offline, match=f"Pinned, and read .* is: .*{digest}"):
            open_source(offline, reference)
        with pytest.raises(hub.Offline, match="what .* is just now"):
            describe(offline, reference)

    def test_a_pin_whose_map_is_damaged_is_not_taken_for_fill_values(self, client, make, offline):
        reference = make()
        digest = client.commit(reference)["digest"]
        pin(client, reference, show_progress=False)
        source = open_source(offline, reference.at(digest))
        path = hub.cache.open_cache().folder / "maps" / (source.state.map_name + ".map1")
        path.write_bytes(path.read_bytes()[40:])
        with pytest.raises(hub.Offline, match="does not have the chunk"):
            fetched(source)

    @pytest.mark.parametrize("loss", ["cleared", "map removed", "map cut"])
    def test_a_cache_that_others_empty_is_not_taken_for_fill_values(self, client, make, loss):
        """A source that knew all of a pinned state is kept while another process empties the cache."""
        reference = make(shape=[20, 8])
        client.commit(reference)
        source = open_source(client, pin(client, reference))
        store = zarr.open_array(hub.ViewStore(source.state.target), mode="r")
        assert fetched(source, [(4, 0)])[4, 0] is None and store[16, 0] == 0
        if loss == "cleared":
            subprocess.run(
                [sys.executable, "-c", "import sys, hub; hub.configure(cache_folder=sys.argv[1]);"
                 "hub.cache.clear()", hub.cache.info().folder], check=True)
        else:
            for path in (hub.cache.open_cache().folder / "maps").iterdir():
                path.unlink() if loss == "map removed" else os.truncate(path, 40)
        # What makes it look at the map again is another chunk that was never stored.
        assert fetched(source, [(3, 0)])[3, 0] is None and store[12, 0] == 0
        assert np.array_equal(read_all(source)[:8], values())
        assert np.array_equal(store[:8], values())

    def test_what_can_change_is_not_pinned(self, client, make):
        reference = make()
        with pytest.raises(hub.Invalid, match="Commit or seal it"):
            pin(client, reference)
        assert hub.cache.info().pins == ()

    def test_what_is_larger_than_the_cache_is_not_pinned(self, settings, client, make):
        reference = make()
        client.commit(reference)
        with hub.configured(**settings, cache_bytes_max=100):
            with pytest.raises(hub.Invalid, match="cache_bytes_max"):
                pin(hub.current_client(), reference)

    def test_a_pin_that_cannot_be_kept_is_told(self, settings, client, make, monkeypatch):
        reference = make()
        client.commit(reference)
        monkeypatch.setattr(chunk_cache.ChunkCache, "write", lambda *_: False)
        with pytest.raises(hub.Unavailable, match="keeps 0 of the 4 chunks"):
            pin(client, reference, show_progress=False)
        assert hub.cache.info().pins == ()

    def test_unpinned_is_evicted(self, client, make):
        reference = make()
        client.commit(reference)
        pin(client, reference, show_progress=False)
        assert unpin(client, reference) and not unpin(client, reference)
        hub.cache.evict(0)
        assert hub.cache.info().chunks == 0


def read_again_and_again(source, ready):
    """Reads an array without end, in a process that is killed."""
    ready.set()
    while True:
        if not np.array_equal(read_all(source), values(shape=(64, 64))):
            os._exit(3)
        hub.cache.clear()


def test_kills_in_the_middle_hinder_no_later_start(client, make):
    """Twenty processes that fill one cache are killed, each at another moment."""
    client.commit(reference := make(data=values(shape=(64, 64))))
    source = open_source(client, reference)
    context = multiprocessing.get_context("fork")
    generator = random.Random(3)
    for _ in range(20):
        process = context.Process(target=read_again_and_again, args=(source, ready := context.Event()))
        process.start()
        assert ready.wait(WATCHDOG_SECONDS)
        time.sleep(generator.random() * 0.1)
        process.kill()
        process.join(WATCHDOG_SECONDS)
        assert process.exitcode == -signal.SIGKILL
    for _ in range(2):
        with hub.trace() as trace:
            assert np.array_equal(read_all(open_source(client, reference)), values(shape=(64, 64)))
    assert (trace.cache_hits, trace.cache_misses) == (256, 0)
    assert hub.cache.verify().removed == 0


def test_sources_travel_to_other_processes(client, make):
    client.commit(reference := make())
    sent = pickle.dumps(open_source(client, reference))
    assert np.array_equal(read_all(pickle.loads(sent)), values())
