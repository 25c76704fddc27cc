"""What the server's entity tags say of an object's bytes; pure.

An object that was put in one piece has the hexadecimal digits of its MD5. The tags of others, and of
what the server decodes, have a minus behind digits, and more.

Source: Amazon S3 API Reference, "Object", `ETag`.
"""

from __future__ import annotations

import hashlib
import re

_FORM = re.compile(r'"[0-9a-f]{32}(-[0-9a-z.-]+)?"')

ETAG_BYTES_MAX = 84
"""No tag of this server is longer, with its quotation marks."""

COMPARED_BYTES_MAX = 64 << 10
"""What a proxy answers in the server's place is a page of less. More is not compared while it is
read: MD5 takes 1.4 ms of a core for 1 MiB, longer than all the rest (2026-11)."""


def is_known(etag: str) -> bool:
    """Whether a tag, with its quotation marks, has the form of this server's."""
    return len(etag) <= ETAG_BYTES_MAX and _FORM.fullmatch(etag) is not None


def contradicts(
    etag: str, data: bytes | memoryview, bytes_max: int | None = COMPARED_BYTES_MAX
) -> bool:
    """Whether bytes are not those that a tag names, as far as it says.

    Args:
        bytes_max: more bytes are not compared; all are if None.
    """
    if not is_known(etag) or "-" in etag or (bytes_max is not None and len(data) > bytes_max):
        return False
    return hashlib.md5(data, usedforsecurity=False).hexdigest() != etag.strip('"')
