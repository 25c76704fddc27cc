"""Private forks that become part of their version as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from hub.arrays import Array
from hub.client import Client
from hub.description import Description
from hub.errors import Conflict, HubError, NotFound
from hub.reference import Reference
from hub.version import Commit, Difference
from hub.version_requests import CommitUnknown


class Draft(Array):
    """An array in a draft: it is read and written like any other, and seen by nobody else.

    Attributes:
        message: of the commit that the end of a `with` block makes.
    """

    message = ""
    _base: Reference | None = None
    _opened = ""
    _committed: Callable[[], Any] | None = None
    _is_open = True

    @classmethod
    def of(
        cls, client: Client, base: Description, message: str, committed: Callable[[], Any]
    ) -> Self:
        """Makes a draft of the version that an array is in.

        Args:
            committed: called after a commit.
        """
        document = client.create_draft(base.reference.version)
        reference = replace(
            Reference.parse(document["reference"]), member=base.reference.member)
        draft = cls(client, client.describe(reference))
        draft.message = message
        draft._base = base.reference
        draft._opened = document["opened"]
        draft._committed = committed
        return draft

    def commit(self, message: str = "") -> Commit:
        """Makes all of it part of the version at once, which ends the draft.

        What others changed there meanwhile stays.

        Raises:
            Conflict: both changed the same chunks, see `conflicts` and `changes`; the draft stays
                as it is.
            Unavailable: the answer was lost. With `is_uncertain` it may be committed or not, and
                can be committed again if it is there; else it is, and `history` has the commit.
        """
        try:
            document = self.client.commit(
                self.reference.version, message or self.message, self._opened)
        except Conflict as conflict:
            conflict.changes = self._changes_of_others(set(conflict.conflicts))
            raise
        except CommitUnknown:
            self._ended()
            raise
        self._ended()
        return Commit.from_document(document)

    def _ended(self) -> None:
        """Notes that it is committed."""
        self._is_open = False
        if self._committed is not None:
            self._committed()

    def _changes_of_others(self, keys: set[str]) -> list[Difference]:
        """What the version holds now under some keys, against what the draft holds."""
        if self._base is None or not keys:
            return []
        try:
            documents = self.client.diff(self.reference.version, self._base.version)
            differences = map(Difference.from_document, documents)
            return [one for one in differences if one.key in keys]
        except HubError:
            # It is the conflict that has to be told.
            return []

    def discard(self) -> None:
        """Throws it away."""
        self._is_open = False
        self.client.discard_draft(self.reference.version)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_open:
            return
        if error is None:
            self.commit()
            return
        try:
            self.discard()
        except NotFound:
            # It is what was wanted; the exception that ended the block is to be seen.
            pass

    def __getstate__(self) -> dict[str, Any]:
        # The way back to the array it was made of stays in its process.
        return self.__dict__ | {"_committed": None}
