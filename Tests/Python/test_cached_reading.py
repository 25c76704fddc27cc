"""What is cached is not asked for again, what may have changed always is, and offline says so.

Method: requests are counted by traces; the elements are compared with those in memory.
"""

import itertools

import hub
import hub.cache
import numpy as np
import pytest
from hub import kept_chunks
from hub.bulk import view_path
from hub.cache import chunk_cache
from hub.cache.chunk_cache import ChunkCache, document_digest
from hub.cache.chunk_map import NOT_STORED, ChunkMap, encode_records, key_hash
from hub.cached_keys import CachedKeys, array_map_name, state_map_name


@pytest.fixture
def pair(connected, namespace):
    values = np.arange(20 * 6 * 4, dtype="i2").reshape(20, 6, 4)
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype="i2", chunks=(5, 3, 4))
    array[:15] = values[:15]
    values[15:] = 0
    return array, values


def test_an_open_version_is_read_in_one_request_and_never_stale(pair):
    array, values = pair
    with hub.trace() as trace:
        array[0]
    assert trace.requests == 1
    array.prefetch()
    np.testing.assert_array_equal(array[...], values)
    array[3] = 7
    values[3] = 7
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[...], values)
    assert trace.requests == 1


def test_whole_chunks_of_a_commit_are_kept(pair):
    array, values = pair
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    with hub.trace() as first:
        np.testing.assert_array_equal(fixed[...], values)
    assert first.cache_misses > 0
    with hub.trace() as second:
        np.testing.assert_array_equal(fixed[...], values)
        np.testing.assert_array_equal(fixed[3:9:2, ::-1, [0, 3]], values[3:9:2, ::-1, [0, 3]])
        assert fixed[14, 5, 3] == values[14, 5, 3]
        np.testing.assert_array_equal(fixed.gather([9, 2, -3]), values[[9, 2, -3]])
    assert (second.requests, second.cache_misses) == (0, 0) and second.cache_hits > 0


def test_a_small_part_of_a_commit_is_asked_for_as_such(pair):
    array, values = pair
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    with hub.trace() as trace:
        assert fixed[2, 1, 1] == values[2, 1, 1]
    assert [one.path.startswith("/v1/data/") for one in trace.log][-1]


def test_a_tag_is_asked_each_time_and_its_chunks_are_not(pair):
    array, values = pair
    array[...]
    array.commit()
    array.prefetch()
    array[...]
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[2:4], values[2:4])
    assert [one.path.split("/")[2] for one in trace.log] == ["versions"]
    hub.load(array.name)[0] = 5
    values[0] = 5
    np.testing.assert_array_equal(array[...], values)


def test_what_is_pinned_is_read_without_a_server(pair):
    array, values = pair
    array.seal()
    fixed = array.pin()
    with hub.configured(endpoint="http://127.0.0.1:9", offline=True), \
            pytest.raises(hub.Offline, match="nothing of"):
        hub.load(fixed)
    with hub.configured(offline=True), hub.trace() as trace:
        offline = hub.load(fixed)
        np.testing.assert_array_equal(offline[...], values)
        np.testing.assert_array_equal(np.asarray(offline.lazy[4, ::2]), values[4, ::2])
        np.testing.assert_array_equal(offline.gather([0, 19]), values[[0, 19]])
        np.testing.assert_array_equal(offline[[0, 4], [1, 2]], values[[0, 4], [1, 2]])
        assert (offline[16:] == 0).all()
        assert repr(offline)
        for refused in (lambda: offline.mean(), lambda: offline.fork("v2"),
                        lambda: offline.history(), lambda: hub.versions(array.name)):
            with pytest.raises(hub.Offline, match="No request may be made: this is offline") as raised:
                refused()
            assert "configure offline=False" in str(raised.value)
        with pytest.raises(hub.Offline) as raised:
            hub.load(array.name)
    assert str(fixed) in str(raised.value), "it says what is pinned"
    assert trace.requests == 0


def test_offline_names_the_chunk_that_is_missing(pair):
    array, values = pair
    digest = array.commit().digest
    fixed = hub.load(f"{array.reference.line}@{digest}")
    fixed[:5]
    with hub.configured(offline=True):
        again = hub.load(fixed.reference)
        np.testing.assert_array_equal(again[:5], values[:5])
        with pytest.raises(hub.Offline, match="c/1/") as raised:
            again[6]
    assert raised.value.where and "Pin the array" in str(raised.value)


