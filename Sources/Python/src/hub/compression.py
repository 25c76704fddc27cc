"""The codecs that make bytes of bytes, each undone within a bound that the caller knows.

Stored bytes and stored metadata may be anybody's. So a name chooses among the functions here, never
in a registry that others add to; of a codec's options none but those named here is looked at; and
nothing is decompressed to more than the chunk can have, however little was stored.

Source: Zarr core specification v3, "Codecs", the specifications of the codecs, and numcodecs.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import google_crc32c
import numpy as np

from hub.zstd_frame import content_bytes_max

Step = Callable[[Any, int], Any]
"""Undoes one codec: the stored bytes, and how many may come out at most.

It raises `ValueError`, or what the codec's library raises, for what cannot be undone, and for more.
"""

Options = Mapping[str, Any]

_GZIP_WINDOW_BITS, _ZLIB_WINDOW_BITS = 31, 15
_LZMA_MEMORY_BYTES_MAX = 1 << 30
_ZSTD_SLACK_BYTES = 1 << 20
"""By so much, and by as much again as is allowed, too much may be told of frames that state no size:
what they make is looked at when it is there."""


def step_of(name: str, options: Options, element_bytes: int) -> Step | None:
    """How a codec is undone, or None if it is none of those that make bytes of bytes here.

    Args:
        name: the codec as `zarr.json` names it.
        options: its configuration there.
        element_bytes: the size of the array's elements.

    Raises:
        TypeError, ValueError: the options are none of this codec.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _WITH_OPTIONS:
        return _WITH_OPTIONS[name](options, element_bytes)
    return None


class TooLong(ValueError):
    """More bytes would come out than can be meant."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"it decompresses to more than {bytes_max} bytes")


class _Decompressor(Protocol):
    """What `bz2` and `lzma` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: Any, max_length: int = ...) -> bytes: ...


def inflated(data: Any, bytes_max: int) -> bytes:
    """The content of gzip members, one behind the other.

    Source: RFC 1952.

    Raises:
        TooLong: it has more than `bytes_max` bytes.
        ValueError, zlib.error: it is no gzip, or it is cut.
    """
    return _inflated(data, bytes_max, _GZIP_WINDOW_BITS)


def inflated_zlib(data: Any, bytes_max: int) -> bytes:
    """The content of a zlib stream; as `inflated`. Source: RFC 1950."""
    return _inflated(data, bytes_max, _ZLIB_WINDOW_BITS)


def _inflated(data: Any, bytes_max: int, window_bits: int) -> bytes:
    pieces: list[bytes] = []
    while True:
        inflater = zlib.decompressobj(window_bits)
        pieces.append(inflater.decompress(data, bytes_max + 1))
        bytes_max -= len(pieces[-1])
        if bytes_max < 0:
            raise TooLong(sum(map(len, pieces)) - 1)
        if not inflater.eof:
            raise ValueError("the compressed data is cut")
        # Zeros may follow a member, and another member; nothing does of zlib's.
        data = inflater.unused_data.lstrip(b"\0")
        if not data or window_bits != _GZIP_WINDOW_BITS:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decompressed(data: Any, bytes_max: int, start: Callable[[], _Decompressor]) -> bytes:
    """The content of streams, one behind the other; what follows and is none is left out."""
    pieces: list[bytes] = []
    while True:
        decompressor = start()
        try:
            pieces.append(decompressor.decompress(data, bytes_max + 1))
        except (OSError, lzma.LZMAError):
            if not pieces:
                raise
            break
        bytes_max -= len(pieces[-1])
        if bytes_max < 0:
            raise TooLong(sum(map(len, pieces)) - 1)
        if not decompressor.eof:
            raise ValueError("the compressed data is cut")
        data = decompressor.unused_data
        if not data:
            break
    return b"".join(pieces)


def _bz2(data: Any, bytes_max: int) -> bytes:
    return _decompressed(data, bytes_max, bz2.BZ2Decompressor)


