"""Room for a cached chunk is taken before it is written, where the system can, and never missed.

Method: the call to the system is made for real, and is replaced by one that says what a full disk and
a file system without reservations say.
"""

import ctypes
import errno
import os

import google_crc32c
import numpy as np
import pytest

from hub.cache import chunk_cache, reservation
from hub.cache.chunk_cache import CacheWarning, ChunkCache
from hub.cache.chunk_file import HEADER_BYTES, SHORT_BYTES_MAX, payload_parts

MEGABYTE = 10**6
DIGEST = bytes(range(16))
PAYLOAD = np.random.default_rng(1).integers(0, 256, 3 * MEGABYTE, "u1")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(chunk_cache, "_warned", set())
    return ChunkCache(tmp_path / "cache", 100 * MEGABYTE)


@pytest.fixture
def answer(monkeypatch):
    """Has the system refuse to reserve anything with an error's number; returns what was asked for."""

    def refuse(number):
        asked = []

        def call(descriptor, mode, offset, size):
            asked.append((mode, offset, size))
            ctypes.set_errno(number)
            return -1

        monkeypatch.setattr(reservation, "_fallocate", call)
        return asked

    return refuse


def parts_left(cache):
    return [path for path in cache.folder.rglob("*") if path.is_file()]


def can_reserve(folder):
    with open(folder / "probe", "wb") as file:
        reservation.reserve(file.fileno(), MEGABYTE)
        return os.fstat(file.fileno()).st_blocks > 0


def test_room_is_there_before_a_byte_is_written_and_the_file_grows_as_it_is_written(
    cache, tmp_path
):
    if not can_reserve(tmp_path):
        pytest.skip("nothing can be reserved in this file system")
    intake = cache.begin(DIGEST, '"x"', len(PAYLOAD))
    [part] = parts_left(cache)
    assert part.stat().st_size == 0
    assert part.stat().st_blocks * 512 >= HEADER_BYTES + len(PAYLOAD)
    intake.abandon()
    assert parts_left(cache) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_warns_before_anything_is_written(cache, answer, number):
    asked = answer(number)
    with pytest.warns(CacheWarning, match=os.strerror(number)):
        assert cache.begin(DIGEST, '"x"', len(PAYLOAD)) is None
    assert asked == [(1, 0, HEADER_BYTES + len(PAYLOAD))]
    assert parts_left(cache) == []


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EINTR])
def test_a_file_system_that_cannot_is_written_all_the_same(cache, answer, number):
    asked = answer(number)
    assert cache.write(DIGEST, '"x"', PAYLOAD)
    assert len(asked) == 1
    assert cache.read(DIGEST).payload == PAYLOAD.tobytes()


def test_a_system_without_the_call_is_written_all_the_same(cache, monkeypatch):
    monkeypatch.setattr(reservation, "_fallocate", None)
    assert cache.write(DIGEST, '"x"', PAYLOAD)
    assert cache.read(DIGEST).payload == PAYLOAD.tobytes()


@pytest.mark.parametrize("size", [SHORT_BYTES_MAX, SHORT_BYTES_MAX + 1, len(PAYLOAD)])
def test_what_comes_in_parts_has_its_length_and_no_more(cache, size):
    intake = cache.begin(DIGEST, '"x"', size)
    checksum = 0
    for part in payload_parts(size):
        checksum = google_crc32c.extend(checksum, PAYLOAD[part])
        intake.write(PAYLOAD[part], checksum)
    assert intake.finish()
    assert cache.path(DIGEST).stat().st_size == HEADER_BYTES + size
    assert cache.read(DIGEST).payload == PAYLOAD[:size].tobytes()