def interrupted(work, steps, stop):
    """The same, but ended by the keyboard at one of the steps that it and others count."""

    def call(*arguments, **options):
        for is_done in (False, True):
            if next(steps) == stop:
                raise KeyboardInterrupt
            if not is_done:
                result = work(*arguments, **options)
        return result

    return call


class TestVerification:
    """What is kept is held against the server: wrong files and records, as something between or
    another program may have left them, are made by hand."""

    @pytest.fixture
    def fixed(self, pair):
        array, values = pair
        fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
        np.testing.assert_array_equal(fixed[...], values)
        return fixed

    @pytest.fixture
    def kept(self, fixed):
        """The cache, the map of the commit, and the digests of its stored chunks by their keys."""
        cache = hub.cache.open_cache()
        found = cache.map(state_map_name(hub.current_configuration().endpoint, fixed.reference))
        keys = [f"c/{row}/{column}/0" for row in range(3) for column in range(2)]
        return cache, found, {key: found.get(key) for key in keys}

    def check(self, fixed, values, chunks=1):
        """One thing is wrong, and is not any more; so many chunks were asked for in full."""
        with hub.trace() as trace:
            found = hub.cache.verify(str(fixed.reference))
        assert found.removed == 1
        assert sum(one.path.endswith("/0") and one.method == "GET" for one in trace.log) == chunks
        assert hub.cache.verify(str(fixed.reference)).removed == 0
        again = hub.load(str(fixed.reference))
        np.testing.assert_array_equal(again[...], values)

    def test_what_is_right_stays(self, pair, fixed, kept):
        found = hub.cache.verify(str(fixed.reference))
        assert found.removed == 0 and found.read in (7, 8)
        with hub.trace() as trace:
            np.testing.assert_array_equal(fixed[...], pair[1])
        assert trace.requests == 0

    def test_another_chunk_under_a_key_is_found(self, pair, fixed, kept):
        cache, found, digests = kept
        found.record("c/0/0/0", digests["c/1/1/0"])
        found.flush()
        assert hub.cache.verify().removed == 0
        # The other key's file went with the record that named it, and came anew, too.
        self.check(fixed, pair[1], chunks=2)

    def test_the_chunk_that_another_key_named_stays(self, pair, fixed, kept):
        """Its file goes with the wrong record, and is there again afterwards."""
        cache, found, digests = kept
        found.record("c/0/0/0", digests["c/1/1/0"])
        found.flush()
        assert hub.cache.verify(str(fixed.reference)).removed == 1
        with hub.trace() as trace:
            np.testing.assert_array_equal(hub.load(str(fixed.reference))[...], pair[1])
        assert trace.requests == 0

    def test_another_content_with_the_right_tag_is_found(self, pair, fixed, kept):
        cache, found, digests = kept
        chunk = cache.read(digests["c/0/1/0"])
        assert cache.write(digests["c/0/1/0"], chunk.etag, chunk.payload[:-1] + b"x")
        self.check(fixed, pair[1])

    def test_a_chunk_that_is_said_not_to_be_stored_is_found(self, pair, fixed, kept):
        cache, found, digests = kept
        found.record("c/2/0/0", NOT_STORED)
        found.flush()
        self.check(fixed, pair[1])

    def test_a_chunk_that_is_not_stored_is_found(self, pair, fixed, kept):
        cache, found, digests = kept
        stray = b"s" * 16
        assert cache.write(stray, "", b"something")
        found.record("c/3/0/0", stray)
        found.flush()
        assert found.get("c/3/0/0") == stray
        assert hub.cache.verify(str(fixed.reference)).removed == 1
        assert hub.cache.verify(str(fixed.reference)).removed == 0
        np.testing.assert_array_equal(fixed[...], pair[1])

    @pytest.mark.parametrize("kind", ["zarr.json", "description"])
    def test_another_document_is_found(self, pair, fixed, kept, kind):
        digest = document_digest(hub.current_configuration().endpoint, kind, str(fixed.reference))
        cache = hub.cache.open_cache()
        hub.cache.verify(str(fixed.reference))
        document = fixed.client.transport.request(
            "GET", view_path(f"{fixed.reference}/zarr.json") if kind == "zarr.json"
            else f"/v1/arrays/{fixed.reference.path}").data
        assert cache.write(digest, "", document.replace(b"int16", b"uint16"))
        self.check(fixed, pair[1], chunks=0)

    def test_a_pinned_array_is_read_as_the_server_has_it(self, pair, fixed, kept, settings):
        """As many chunks as are stored seem to be recorded, so that one that is not counts as not
        stored."""
        cache, found, digests = kept
        fixed.pin()
        moved = {key.replace("c/2/1", "c/3/1"): digest for key, digest in digests.items()}
        found.path.write_bytes(
            encode_records([(key_hash(key), digest) for key, digest in moved.items()]))
        assert hub.cache.verify(str(fixed.reference)).removed == 2
        with hub.configured(**settings, offline=True):
            assert hub.load(str(fixed.reference))[14, 5, 3] == pair[1][14, 5, 3]

    def test_an_array_that_can_change(self, pair):
        array, values = pair
        array.prefetch()
        cache = hub.cache.open_cache()
        known = cache.map(state_map_name(hub.current_configuration().endpoint, array.reference))
        array[3] = values[3] = 7
        assert hub.cache.verify(array.name) == hub.cache.Verification(4, 0)
        digest = known.get("c/1/0/0")
        chunk = cache.read(digest)
        assert cache.write(digest, chunk.etag, chunk.payload[:-1] + b"x")
        assert hub.cache.verify(array.name) == hub.cache.Verification(4, 1)
        array.prefetch()
        assert hub.cache.verify(array.name) == hub.cache.Verification(6, 0)

    def test_chunks_whose_tags_name_no_bytes_are_read_once_more(self, connected, namespace, s3):
        values = np.arange(12, dtype="<i2")
        array = hub.array((12,), name=f"{namespace}/p:v1", dtype="i2", chunks=(4,),
                          codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
        array[...] = 0
        for number in range(3):
            place = {"Bucket": namespace, "Key": f"p:v1/c/{number}"}
            upload = place | {"UploadId": s3.create_multipart_upload(**place)["UploadId"]}
            part = s3.upload_part(
                **upload, PartNumber=1, Body=values[4 * number : 4 * number + 4].tobytes())
            s3.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
        fixed.prefetch()
        assert hub.cache.verify(str(fixed.reference)).removed == 0
        cache = hub.cache.open_cache()
        endpoint = hub.current_configuration().endpoint
        digest = cache.map(state_map_name(endpoint, fixed.reference)).get("c/1")
        chunk = cache.read(digest)
        assert chunk.etag.endswith('-1"')
        assert cache.write(digest, chunk.etag, bytes(len(chunk.payload)))
        assert hub.cache.verify().removed == 0
        assert hub.cache.verify(str(fixed.reference)).removed == 1
        np.testing.assert_array_equal(hub.load(str(fixed.reference))[...], values)

    def damage(self, fixed, kept):
        """Makes a record, two contents, and two keys wrong, for a process that has read none of it."""
        cache, found, digests = kept
        chunk_cache._maps.clear()
        records = cache.map(found.path.name.partition(".")[0])
        chunk = cache.read(digests["c/0/1/0"])
        cache.write(digests["c/0/1/0"], chunk.etag, chunk.payload[:-1] + b"x")
        cache.write(b"s" * 16, "", b"something")
        for key, digest in {"c/0/0/0": digests["c/1/1/0"], "c/2/0/0": NOT_STORED,
                            "c/3/0/0": b"s" * 16}.items():
            records.record(key, digest)
        records.flush()
        description = document_digest(
            hub.current_configuration().endpoint, "description", str(fixed.reference))
        cache.write(description, "", cache.read(description).payload.replace(b"int16", b"uint16"))
        chunk_cache._maps.clear()

    def test_whenever_it_is_interrupted_the_next_one_mends_what_is_left(
        self, pair, fixed, kept, settings, monkeypatch
    ):
        """Interrupted before and behind each step, until one goes through; then read offline."""
        monkeypatch.setattr(kept_chunks, "_PARALLEL_REQUESTS", 1)
        reference = str(fixed.pin())
        for stop in itertools.count():
            self.damage(fixed, kept)
            steps = itertools.count()
            with monkeypatch.context() as patch:
                for owner, name in ((ChunkCache, "remove"), (ChunkCache, "write"),
                                    (CachedKeys, "_asked"), (ChunkMap, "record_hashed"),
                                    (ChunkMap, "flush"), (kept_chunks._Comparison, "refill")):
                    patch.setattr(owner, name, interrupted(getattr(owner, name), steps, stop))
                try:
                    hub.cache.verify(reference)
                except KeyboardInterrupt:
                    pass
            chunk_cache._maps.clear()
            hub.cache.verify(reference)
            assert hub.cache.verify(reference).removed == 0
            with hub.configured(**settings, offline=True):
                np.testing.assert_array_equal(hub.load(reference)[...], pair[1])
            if next(steps) <= stop:
                break
        assert stop > 20

    def test_what_a_pinned_array_lost_comes_anew(self, pair, fixed, kept, settings):
        cache, found, digests = kept
        reference = str(fixed.pin())
        for name in (digests["c/0/1/0"].hex(), *cache.pins.list()[0].documents):
            cache.path(bytes.fromhex(name)).unlink()
        assert hub.cache.verify(reference).removed == 3
        with hub.configured(**settings, offline=True):
            np.testing.assert_array_equal(hub.load(reference)[...], pair[1])
        found.path.unlink()
        assert hub.cache.verify(reference).removed == 6
        with hub.configured(**settings, offline=True):
            np.testing.assert_array_equal(hub.load(reference)[...], pair[1])
        assert hub.cache.verify(reference).removed == 0

    def test_a_verification_takes_nothing_from_other_pinned_commits(
        self, pair, fixed, settings
    ):
        """Of one key they have different chunks, of which the later was last seen."""
        array, values = pair
        first, values = fixed, values.copy()
        first.pin()
        array[0] = 7
        later = values.copy()
        later[0] = 7
        second = hub.load(f"{array.reference.line}@{array.commit().digest}")
        second.pin()
        for damaged in (first, second):
            cache = hub.cache.open_cache()
            records = cache.map(
                state_map_name(hub.current_configuration().endpoint, damaged.reference))
            path = cache.path(records.get("c/0/0/0"))
            path.write_bytes(path.read_bytes()[:-1] + b"x")
            found = [
                hub.cache.verify(str(one.reference)).removed for one in (damaged, first, second)]
            assert found == [1, 0, 0]
            with hub.configured(**settings, offline=True):
                for one, expected in ((first, values), (second, later)):
                    np.testing.assert_array_equal(hub.load(str(one.reference))[...], expected)

    def test_what_an_array_that_is_not_pinned_lost_is_not_missed(self, pair, fixed, kept):
        cache, found, digests = kept
        cache.path(digests["c/0/1/0"]).unlink()
        assert hub.cache.verify(str(fixed.reference)).removed == 0
        path = cache.path(digests["c/1/1/0"])
        path.write_bytes(path.read_bytes()[:-1])
        self.check(fixed, pair[1])

    def test_a_file_that_goes_with_another_states_record_comes_anew(self, pair, fixed, kept, settings):
        """What was last seen under a key is another key's chunk here, and goes with what is wrong."""
        cache, found, digests = kept
        reference = str(fixed.pin())
        seen = cache.map(array_map_name(hub.current_configuration().endpoint, fixed.reference))
        seen.record("c/2/1/0", digests["c/0/0/0"])
        found.record("c/2/1/0", digests["c/2/0/0"])
        assert hub.cache.verify(reference).removed in (1, 2, 3)
        with hub.configured(**settings, offline=True):
            np.testing.assert_array_equal(hub.load(reference)[...], pair[1])

    def test_who_cannot_ask_says_so(self, fixed, settings):
        with hub.configured(**settings, offline=True), pytest.raises(hub.Offline):
            hub.cache.verify(str(fixed.reference))
        with pytest.raises(hub.NotFound):
            hub.cache.verify(f"{fixed.reference.line}:none")
