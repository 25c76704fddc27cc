"""Which cached chunk belongs to which key of one state of an array.

A map is a file of records that is only appended to, by any number of processes at once: each
batch is one `write` to a descriptor in append mode. There is no header; the version is in the
name. Integers are little-endian.

    offset  size  field   meaning
         0    16  key     BLAKE2b-128 of the key's UTF-8 bytes
        16    16  digest  of the chunk file; all zeros: the key is not stored
        32     8  check   `_checks` of the four 64-bit words before it

A record that fails its check is passed over, and the next good one is looked for byte by byte,
so a write that was cut short costs that record and nothing behind it. Of two records of one key
the later holds.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hub.map_name import MAP_SUFFIX

from .chunk_file import PART_SUFFIX

RECORD_BYTES = 40
DIGEST_BYTES = 16
NOT_STORED = bytes(DIGEST_BYTES)
"""The digest that says: the server has no such key."""

PENDING_MAX = 64
"""Records that are kept back to be written together."""

RECENT_MAX = 1 << 16
"""Records that are kept apart from the table before the file is read as a whole again."""

_LOOKS_MAX = 16
"""How often a key is looked for while threads and processes change the file."""

_RECORD = np.dtype([("key", "<u8", 2), ("digest", "<u8", 2), ("check", "<u8")])
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_SEED = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)

Records = npt.NDArray[np.void]


@lru_cache(maxsize=4096)
def key_hash(key: str) -> bytes:
    """The 16 bytes that a key is recorded under."""
    return hashlib.blake2b(key.encode(), digest_size=DIGEST_BYTES).digest()


class ChunkMap:
    """The records of one map file, in memory and on disk.

    Threads may share one, and a forked child may go on with it: what they race for is only read or
    written again. A map that cannot be read is empty, one that cannot be written stays in memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # What was noted and is not in the file yet, by numbers that go up.
        self._pending: dict[int, tuple[bytes, bytes]] = {}
        self._numbers = itertools.count()
        self._load()

    def get(self, key: str, stored: int | None = None) -> bytes | None:
        """The digest of a key, `NOT_STORED`, or None where nothing is recorded.

        Args:
            stored: how many keys have a chunk, of a state that cannot change and of which that is
                known. While so many are recorded, what is not recorded is `NOT_STORED`.
        """
        return self.get_many([key], stored)[0]

    def get_many(self, keys: Sequence[str], stored: int | None = None) -> list[bytes | None]:
        """Like `get`, of several keys; the file is looked at once."""
        hashed = [key_hash(key) for key in keys]
        for _ in range(_LOOKS_MAX):
            # Looked for and counted in one content: the file may be removed or replaced meanwhile.
            content = self._content
            found = [content.find(one) for one in hashed]
            if None not in found:
                return found
            # Again also where another thread put back what it had read before.
            if not self.refresh() and content is self._content:
                break
        is_whole = stored is not None and content.has_stored(stored)
        # Also where nothing was new: another thread may have taken it in just before.
        return [content.find(one) or (NOT_STORED if is_whole else None) for one in hashed]

    def record(self, key: str, digest: bytes) -> None:
        """Notes a key's digest; `flush` sees to it that others read it."""
        self.record_hashed(key_hash(key), digest)

    def record_hashed(self, hashed: bytes, digest: bytes) -> None:
        """Like `record`, for a key of which only the hash is known."""
        if self._content.find(hashed) == digest:
            return
        # In this order, so that a thread that loads the file meanwhile does not lose it.
        self._pending[next(self._numbers)] = hashed, digest
        self._content.recent[hashed] = digest
        if len(self._pending) >= PENDING_MAX:
            self.flush()

    def flush(self) -> None:
        """Appends what was noted to the file; where that fails, the notes stay in memory."""
        # Another thread may write the same, which does no harm. It stays until it is written, for one
        # that loads the file meanwhile.
        pending = self._pending.copy()
        if not pending:
            return
        try:
            self._append(list(pending.values()))
        finally:
            for number in pending:
                self._pending.pop(number, None)

    def _append(self, records: list[tuple[bytes, bytes]]) -> None:
        try:
            content = self._content
            descriptor = self._opened()
            try:
                written = os.write(descriptor, encode_records(records))
                # Of keys that were noted again meanwhile the later digest.
                noted = dict(self._pending.copy().values())
                known = {hashed: noted.get(hashed, digest) for hashed, digest in records}
                content.take_note(os.fstat(descriptor), known, written)
            finally:
                os.close(descriptor)
        except OSError:
            return

    def _opened(self) -> int:
        try:
            return os.open(self.path, _APPEND, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, _APPEND, 0o600)

    def digests(self) -> set[bytes]:
        """The digests of all chunks that the map names."""
        self.refresh()
        content = self._content
        words = content.table.records["digest"].tobytes()
        known = {words[at : at + DIGEST_BYTES] for at in range(0, len(words), DIGEST_BYTES)}
        known.update(content.recent.values())
        return known - {NOT_STORED}

    def records(self) -> dict[bytes, bytes]:
        """The digest of each recorded key, by the key's hash."""
        self.refresh()
        content = self._content
        table = content.table.records
        hashes, digests = table["key"].tobytes(), table["digest"].tobytes()
        known = {
            hashes[at : at + DIGEST_BYTES]: digests[at : at + DIGEST_BYTES]
            for at in range(0, len(hashes), DIGEST_BYTES)}
        return known | content.recent

    def count_stored(self) -> int:
        """How many keys have a chunk."""
        self.refresh()
        return self._content.count_stored()

    def __len__(self) -> int:
        """How many keys are recorded, those that are not stored included."""
        content = self._content
        beside = sum(1 for hashed in content.recent if content.table.get(hashed) is None)
        return len(content.table.records) + beside

    def refresh(self) -> bool:
        """Takes in what other processes did to the file; whether there was anything."""
        content = self._content
        try:
            status = os.stat(self.path)
        except OSError:
            was_there = content.identity is not None
            if was_there:
                self._load()
            return was_there
        is_long = len(content.recent) > RECENT_MAX
        if _identity(status) != content.identity or is_long or status.st_size < content.bytes_read:
            self._load()
            return True
        start = content.bytes_read
        if status.st_size < start + RECORD_BYTES:
            return False
        data, _ = _read_from(self.path, start)
        records, _ = parse_records(data)
        for record in records:
            content.recent[record["key"].tobytes()] = record["digest"].tobytes()
        # Not by addition: another thread may have read the same.
        content.bytes_read = start + len(data) - len(data) % RECORD_BYTES
        return len(records) > 0

    def _load(self) -> None:
        # In this order: what is not noted any more was written before the file is read.
        pending = dict(self._pending.copy().values())
        data, identity = _read_from(self.path, 0)
        records, damaged = parse_records(data)
        content = _Content(_Table(_newest(records)), pending)
        content.bytes_read, content.identity = len(data) - len(data) % RECORD_BYTES, identity
        self._content = content
        if damaged or len(records) > 2 * len(content.table.records) + 1024:
            self._rewrite(content)

    def _rewrite(self, content: _Content) -> None:
        """Replaces the file by one without damage and repetitions, if that can be done."""
        part = self.path.with_name(f".{os.getpid()}-{secrets.token_hex(8)}{PART_SUFFIX}")
        records = content.table.records
        try:
            part.write_bytes(records.tobytes())
            os.replace(part, self.path)
            status = os.stat(self.path)
        except OSError:
            part.unlink(missing_ok=True)
            return
        content.bytes_read, content.identity = records.nbytes, _identity(status)


