"""Which failed requests may be sent again, and what of those that may be done is told; pure."""

from __future__ import annotations

from typing import Literal

from hub.errors import HubError, Unavailable
from hub.stream import Ended, Unopened

Repeat = Literal["safe", "unopened"]
"""When a request is repeated: whenever it failed, or only if no connection could be opened."""

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_FAILED = frozenset({500, 502, 504})
# With these the server says that it has done nothing, and that the same may be asked again.
_UNDONE = frozenset({"array_changing", "overloaded", "version_changing"})


def may_repeat(error: HubError, repeat: Repeat) -> bool:
    """Whether a request that failed so may be sent again."""
    if isinstance(error, Unopened) or error.code in _UNDONE:
        return True
    if repeat != "safe":
        return False
    return error.status in _BUSY or (isinstance(error, Unavailable) and error.status is None)


def is_closed_meanwhile(error: HubError, repeat: Repeat) -> bool:
    """Whether a request failed as its connection had been closed before, and may be sent again.

    That says nothing of the server, so it is no attempt that counts.

    Source: RFC 9112, section 9.3.1, "Retrying Requests".
    """
    return isinstance(error, Ended) and repeat == "safe"


def explained(error: HubError, repeat: Repeat) -> HubError:
    """The failure as it is told: one that may have done something says so."""
    if isinstance(error, Unopened):
        return Unavailable(error.what, where=error.where, hint=error.hint)
    if isinstance(error, Ended):
        error = Unavailable(error.what, where=error.where, hint=error.hint)
    if isinstance(error, Unavailable) and repeat != "safe" and _is_uncertain(error):
        error.is_uncertain = True
        error.hint = "It may have been done all the same: look before you repeat it."
    return error


def _is_uncertain(error: HubError) -> bool:
    """Whether no answer of the server's own says that it has done nothing.

    Statuses from 500 on without its word come from something between, which may have passed the
    request on.
    """
    if error.status is None or error.status in _FAILED:
        return True
    return error.status >= 500 and not error.code
