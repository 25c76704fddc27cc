"""What an array can do as a version: commits, forks, seals, drafts and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Self

from hub.change_stream import ChangeStream
from hub.client import Client
from hub.contention import undisturbed
from hub.description import Description
from hub.errors import Invalid, NotFound
from hub.reference import Reference
from hub.version import Commit, Difference, Version

if TYPE_CHECKING:
    from hub.draft import Draft


class Versioned:
    """The verbs of versions for an array.

    A version is everything under `namespace/name:tag`, so of an array that is a member of one they
    are about all of it. Arrays of plain keys are in no version until they are forked.
    """

    client: Client
    description: Description

    def __init__(self, client: Client, description: Description) -> None:
        raise NotImplementedError

    def refresh(self) -> Self:
        raise NotImplementedError

    @property
    def version(self) -> Version:
        """How the version stands now.

        Raises:
            NotFound: the array is in no version.
            Invalid: it is a commit.
        """
        return Version.from_document(self.client.version(self._tagged()))

    @property
    def digest(self) -> str | None:
        """The digest under which exactly this can be loaded, or `None` if it is not committed."""
        if self.description.reference.digest is not None:
            return self.description.reference.digest
        try:
            version = self.version
        except NotFound:
            return None
        return None if version.changed_since else version.digest

    @property
    def is_sealed(self) -> bool:
        """Whether nothing can be written to it: it is a commit, or a sealed version."""
        if self.description.reference.is_immutable:
            return True
        try:
            return self.version.is_sealed
        except NotFound:
            return False

    def commit(self, message: str = "") -> Commit:
        """Keeps what the version holds now under a digest; takes a moment, whatever its size.

        Returns:
            The new commit, or the newest one if nothing changed since.
        """
        return Commit.from_document(self.client.commit(self._tagged(), message))

    def fork(self, target: str | Reference) -> Self:
        """Makes a version that begins as this one and goes its own way; copies nothing.

        Args:
            target: a tag, or `namespace/name:tag` in the same namespace.

        Returns:
            The array in the new version.

        Raises:
            Conflict: there is such a version already.
        """
        reference = self._target(target)
        ours = self.description.reference
        if reference.namespace != ours.namespace:
            raise Invalid(f"A fork stays in its namespace: {reference.namespace} is not"
                          f" {ours.namespace}.", hint="Copy it with hub.mirror.")
        prefix = self.description.key_prefix
        is_plain = prefix is not None and not prefix.startswith(f"{ours.name}:{ours.tag}/")
        self.client.fork(str(prefix) if is_plain else ours, reference.version)
        return type(self)(self.client, self.client.describe(reference))

    def seal(self, message: str = "") -> Version:
        """Commits what is new and lets nobody write to the version any more."""
        change = {"message": message} if message else {}
        return Version.from_document(
            self.client.change_version(self._tagged(), sealed=True, **change))

    def unseal(self) -> Version:
        """Lets the version be written to again, which takes the right to administer."""
        return Version.from_document(self.client.change_version(self._tagged(), sealed=False))

    def retag(self, tag: str) -> None:
        """Gives the version another tag; this array is of the new one from then on."""
        self.client.change_version(self._tagged(), tag=tag)
        reference = self.description.reference.tagged(tag)
        self.description = self.client.describe(reference)

    def retain(self, commits: int | None) -> Version:
        """Keeps so many of the newest commits; `None` keeps all."""
        return Version.from_document(
            self.client.change_version(self._tagged(), retained_commits=commits))

    def history(self, limit: int | None = None) -> list[Commit]:
        """The commits, the newest first; of a commit, those that it goes back to."""
        documents = self.client.history(self.description.reference.version, limit)
        return [Commit.from_document(document) for document in documents]

    def diff(self, other: str | Reference, limit: int | None = None) -> list[Difference]:
        """What changed from another version or commit to this one.

        Args:
            other: a tag, a digest, a commit's or a version's reference in the same namespace.
            limit: return at most so many.

        Raises:
            NotFound: there is no such version.
        """
        return list(islice(self.iterate_diff(other), limit))

    def iterate_diff(self, other: str | Reference) -> Iterator[Difference]:
        """The same as `diff`, page by page, for versions that differ in very many chunks."""
        base = self._target(other).version
        documents = self.client.diff(base, self.description.reference.version)
        return map(Difference.from_document, documents)

    def rollback(self, to: str | Commit | None = None) -> None:
        """Makes the version what was committed; what was not is lost.

        Args:
            to: a digest or commit; the newest commit if not given, of a moment in which nobody else
                changes what the version holds. A commit that others make of the same contents
                meanwhile is left behind, and is found by its digest.

        Raises:
            Conflict: others kept changing the version, and no commit was given.
            NotFound: there is no such commit.
            Unavailable: with `is_uncertain` it may have been done, but the version is something
                else now; it is not repeated, as that might undo what others wrote meanwhile.
        """
        if to is None:
            undisturbed(self._undo, f"{self._tagged().version} while it was to go back")
        else:
            digest = to.digest if isinstance(to, Commit) else to
            self.client.rollback(self._tagged(), digest)
        self.refresh()

    def _undo(self) -> None:
        """Goes back to the newest commit, if the version is what it was when that was asked for."""
        version = self.version
        if version.digest is None:
            raise NotFound(f"{self.description.reference} has no commit to go back to.")
        self.client.rollback(self._tagged(), version.digest, version.content_hash)

    def draft(self, message: str = "") -> Draft:
        """Makes a private fork whose changes become part of the version all at once.

            with a.draft("new scans") as d:
                d[0:10] = scans
                d.attrs["reviewed"] = True

        At the end of the block it is committed, or discarded if an exception ends it.

        Args:
            message: of the commit.

        Raises:
            Conflict: at the commit, if both changed the same chunks; `conflicts` says which.
        """
        from hub.draft import Draft

        return Draft.of(self.client, self.description, message, self.refresh)

    def changes(
        self, after: int | None = None, timeout_seconds: float | None = None
    ) -> ChangeStream:
        """An iterator of what happens to this version from now on, or after an event's number.

        Args:
            timeout_seconds: end when nothing happened for so long; wait for ever if not given.
        """
        reference = self.description.reference
        return ChangeStream(
            self.client, reference.namespace, reference.name, reference.tag, after, timeout_seconds)

    def _tagged(self) -> Reference:
        """The version that this array is in.

        Raises:
            Invalid: it is a commit.
        """
        reference = self.description.reference
        if reference.tag is None:
            raise Invalid(f"{reference} is a commit, which never changes.",
                          hint='Make a version of it: a.fork("v2").')
        return reference.version

    def _target(self, other: str | Reference) -> Reference:
        """Another version: a tag or digest of this name, or a whole reference."""
        ours = self.description.reference
        if not isinstance(other, str) or "/" in other or "@" in other:
            return Reference.parse(other)
        if other.startswith("sha256:"):
            return ours.at(other)
        if ":" in other:
            return Reference.parse(f"{ours.namespace}/{other}")
        return ours.tagged(other)