class _Table:
    """Records that are ordered by the first word of their keys, each key once; never changed."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.stored = int(records["digest"].any(axis=1).sum())
        self._first_words = np.ascontiguousarray(records["key"][:, 0])

    def get(self, hashed: bytes) -> bytes | None:
        if not len(self.records):
            return None
        first, second = np.frombuffer(hashed, "<u8")
        at = int(np.searchsorted(self._first_words, first))
        if at == len(self.records) or self._first_words[at] != first:
            return None
        record = self.records[at]
        return record["digest"].tobytes() if record["key"][1] == second else None


class _Content:
    """What is known of a file at a time: its table, and what was added to it behind that.

    It is replaced as a whole, so that whoever has it looks for keys in what was counted, and goes
    on reading where that ends. Digests of `recent` hold before those of `table`; of a state that
    cannot change, stored keys only come.

    Attributes:
        identity: which file it was read from; None if there was none.
        bytes_read: how far.
    """

    def __init__(self, table: _Table, recent: dict[bytes, bytes]) -> None:
        self.table = table
        self.recent = recent
        self.identity: tuple[int, int] | None = None
        self.bytes_read = 0
        self._stored_min = 0

    def take_note(
        self, status: os.stat_result, known: dict[bytes, bytes], written: int
    ) -> None:
        """Takes note of the file behind an append of `written` bytes.

        Where nothing but that came since it was read last, it need not be read again.

        Args:
            known: the digests that are known now of the keys that were appended.
        """
        if self.identity is None:
            self.bytes_read, self.identity = 0, _identity(status)
        is_next = status.st_size == self.bytes_read + written and not written % RECORD_BYTES
        if is_next and self.identity == _identity(status):
            # They may have been noted in the content before this one, while this one was loaded.
            self.recent.update(known)
            self.bytes_read = status.st_size

    def find(self, hashed: bytes) -> bytes | None:
        """The digest of a key's hash, or None."""
        recent = self.recent.get(hashed)
        return self.table.get(hashed) if recent is None else recent

    def count_stored(self) -> int:
        """How many keys have a chunk."""
        stored = self.table.stored
        for hashed, digest in self.recent.copy().items():
            before = self.table.get(hashed)
            stored += (digest != NOT_STORED) - (before is not None and before != NOT_STORED)
        return stored

    def has_stored(self, count: int) -> bool:
        """Whether at least so many keys have a chunk; counts them only if that is possible."""
        if self._stored_min >= count:
            return True
        if self.table.stored + len(self.recent) < count:
            return False
        self._stored_min = self.count_stored()
        return self._stored_min >= count


