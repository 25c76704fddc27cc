"""The maps of the cache: what was recorded of a key is found, by any thread and process.

Method: files are damaged, cut, removed and replaced from outside, and threads meet at the worst
moment; what is found is compared with what was recorded.
"""

import hashlib
import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.cache import chunk_cache, chunk_map
from hub.cache.chunk_cache import ChunkCache
from hub.cache.chunk_map import NOT_STORED, RECORD_BYTES, ChunkMap, encode_records, key_hash

WATCHDOG_SECONDS = 30


@pytest.fixture
def cache(tmp_path):
    return ChunkCache(tmp_path / "cache", 10**8)


class TestChunkMaps:
    def entries(self, count, start=0):
        numbers = range(start, start + count)
        return [(f"c/{number}", number.to_bytes(16, "big")) for number in numbers]

    def filled(self, path, count):
        chunk_map = ChunkMap(path)
        for key, digest in self.entries(count):
            chunk_map.record(key, digest)
        chunk_map.flush()
        return chunk_map

    def test_what_was_recorded_is_found(self, tmp_path):
        path = tmp_path / "maps" / "one.map1"
        self.filled(path, 1000)
        again = ChunkMap(path)
        assert [(key, again.get(key)) for key, _ in self.entries(1000)] == self.entries(1000)
        assert again.get("c/1000") is None and len(again) == 1000
        assert again.digests() == {d for _, d in self.entries(1000)} - {NOT_STORED}
        assert path.stat().st_size == 1000 * RECORD_BYTES

    def test_the_layout_is_the_one_in_the_table(self, tmp_path):
        """The check as docs/formats/client-cache.md tells it, with whole numbers of Python."""
        path = tmp_path / "one.map1"
        self.filled(path, 2)
        expected = b""
        for key, digest in self.entries(2):
            fields = hashlib.blake2b(key.encode(), digest_size=16).digest() + digest
            check = 0x9E3779B97F4A7C15
            for at in range(0, 32, 8):
                word = int.from_bytes(fields[at : at + 8], "little")
                check = (check ^ word) * 0xBF58476D1CE4E5B9 % 2**64
                check ^= check >> 31
            expected += fields + check.to_bytes(8, "little")
        assert path.read_bytes() == expected

    def test_the_last_record_of_a_key_holds(self, tmp_path):
        path = tmp_path / "one.map1"
        for value in (b"1", b"2", b"3"):
            chunk_map = ChunkMap(path)
            chunk_map.record("c/0", value * 16)
            chunk_map.flush()
        assert ChunkMap(path).get("c/0") == b"3" * 16 and len(ChunkMap(path)) == 1

    def test_what_others_append_is_seen(self, tmp_path):
        path = tmp_path / "one.map1"
        early = ChunkMap(path)
        assert early.get("c/3") is None
        self.filled(path, 10)
        assert early.get("c/3") == (3).to_bytes(16, "big")
        path.unlink()
        self.filled(path, 20)
        assert early.get("c/15") == (15).to_bytes(16, "big")

    def test_what_one_appends_itself_is_not_read_again_but_what_others_do_is(
        self, tmp_path, monkeypatch
    ):
        first, second = ChunkMap(tmp_path / "a.map1"), ChunkMap(tmp_path / "a.map1")
        reads, real = [], chunk_map._read_from
        monkeypatch.setattr(
            chunk_map, "_read_from", lambda path, at: reads.append(at) or real(path, at))
        for number in range(3):
            first.record(f"c/{number}", bytes([1 + number]) * 16)
            first.flush()
        assert first.get("c/9") is None and reads == []
        second.record("d/0", b"d" * 16)
        second.flush()
        first.record("c/3", b"c" * 16)
        first.flush()
        assert first.get("d/0") == b"d" * 16 and second.get("c/3") == b"c" * 16
        assert first.get_many(["c/3", "c/9", "d/0", "c/0"]) == [
            b"c" * 16, None, b"d" * 16, b"\x01" * 16]

    def test_what_was_removed_is_forgotten_and_written_again(self, cache):
        name = "b" * 32
        chunk_map = cache.map(name)
        for _ in range(2):
            assert cache.map(name) is chunk_map and chunk_map.get("c/0") is None
            chunk_map.record("c/0", b"1" * 16)
            chunk_map.flush()
            assert ChunkMap(chunk_map.path).get("c/0") == b"1" * 16
            chunk_map.path.unlink()

    def test_where_all_stored_keys_are_recorded_others_are_not_stored(self, tmp_path):
        digests = {f"c/{number}": bytes([number + 1] * 16) for number in range(4)}
        written, path = ChunkMap(tmp_path / "m"), tmp_path / "m"
        for key, digest in list(digests.items())[:3]:
            written.record(key, digest)
        written.record("c/9", NOT_STORED)
        assert written.get("c/8", stored=4) is None and written.get("c/8") is None
        written.record("c/3", digests["c/3"])
        written.flush()
        for one in (written, ChunkMap(path)):
            assert one.get("c/8", stored=4) == NOT_STORED and one.get("c/8") is None
            assert one.get("c/8", stored=5) is None
            assert {key: one.get(key, stored=4) for key in digests} == digests
        path.unlink()
        assert written.get("c/7", stored=4) is None, "nothing is recorded any more"
        assert written.get("c/0", stored=4) is None

    @pytest.fixture
    def hasty_threads(self):
        """Threads take turns so often that they meet in the middle of anything."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(before)

    def test_threads_share_one(self, tmp_path, hasty_threads):
        entries = self.entries(128)
        for number in range(30):
            chunk_map = ChunkMap(tmp_path / f"{number}.map1")

            def work(number, chunk_map=chunk_map):
                for key, digest in entries[number::8]:
                    assert chunk_map.get(key) is None
                    chunk_map.record(key, digest)
                    chunk_map.flush()
                    assert chunk_map.get(key) == digest

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(work, range(8)))
            again = ChunkMap(chunk_map.path)
            assert [(key, again.get(key)) for key, _ in entries] == entries

    def test_what_is_recorded_while_another_thread_loads_the_map_is_found(
        self, tmp_path, monkeypatch
    ):
        (first, first_digest), (second, second_digest) = self.entries(2)
        one, other = (ChunkMap(tmp_path / "map1") for _ in range(2))
        other.record(first, first_digest)
        other.flush()
        read = chunk_map._read_from

        def read_and_meet(path, offset):
            answer = read(path, offset)
            monkeypatch.undo()
            one.record(second, second_digest)
            return answer

        monkeypatch.setattr(chunk_map, "_read_from", read_and_meet)
        assert one.get(first) == first_digest
        one.flush()
        assert one.get(second) == second_digest

    def test_what_is_recorded_while_another_digest_is_written_holds(self, tmp_path, monkeypatch):
        one = ChunkMap(tmp_path / "map1")
        (key, before), (_, after) = self.entries(2)
        write = os.write

        def write_and_meet(descriptor, data):
            monkeypatch.undo()
            one.record(key, after)
            return write(descriptor, data)

        one.record(key, before)
        monkeypatch.setattr(chunk_map.os, "write", write_and_meet)
        one.flush()
        assert one.get(key) == after
        one.flush()
        assert one.get(key) == after and ChunkMap(one.path).get(key) == after

    def test_threads_that_open_one_at_the_same_moment_share_it(self, cache):
        for round_number in range(50):
            name = f"{round_number:032x}"
            barrier = threading.Barrier(4)

            def work(number):
                barrier.wait(WATCHDOG_SECONDS)
                chunk_map = cache.map(name)
                chunk_map.record(f"c/{number}", b"1" * 16)
                return chunk_map

            with ThreadPoolExecutor(4) as pool:
                opened = list(pool.map(work, range(4)))
            assert len(set(map(id, opened))) == 1 and len(opened[0]) == 4

    def test_maps_in_memory_are_few(self, cache):
        for number in range(chunk_cache._MAPS_MAX * 2):
            cache.map(f"{number:032x}")
        assert len(chunk_cache._maps) == chunk_cache._MAPS_MAX

    def test_many_new_records_are_found(self, tmp_path, monkeypatch):
        monkeypatch.setattr("hub.cache.chunk_map.RECENT_MAX", 10)
        path = tmp_path / "one.map1"
        early = ChunkMap(path)
        for number in range(30):
            self.filled(path, number + 1)
            assert early.get(f"c/{number}") == number.to_bytes(16, "big")
        assert len(early) == 30 and early.count_stored() == 29

    @pytest.mark.parametrize("torn", range(1, RECORD_BYTES))
    def test_a_torn_end_costs_its_record_and_nothing_behind_it(self, tmp_path, torn):
        path = tmp_path / "one.map1"
        self.filled(path, 10)
        early = ChunkMap(path)
        with open(path, "r+b") as file:
            file.truncate(10 * RECORD_BYTES - torn)
        late = ChunkMap(path)
        assert late.get("c/9") is None and len(late) == 9
        data = encode_records([(key_hash(key), digest) for key, digest in self.entries(5, 50)])
        with open(path, "ab") as file:
            file.write(data)
        for chunk_map in (late, ChunkMap(path)):
            assert [chunk_map.get(f"c/{n}") for n in (8, 50, 54)] == [
                n.to_bytes(16, "big") for n in (8, 50, 54)
            ]
        assert early.get("c/8") is not None
        # Whoever loads a damaged map writes it anew.
        assert path.stat().st_size == 14 * RECORD_BYTES

    def test_any_changed_byte_costs_one_record(self, tmp_path):
        path = tmp_path / "one.map1"
        self.filled(path, 10)
        whole = path.read_bytes()
        for place in range(len(whole)):
            data = bytearray(whole)
            data[place] ^= 1 << place % 8
            path.write_bytes(data)
            found = ChunkMap(path)
            hit = place // RECORD_BYTES
            assert [n for n in range(10) if found.get(f"c/{n}") is None] == [hit]

    def test_garbage_is_an_empty_map(self, tmp_path):
        path = tmp_path / "one.map1"
        for data in (bytes(4000), random.Random(1).randbytes(4001), b"x"):
            path.write_bytes(data)
            assert len(ChunkMap(path)) == 0

    def test_repetitions_are_removed_once_they_are_many(self, tmp_path):
        path = tmp_path / "one.map1"
        record = encode_records([(key_hash("c/0"), b"1" * 16)])
        path.write_bytes(record * 5000)
        assert ChunkMap(path).get("c/0") == b"1" * 16
        assert path.read_bytes() == record
