"""What goes wrong, as exceptions that say what, where, the request and what to do.

Every class is also one of Python's own (`LookupError`, `ValueError`, …), so code that knows nothing
of this package can handle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.printable import one_line


class HubError(Exception):
    """What all exceptions of this package have in common.

    Attributes:
        what: the sentence that says what went wrong.
        where: the request, such as `GET http://host:9000/v1/arrays/test/x:v1`, or place; or empty.
        request_id: the server's name for the request, to be found in its log; `None` if none came.
        hint: what to do about it; may be empty.
        code: the server's word for the failure, such as `array_missing`; may be empty.
        status: the HTTP status, or `None` if no answer came.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        request_id: str | None = None,
        hint: str = "",
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.request_id = request_id
        self.hint = hint
        self.code = code
        self.status = status

    def __str__(self) -> str:
        # Servers and libraries, whose words these may be, leave blanks and line breaks at the ends.
        text = f"{self.what.strip()} {self.hint.strip()}".strip()
        details = [self.where] if self.where else []
        if self.status is not None:
            details.append(f"{self.status} {self.code}".rstrip())
        if self.request_id:
            details.append(f"request {self.request_id}")
        # What the server and others say may hold what a terminal obeys; `what` is as it was said.
        return one_line(f"{text} [{'; '.join(details)}]" if details else text)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions travel from worker processes; the default would lose the keywords.
        return _restored, (type(self), self.what), self.__dict__


def _restored(kind: type[HubError], what: str) -> HubError:
    error = kind.__new__(kind, what)
    error.what = what
    return error


class NotFound(HubError, LookupError):
    """There is no such array, version, commit or namespace.

    Attributes:
        suggestions: references that exist and may have been meant.
    """

    suggestions: Sequence[str] = ()


class Denied(HubError, PermissionError):
    """The keys are missing, wrong or not allowed to do this, or the version is sealed."""

    def __str__(self) -> str:
        # PermissionError has a spelling of its own, made of errno and file name.
        return HubError.__str__(self)


class Conflict(HubError):
    """Somebody else's change, or what is there already, stands against this one.

    Attributes:
        conflicts: the keys that both sides changed; empty if it is not about keys.
        changes: for the commit of a draft, a `hub.Difference` for each of those keys: what the
            others did there, as seen from the draft, and which box of which array that is.
    """

    conflicts: Sequence[str] = ()
    changes: Sequence[Any] = ()


class Invalid(HubError, ValueError):
    """The arguments are wrong: a name, shape, dtype, index or selection."""


class OutOfRange(Invalid, IndexError):
    """An index is not within its axis."""


class Unsupported(Invalid, TypeError):
    """Arrays in memory can do it, and those on the server cannot; the hint says what to write."""


class Unavailable(HubError, ConnectionError):
    """No complete answer of the server came: it is not there, is overloaded, the connection broke,
    or something between answered in its place.

    Attributes:
        is_uncertain: whether what was asked for may have been done all the same, and would not be
            repeated without harm; so look before you repeat it.
    """

    is_uncertain: bool = False

    def __str__(self) -> str:
        return HubError.__str__(self)


class Offline(Unavailable):
    """Something is not in the local cache, and no request may be made."""


class IntegrityError(HubError, OSError):
    """Stored bytes are not what they should be, on the server or in the local cache."""

    def __str__(self) -> str:
        return HubError.__str__(self)
