"""How long what others got in the way of is tried again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from random import uniform
from time import monotonic, sleep
from typing import TypeVar

from hub.errors import Conflict

_Result = TypeVar("_Result")
_OVERTAKEN = "precondition_failed"
_ATTEMPTS_MIN = 10
_SECONDS = 60.0
_PAUSE_SECONDS = 0.02
_PAUSE_SECONDS_MAX = 1.0
_PAUSE_GROWTH = 1.5
_PAUSES_GROWING = 10
"""After so many the longest is reached: 0.02 s · 1.5¹⁰ is more than a second."""


def undisturbed(attempt: Callable[[], _Result], what: str) -> _Result:
    """What an attempt returns that looks at something, and changes it if it is still what it saw.

    Args:
        attempt: made again as long as the server says that others changed something meanwhile.
        what: what they changed, for the sentence that says so in the end.

    Raises:
        Conflict: others kept changing it.
    """
    for is_last in attempts():
        try:
            return attempt()
        except Conflict as error:
            if error.code != _OVERTAKEN:
                raise
            if is_last:
                raise Conflict(f"Others kept changing {what}.", where=error.where,
                               hint="Try again.") from error
    raise AssertionError("the last attempt returns or raises")


def attempts() -> Iterator[bool]:
    """Yields before each attempt whether it is the last; who is through asks for no more.

    There are as many as begin within a minute, but at least ten, so that a short one comes through
    beside those who never stop, and a long one is not repeated for ever. Between them are pauses
    of random lengths, the longest of which grow up to a second: those who got into each other's
    way try again at different moments.
    """
    begun = monotonic()
    for number in itertools.count(1):
        is_last = number >= _ATTEMPTS_MIN and monotonic() - begun > _SECONDS
        yield is_last
        if is_last:
            return
        longest = _PAUSE_SECONDS * _PAUSE_GROWTH ** min(number, _PAUSES_GROWING)
        sleep(uniform(0, min(longest, _PAUSE_SECONDS_MAX)))
