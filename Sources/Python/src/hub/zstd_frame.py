"""How many bytes Zstandard data makes, told from its frames without decompressing it; pure.

Source: RFC 8878, "Zstandard Compression and the application/zstd Media Type", section 3.1.
"""

from __future__ import annotations

_MAGIC = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_BLOCK_BYTES_MAX = 128 << 10
_DICTIONARY_ID_BYTES = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)
_RAW, _REPEATED, _COMPRESSED = range(3)


def content_bytes_max(data: memoryview) -> int:
    """The most bytes that all frames make together.

    A frame that does not say makes at most 128 KiB of each compressed block, so what is told of it
    is up to a block more than it makes, and much more only if it was written in tiny pieces.

    Raises:
        ValueError: it is no Zstandard data, or it is cut.
    """
    total = at = 0
    if not len(data):
        raise ValueError("there is no Zstandard frame")
    while at < len(data):
        magic = _number(data, at, 4)
        if magic in _SKIPPABLE:
            at += 8 + _number(data, at + 4, 4)
            continue
        if magic != _MAGIC:
            raise ValueError("this is no Zstandard frame")
        at, made = _frame(data, at + 4)
        total += made
    return total


def _frame(data: memoryview, at: int) -> tuple[int, int]:
    """Where a frame ends whose descriptor is at `at`, and the most bytes that it makes."""
    descriptor = _number(data, at, 1)
    is_single_segment = bool(descriptor & 0x20)
    size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(is_single_segment)
    at += 1 + (not is_single_segment) + _DICTIONARY_ID_BYTES[descriptor & 3]
    # A size of two bytes begins at 256, as less fits into one.
    stated = _number(data, at, size_bytes) + (256 if size_bytes == 2 else 0)
    at += size_bytes
    made, is_last = 0, False
    while not is_last:
        header = _number(data, at, 3)
        is_last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind > _COMPRESSED:
            raise ValueError("a block of this Zstandard frame is of no known kind")
        at += 3 + (1 if kind == _REPEATED else size)
        made += size if kind in (_RAW, _REPEATED) else _BLOCK_BYTES_MAX
    at += 4 if descriptor & 4 else 0
    if at > len(data):
        raise ValueError("the Zstandard frame is cut")
    # What is stated is what decompressors make room for, whatever the blocks make.
    return at, stated if size_bytes else made


def _number(data: memoryview, at: int, count: int) -> int:
    if at + count > len(data):
        raise ValueError("the Zstandard frame is cut")
    return int.from_bytes(data[at : at + count], "little")