def encode_records(entries: list[tuple[bytes, bytes]]) -> bytes:
    """The bytes of records from pairs of a key's hash and a digest."""
    records = np.zeros(len(entries), _RECORD)
    words = np.frombuffer(b"".join(key + digest for key, digest in entries), "<u8").reshape(-1, 4)
    records["key"], records["digest"] = words[:, :2], words[:, 2:]
    records["check"] = _checks(records)
    return records.tobytes()


def parse_records(data: bytes) -> tuple[Records, bool]:
    """The good records in `data`, in order, and whether anything else was between them.

    An incomplete record at the end is no damage: its other half may be on its way.
    """
    records = _records_at(data, 0)
    good = records["check"] == _checks(records)
    if good.all():
        return records, False
    whole = int(np.argmin(good))
    rest = data[whole * RECORD_BYTES :]
    found: list[tuple[int, np.void]] = []
    for shift in range(RECORD_BYTES):
        shifted = _records_at(rest, shift)
        places = np.flatnonzero(shifted["check"] == _checks(shifted))
        found += [(shift + int(place) * RECORD_BYTES, shifted[place]) for place in places]
    found.sort(key=lambda entry: entry[0])
    rescued = np.array([record for _, record in found], _RECORD)
    return np.concatenate([records[:whole], rescued]), True


def _records_at(data: bytes, offset: int) -> Records:
    count = max(len(data) - offset, 0) // RECORD_BYTES
    return np.frombuffer(data, _RECORD, count, offset) if count else np.empty(0, _RECORD)


def _checks(records: Records) -> npt.NDArray[np.uint64]:
    """A 64-bit check of each record's four words: multiply, fold, and so on."""
    words = np.concatenate([records["key"], records["digest"]], axis=1)
    check = np.full(len(records), _SEED)
    for column in range(4):
        check = (check ^ words[:, column]) * _MULTIPLIER
        check ^= check >> np.uint64(31)
    return check


def _newest(records: Records) -> Records:
    """The last record of each key, ordered by the first word of the keys."""
    order = np.argsort(records["key"][:, 0], kind="stable")
    ordered = records[order]
    words = ordered["key"][:, 0]
    last = np.ones(len(ordered), bool)
    last[:-1] = words[1:] != words[:-1]
    return ordered[last]


def _read_from(path: Path, offset: int) -> tuple[bytes, tuple[int, int] | None]:
    """A file's bytes from `offset`, and which file it is; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            file.seek(offset)
            return file.read(), _identity(status)
    except OSError:
        return b"", None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
