"""Turns what the server refuses into exceptions: problem documents, and S3's errors in XML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hub.errors import (
    Conflict,
    Denied,
    HubError,
    IntegrityError,
    Invalid,
    NotFound,
    OutOfRange,
    Unavailable,
)

_INTEGRITY = {"chunk_corrupt", "storage_corrupt", "body_digest_mismatch"}
_OUT_OF_RANGE = {"index_out_of_range"}
_CLOCK = {"clock_skewed", "RequestTimeTooSkewed"}
_WHO = {"unauthenticated", "InvalidAccessKeyId", "SignatureDoesNotMatch", "signature_mismatch"}
_SEALED = {"version_sealed"}


def refusal(where: str, status: int, headers: Mapping[str, str], body: bytes) -> HubError:
    """The exception that an answer with a status from 400 on stands for.

    Args:
        where: the request, as in `HubError.where`.
        status: the HTTP status.
        headers: the answer's headers.
        body: the whole answer.
    """
    document = _document(body)
    code = str(document.get("code", ""))
    what = str(document.get("detail") or "").strip() or f"The server answered {status}."
    kind = _kind(status, code)
    if kind is NotFound and not code and not where.startswith("HEAD "):
        # A Nave server says what is not there; the answers to HEAD alone have no room for that.
        # To take it for a missing chunk would be to read zeros.
        kind = Unavailable
    error = kind(
        what,
        where=where,
        request_id=headers.get("x-amz-request-id"),
        hint=_hint(kind, status, code, document),
        code=code,
        status=status,
    )
    if isinstance(error, NotFound):
        error.suggestions = _texts(document, "tags")
    if isinstance(error, Conflict):
        error.conflicts = _texts(document, "conflicts")
    return error


def _document(body: bytes) -> dict[str, Any]:
    """The members of a problem document, or what an S3 error has of them."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _s3_members(body.decode(errors="replace"))
    return document if isinstance(document, dict) else {}


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A member that is a list of texts; nothing if it is none."""
    found = document.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _s3_members(text: str) -> dict[str, Any]:
    members = {"code": "Code", "detail": "Message"}
    found = {ours: re.search(f"<{theirs}>(.*?)</{theirs}>", text, re.DOTALL)
             for ours, theirs in members.items()}
    return {name: match[1] for name, match in found.items() if match}


def _kind(status: int, code: str) -> type[HubError]:
    if code in _INTEGRITY:
        return IntegrityError
    if code in _OUT_OF_RANGE:
        return OutOfRange
    if status in (401, 403) or code in _WHO | _CLOCK:
        return Denied
    kinds: dict[int, type[HubError]] = {
        404: NotFound, 409: Conflict, 412: Conflict, 408: Unavailable, 429: Unavailable,
    }
    if status in kinds:
        return kinds[status]
    return Unavailable if status >= 500 else Invalid


def _hint(
    kind: type[HubError], status: int, code: str, document: Mapping[str, Any]
) -> str:
    if code in _CLOCK:
        return "Set this machine's clock: signatures hold for minutes only."
    if code in _SEALED:
        return ""
    if kind is Denied:
        return "Check the keys and what they may do: `hub doctor` tells where they came from."
    if kind is IntegrityError:
        return "Tell the server's administrator, who can look into it with `nave check`."
    if kind is Conflict and (conflicts := _texts(document, "conflicts")):
        first = ", ".join(conflicts[:3])
        return f"Changed by both: {first}{', …' if len(conflicts) > 3 else ''}."
    if code == "out_of_space":
        return "Nothing was written; free space on the server's disk."
    if kind is Unavailable and status == 404:
        return "No Nave server answers so: something between may have. `hub doctor` looks."
    if kind is Unavailable:
        return "Try again later."
    return ""
