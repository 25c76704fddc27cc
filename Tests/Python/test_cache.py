"""The local cache: what it gives is what was put in, whatever happens to its files.

Method: the files are damaged, cut, filled up and removed from outside, processes are killed while
they write, and every byte that comes back is compared with what was written.
"""

import errno
import hashlib
import multiprocessing
import os
import pickle
import random
import signal
import time
import warnings

import google_crc32c
import pytest

import cache_writer
from hub.cache import chunk_cache, chunk_file, eviction
from hub.cache.chunk_cache import CacheWarning, ChunkCache, chunk_digest, document_digest
from hub.cache.chunk_map import NOT_STORED, ChunkMap
from hub.cache.pins import Pin

MEGABYTE = 10**6
WATCHDOG_SECONDS = 30


@pytest.fixture
def cache(tmp_path):
    return ChunkCache(tmp_path / "cache", 100 * MEGABYTE)


def put(cache, number, size=1000):
    """Keeps `size` bytes made of `number`, and returns their digest."""
    digest = chunk_digest("http://here", f'"{number:032x}-1"', size)
    assert cache.write(digest, f'"{number:032x}-1"', bytes([number % 256]) * size)
    return digest


def files(folder, pattern="*"):
    return [path for path in folder.rglob(pattern) if path.is_file()]


class TestChunkFiles:
    def test_what_was_written_is_read(self, cache):
        digest = put(cache, 7)
        found = cache.read(digest)
        assert (found.payload, found.etag) == (b"\x07" * 1000, f'"{7:032x}-1"')
        assert cache.has(digest) and not cache.has(bytes(16))

    def test_the_layout_is_the_one_in_the_table(self, cache):
        digest = put(cache, 7)
        raw = cache.path(digest).read_bytes()
        etag = f'"{7:032x}-1"'.encode()
        fields = (
            b"HUBC" + (1).to_bytes(2, "little") + len(etag).to_bytes(2, "little")
            + (1000).to_bytes(8, "little") + digest
            + google_crc32c.value(b"\x07" * 1000).to_bytes(4, "little")
            + etag.ljust(84, b"\0") + bytes(4)
        )
        assert raw == fields + google_crc32c.value(fields).to_bytes(4, "little") + b"\x07" * 1000
        assert cache.path(digest).parent.name == digest.hex()[0]

    def test_an_empty_chunk_is_a_chunk(self, cache):
        digest = put(cache, 1, size=0)
        assert cache.read(digest).payload == b""

    @pytest.mark.parametrize("place", [0, 4, 6, 8, 16, 32, 36, 80, 121, 126, 128, 600, 1127])
    def test_one_changed_byte_is_found_and_the_file_is_gone(self, cache, place):
        digest = put(cache, 7)
        path = cache.path(digest)
        data = bytearray(path.read_bytes())
        data[place] ^= 0x10
        path.write_bytes(data)
        assert cache.read(digest) is None
        assert not path.exists()

    @pytest.mark.parametrize("length", [0, 1, 127, 128, 129, 1127, 1129])
    def test_another_length_is_found(self, cache, length):
        digest = put(cache, 7)
        path = cache.path(digest)
        path.write_bytes((path.read_bytes() + b"\x07")[:length])
        assert cache.read(digest) is None
        assert not path.exists()

    @pytest.mark.parametrize("taken", [1, 127, 128, 129, 1127])
    def test_a_system_that_writes_less_than_it_is_given_is_given_the_rest(
        self, cache, monkeypatch, taken
    ):
        payload = random.Random(5).randbytes(1000)
        digest = chunk_digest("http://here", '"x"', 1000)
        monkeypatch.setattr(os, "writev", lambda to, parts: os.write(to, b"".join(parts)[:taken]))
        assert cache.write(digest, '"x"', payload)
        assert cache.read(digest).payload == payload

    def test_a_system_without_vectors_is_given_one_after_another(self, cache, monkeypatch):
        monkeypatch.delattr(os, "writev")
        assert cache.read(put(cache, 7)).payload == b"\x07" * 1000

    @pytest.mark.parametrize("size", [524_159, 524_160, 524_161, 2_408_448])
    def test_long_payloads_are_written_up_to_bounds_of_pages(self, cache, monkeypatch, size):
        payload = random.Random(size).randbytes(size)
        digest = chunk_digest("http://here", '"x"', size)
        stops, real = [], os.write

        def note(descriptor, data):
            written = real(descriptor, data)
            stops.append(os.lseek(descriptor, 0, os.SEEK_CUR))
            return written

        monkeypatch.setattr(os, "write", note)
        assert cache.write(digest, '"x"', payload)
        assert cache.read(digest).payload == payload
        ends = [stop for stop in stops if stop not in (128, 128 + size)]
        assert all(stop % 4096 == 0 for stop in ends)
        assert len(ends) == (size + 127) // 524_288

    def test_a_file_under_another_name_is_not_taken_for_it(self, cache):
        one, two = put(cache, 1), put(cache, 2)
        cache.path(two).write_bytes(cache.path(one).read_bytes())
        assert cache.read(two) is None
        assert cache.read(one).payload == b"\x01" * 1000

    def test_a_folder_in_place_of_a_file_does_no_harm(self, cache):
        digest = put(cache, 1)
        cache.path(digest).unlink()
        cache.path(digest).mkdir()
        assert cache.read(digest) is None

    def test_entity_tags_that_depend_on_more_than_the_object_are_told_apart(self):
        plain = [chunk_digest("a", '"00"', 5, metadata) for metadata in (b"1", b"2")]
        decoded = [chunk_digest("a", '"00-3"', 5, metadata) for metadata in (b"1", b"2")]
        assert plain[0] == plain[1] and decoded[0] != decoded[1]
        others = {
            plain[0], chunk_digest("b", '"00"', 5), chunk_digest("a", '"00"', 6),
            document_digest("a", "zarr.json", "00"),
        }
        assert len(others) == 4

    def test_a_cache_can_be_pickled(self, cache):
        digest = put(cache, 3)
        assert pickle.loads(pickle.dumps(cache)).read(digest).payload == b"\x03" * 1000

    def test_the_folder_is_its_owners_alone(self, cache):
        put(cache, 3)
        assert cache.folder.stat().st_mode & 0o077 == 0


