"""The codings that answers of HTTP are sent or were stored with, undone within a bound; pure.

None is asked for, but objects may have been put with one, and what stands between may use one.

Source: RFC 9110, section 8.4.1, "Content Codings", and RFC 8878 for `zstd`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from hub.compression import inflated, inflated_zlib, unpacked_zstd
from hub.errors import Unavailable

CONTENT_BYTES_MAX = 64 << 20
"""How long the content of an answer with a content coding may be, if nobody knows better: a few
kilobytes may be coded so that they become gigabytes."""

_DEFLATE_WINDOW_BITS = -15


def content_of(data: bytes, headers: Mapping[str, str], where: str, bytes_max: int) -> bytes:
    """The content of an answer's body, whose head says how it was coded, if it was.

    Raises:
        Unavailable: it was not coded so, or it would be longer than `bytes_max`.
    """
    codings = headers.get("Content-Encoding", "")
    if not codings or not data:
        return data
    try:
        return without_coding(data, codings, bytes_max)
    except ValueError as error:
        raise Unavailable(
            f"The answer's content coding cannot be undone: {error}.", where=where,
            hint="Something between may answer for the server: `hub doctor` looks.") from error


def without_coding(data: bytes, codings: str, bytes_max: int) -> bytes:
    """The content of a body.

    Args:
        data: the body as it came.
        codings: the value of `Content-Encoding`. From the first one on that is not known, the body
            is given as it is: people put objects with words of their own.
        bytes_max: how long what was coded may be.

    Raises:
        ValueError: it was not coded so, or it would be longer.
    """
    for name in reversed(codings.lower().split(",")):
        if name.strip() == "identity":
            continue
        undo = _CODINGS.get(name.strip())
        if undo is None:
            break
        try:
            data = bytes(undo(data, bytes_max))
        except (RuntimeError, zlib.error) as error:
            raise ValueError(str(error)) from error
    return data


def _inflated_either(data: bytes, bytes_max: int) -> bytes:
    """What `deflate` names: a zlib stream, though some send one without its frame."""
    try:
        return inflated_zlib(data, bytes_max)
    except zlib.error:
        inflater = zlib.decompressobj(_DEFLATE_WINDOW_BITS)
        content = inflater.decompress(data, bytes_max + 1)
        if len(content) > bytes_max or not inflater.eof:
            raise ValueError("the coded body is cut, or longer than it may be") from None
        return content


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "deflate": _inflated_either,
    "gzip": inflated,
    "x-gzip": inflated,
    "zstd": unpacked_zstd,
}