def _lzma(options: Options, _: int) -> Step:
    form, filters = int(options.get("format", lzma.FORMAT_XZ)), options.get("filters")
    limit = None if form == lzma.FORMAT_RAW else _LZMA_MEMORY_BYTES_MAX

    def start() -> lzma.LZMADecompressor:
        chain = filters if form == lzma.FORMAT_RAW else None
        return lzma.LZMADecompressor(form, limit, chain)

    return lambda data, bytes_max: _decompressed(data, bytes_max, start)


def _blosc(data: Any, bytes_max: int) -> Any:
    from numcodecs import blosc  # type: ignore[import-untyped]

    # c-blosc trusts the lengths in the frame's header.
    if len(data) < 16 or int.from_bytes(data[12:16], "little") != len(data):
        raise ValueError("the Blosc frame is cut")
    content_bytes = int.from_bytes(data[4:8], "little")
    if content_bytes > bytes_max:
        raise TooLong(bytes_max)
    result = np.empty(content_bytes, np.uint8)
    blosc.decompress(data, result)
    return result


def unpacked_zstd(data: Any, bytes_max: int) -> Any:
    """The content of Zstandard frames, one behind the other.

    Raises:
        TooLong: it has more than `bytes_max` bytes.
        RuntimeError, ValueError: it is no such data, or it is cut.
    """
    from numcodecs import zstd

    content_bytes = content_bytes_max(memoryview(data))
    if content_bytes > 2 * bytes_max + _ZSTD_SLACK_BYTES:
        raise TooLong(bytes_max)
    content = zstd.decompress(data)
    if len(content) > bytes_max:
        raise TooLong(bytes_max)
    return content


def _lz4(data: Any, bytes_max: int) -> Any:
    from numcodecs import lz4

    # numcodecs writes the length of the content before the block, as a signed number.
    if len(data) < 4 or data[3] >= 0x80:
        raise ValueError("the LZ4 block has no length")
    if int.from_bytes(data[:4], "little") > bytes_max:
        raise TooLong(bytes_max)
    return lz4.decompress(data)


def _shuffle(options: Options, element_bytes: int) -> Step:
    from numcodecs import Shuffle

    size = options.get("elementsize")
    codec = Shuffle(elementsize=element_bytes if size is None else int(size))
    return lambda data, _: bytes(codec.decode(data))


def _checksum(class_name: str, *known: str) -> Callable[[Options, int], Step]:
    def step(options: Options, _: int) -> Step:
        import numcodecs

        taken = {name: options[name] for name in known if name in options}
        codec = getattr(numcodecs, class_name)(**taken)
        return lambda data, _: bytes(codec.decode(data))

    return step


def _crc32c(data: Any, _: int) -> bytes:
    payload, checksum = bytes(data[:-4]), int.from_bytes(data[-4:], "little")
    if google_crc32c.value(payload) != checksum:
        raise ValueError("its CRC-32C is another")
    return payload


_PLAIN: dict[str, Step] = {
    "blosc": _blosc,
    "crc32c": _crc32c,
    "gzip": inflated,
    "zstd": unpacked_zstd,
    "numcodecs.blosc": _blosc,
    "numcodecs.bz2": _bz2,
    "numcodecs.gzip": inflated,
    "numcodecs.lz4": _lz4,
    "numcodecs.zlib": inflated_zlib,
    "numcodecs.zstd": unpacked_zstd,
}

_WITH_OPTIONS: dict[str, Callable[[Options, int], Step]] = {
    "numcodecs.adler32": _checksum("Adler32", "location"),
    "numcodecs.crc32": _checksum("CRC32", "location"),
    "numcodecs.crc32c": _checksum("CRC32C", "location"),
    "numcodecs.fletcher32": _checksum("Fletcher32"),
    "numcodecs.jenkins_lookup3": _checksum("JenkinsLookup3", "initval"),
    "numcodecs.lzma": _lzma,
    "numcodecs.shuffle": _shuffle,
}