class TestRefusedWrites:
    @pytest.fixture(autouse=True)
    def forget_warnings(self, monkeypatch):
        monkeypatch.setattr(chunk_cache, "_warned", set())

    @pytest.mark.parametrize("size", [1000, 3 * MEGABYTE])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
    def test_a_write_that_fails_warns_once_and_leaves_nothing(
        self, cache, monkeypatch, code, size
    ):
        kept = put(cache, 1)
        real = os.write

        def refuse(descriptor, data):
            if len(data) > 200:
                # Half of it goes in, as on a disk that fills up.
                real(descriptor, data[: len(data) // 2])
                raise OSError(code, os.strerror(code))
            return real(descriptor, data)

        monkeypatch.setattr(os, "write", refuse)
        monkeypatch.setattr(os, "writev", lambda to, parts: refuse(to, b"".join(parts)))
        digest = chunk_digest("http://here", '"x"', size)
        with pytest.warns(CacheWarning, match=os.strerror(code)) as caught:
            assert not cache.write(digest, '"x"', b"x" * size)
            assert not cache.write(digest, '"x"', b"x" * size)
        assert len(caught) == 1
        assert cache.read(digest) is None and cache.read(kept) is not None
        assert files(cache.folder) == [cache.path(kept)]

    def test_after_a_while_it_is_tried_again(self, cache, monkeypatch):
        def refuse(*_):
            raise OSError(errno.ENOSPC, "no room")

        with monkeypatch.context() as full:
            full.setattr(os, "write", refuse)
            full.setattr(os, "writev", refuse)
            with pytest.warns(CacheWarning):
                assert not cache.write(bytes(16), "", b"x")
        assert not cache.write(bytes(16), "", b"x")
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + chunk_cache.RETRY_SECONDS + 1)
        assert cache.write(bytes(16), "", b"x")

    def test_a_file_where_the_folder_should_be_only_warns(self, tmp_path):
        (tmp_path / "cache").write_text("not a folder")
        cache = ChunkCache(tmp_path / "cache", MEGABYTE)
        with pytest.warns(CacheWarning):
            assert not cache.write(bytes(16), "", b"x")
        assert cache.read(bytes(16)) is None
        chunk_map = cache.map("0" * 32)
        chunk_map.record("c/0", bytes(range(16)))
        chunk_map.flush()
        assert chunk_map.get("c/0") == bytes(range(16))

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written_is_still_read(self, cache):
        digest = put(cache, 1)
        for path in [cache.folder, *cache.folder.rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
        with pytest.warns(CacheWarning):
            assert not cache.write(bytes(16), "", b"x")
        assert cache.read(digest).payload == b"\x01" * 1000

    def test_what_is_too_large_for_the_limit_is_not_kept_and_warns_not(self, tmp_path):
        cache = ChunkCache(tmp_path, 1000)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not cache.write(bytes(16), "", bytes(251))
            assert cache.write(bytes(16), "", bytes(250))


class TestEviction:
    def age(self, cache, digest, seconds):
        before = time.time() - seconds
        os.utime(cache.path(digest), (before, before))

    def test_the_least_recently_used_goes_first(self, cache):
        digests = [put(cache, number) for number in range(10)]
        for number, digest in enumerate(digests):
            self.age(cache, digest, 1000 - number)
        assert cache.read(digests[0]) is not None  # A hit: it is the newest now.
        each = 1000 + chunk_file.HEADER_BYTES
        assert eviction.evict(cache.folder, 4 * each) == 6 * each
        assert [cache.has(digest) for digest in digests] == [True] + [False] * 6 + [True] * 3

    def test_a_hit_renews_a_files_time_but_not_at_every_read(self, cache):
        digest = put(cache, 1)
        self.age(cache, digest, chunk_cache.RENEW_SECONDS / 2)
        before = cache.path(digest).stat().st_mtime
        cache.read(digest)
        assert cache.path(digest).stat().st_mtime == before
        self.age(cache, digest, chunk_cache.RENEW_SECONDS * 2)
        cache.read(digest)
        assert time.time() - cache.path(digest).stat().st_mtime < chunk_cache.RENEW_SECONDS / 2

    def test_writing_keeps_the_limit(self, tmp_path):
        cache = ChunkCache(tmp_path, MEGABYTE)
        for number in range(1000):
            put(cache, number, size=10_000)
            if number % 100 == 99:
                assert sum(path.stat().st_size for path in files(tmp_path)) <= MEGABYTE
        assert sum(path.stat().st_size for path in files(tmp_path)) > MEGABYTE * 0.9

    def test_processes_that_write_little_keep_it_together(self, tmp_path):
        random.seed(5)
        for number in range(1000):
            put(ChunkCache(tmp_path, MEGABYTE), number, size=5_000)
        # Each looks with a probability of a third, so it is long over the limit very rarely.
        assert sum(path.stat().st_size for path in files(tmp_path)) <= MEGABYTE * 1.1

    def test_pinned_states_stay(self, cache):
        digests = [put(cache, number) for number in range(4)]
        document = put(cache, 99)
        chunk_map = cache.map("a" * 32)
        chunk_map.record("c/0", digests[0])
        chunk_map.record("c/1", NOT_STORED)
        chunk_map.flush()
        pin = Pin("test/x@sha256:00", "http://here", "a" * 32, [document.hex()], 1)
        cache.pins.put(pin)
        assert cache.pins.list() == [pin] and cache.pins.get("a" * 32) == pin
        eviction.evict(cache.folder, 0)
        assert [cache.has(digest) for digest in digests] == [True, False, False, False]
        assert cache.has(document)
        assert cache.map("a" * 32).get("c/0") == digests[0]
        assert cache.pins.remove("a" * 32) and not cache.pins.remove("a" * 32)
        eviction.evict(cache.folder, 0)
        assert files(cache.folder) == []

    def test_a_damaged_pin_is_none(self, cache):
        cache.pins.put(Pin("r", "o", "a" * 32, [], 0))
        for text in ["", "{", "[]", '{"version": 2}', '{"version": 1, "reference": 1}']:
            (cache.folder / "pins" / ("a" * 32 + ".json")).write_text(text)
            assert cache.pins.list() == [] and cache.pins.get("a" * 32) is None

    def test_parts_of_dead_writers_are_swept_when_they_are_old(self, cache):
        put(cache, 1)
        shard = next((cache.folder / "chunks").iterdir())
        for name, age in [(".1-old.part", 2 * eviction.PART_SECONDS_MAX), (".1-new.part", 10)]:
            (shard / name).write_bytes(b"half")
            before = time.time() - age
            os.utime(shard / name, (before, before))
        eviction.evict(cache.folder, 10**9)
        assert [path.name for path in files(shard, ".*.part")] == [".1-new.part"]


def append_records(path, start):
    chunk_map = ChunkMap(path)
    for number in range(start, start + 300):
        chunk_map.record(f"c/{number}", number.to_bytes(16, "big"))
        if number % 7 == 0:
            chunk_map.flush()
    chunk_map.flush()


class TestProcesses:
    def test_several_append_to_one_map(self, tmp_path):
        path = tmp_path / "one.map1"
        context = multiprocessing.get_context("spawn")
        started = [
            context.Process(target=append_records, args=(path, 300 * number)) for number in range(4)
        ]
        for process in started:
            process.start()
        for process in started:
            process.join(WATCHDOG_SECONDS)
            assert process.exitcode == 0
        chunk_map = ChunkMap(path)
        assert all(chunk_map.get(f"c/{n}") == n.to_bytes(16, "big") for n in range(1200))

    def test_kills_at_any_moment_hinder_nobody(self, tmp_path):
        """Four writers that evict each other's files are killed and begun anew, twenty times."""
        generator = random.Random(11)
        writers = [self.writer(tmp_path, seed) for seed in range(4)]
        try:
            for seed in range(4, 24):
                time.sleep(generator.random() * 0.05)
                self.kill(writers.pop(0))
                writers.append(self.writer(tmp_path, seed))
        finally:
            for process in writers:
                self.kill(process)
        cache = ChunkCache(tmp_path, 64 * 20_000)
        found = [cache.read(cache_writer.digest(n)) for n in range(cache_writer.CHUNK_COUNT)]
        assert sum(chunk is not None for chunk in found) > cache_writer.CHUNK_COUNT / 2
        for number, chunk in enumerate(found):
            assert chunk is None or chunk.payload == cache_writer.chunk(number)
        assert len(cache.map("0" * 32)) > 0
        assert all(cache.write(bytes([n]) * 16, "", b"x" * 100) for n in range(200))

    def writer(self, folder, seed):
        context = multiprocessing.get_context("fork")
        ready = context.Event()
        process = context.Process(target=cache_writer.write_on, args=(str(folder), seed, ready))
        process.start()
        assert ready.wait(WATCHDOG_SECONDS)
        return process

    def kill(self, process):
        """Ends a writer; one that read nonsense has ended by itself, with another exit code."""
        process.kill()
        process.join(WATCHDOG_SECONDS)
        assert process.exitcode == -signal.SIGKILL


class TestPublicObject:
    @pytest.fixture
    def public(self, tmp_path):
        import hub.cache
        from hub.configuration import configured

        with configured(cache_folder=tmp_path / "mine", cache_bytes_max="5MB"):
            yield hub.cache

    def test_verify_removes_what_its_entity_tag_does_not_name(self, public):
        cache = public.open_cache()
        payload = bytes(100_000)
        md5 = hashlib.md5(payload).hexdigest()
        for number, etag in enumerate([f'"{md5}"', f'"{"0" * 32}"', f'"{"0" * 32}-2"', ""]):
            assert cache.write(bytes([number] * 16), etag, payload)
        assert public.verify() == public.Verification(4, 1)
        assert not cache.has(bytes([1] * 16))

    def test_info_verify_evict_and_clear(self, public):
        empty = public.info()
        assert (empty.bytes, empty.chunks, empty.pins, empty.bytes_max) == (0, 0, (), 5 * MEGABYTE)
        cache = public.open_cache()
        digests = [put(cache, number) for number in range(10)]
        cache.pins.put(Pin("r", "o", "a" * 32, [digests[9].hex()], None))
        told = public.info()
        assert (told.bytes, told.chunks, len(told.pins)) == (11280, 10, 1)
        cache.path(digests[0]).write_bytes(b"")
        assert public.verify() == public.Verification(10, 1)
        assert public.verify() == public.Verification(9, 0)
        assert public.evict("5 kB") == 5 * 1128
        assert public.evict(0) == 3 * 1128 and cache.has(digests[9])
        with pytest.raises(ValueError, match="no number of bytes"):
            public.evict("much")
        assert [pin.reference for pin in public.clear()] == ["r"] and public.clear() == ()
        assert files(cache.folder) == [] and public.info().chunks == 0
        assert public.verify() == public.Verification(0, 0)
