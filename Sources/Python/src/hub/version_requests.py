"""The requests about versions, commits, drafts and changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from hub.errors import HubError, NotFound, Unavailable
from hub.reference import Reference
from hub.requester import Document, Members, Requester
from hub.stream import Stream


VERSION_MEMBERS: Members = (
    "reference", "digest", "changed_since", "opened", "sealed", "retained_commits")
"""What every description of a version or draft has."""
COMMIT_MEMBERS: Members = (
    "reference", "digest", "tag", "parent", "author", "message", "time", "keys", "bytes",
    "content_hash")
"""What every description of a commit has."""


class CommitUnknown(Unavailable):
    """A draft is committed, but the answer was lost, and more than one commit may be its."""


class VersionRequests(Requester):
    """Requests of the client that are about versions; the answers are the server's documents.

    All raise `NotFound`, `Denied`, `Conflict` and `Unavailable` as the server's answers have it.
    """

    def versions(self, reference: Reference) -> list[Document]:
        """All versions of a name, at most 1000; the reference's tag is passed over."""
        path = f"/v1/versions/{reference.line_path}"
        found: list[Document] = self.document(
            "GET", path, reference, members=("versions[]",))["versions"]
        return found

    def version(self, reference: Reference) -> Document:
        """How one version stands: `digest`, `changed_since`, `sealed`, `bytes`, …"""
        path = f"/v1/versions/{reference.version.path}"
        return self.document("GET", path, reference, members=VERSION_MEMBERS)

    def fork(self, source: Reference | str, target: Reference) -> Document:
        """Makes a version of another one, a commit, or a folder of plain keys (`a/b/`)."""
        text = source if isinstance(source, str) else _source(source, target)
        about = None if isinstance(source, str) else source
        return self.document(
            "PUT", f"/v1/versions/{target.version.path}", about, body={"from": text},
            repeat="unopened", members=VERSION_MEMBERS)

    def change_version(self, reference: Reference, **change: Any) -> Document:
        """Changes one of `sealed` (with a `message`), `tag`, `retained_commits`.

        Only to seal is repeated where the answer was lost. Otherwise a repetition might undo what
        others did meanwhile.
        """
        path = f"/v1/versions/{reference.version.path}"
        if "tag" in change:
            return self.document(
                "PATCH", path, reference, body=change, repeat="unopened", members=VERSION_MEMBERS)
        if change.get("sealed"):
            return self.document(
                "PATCH", path, reference, body=change, repeat="safe", members=VERSION_MEMBERS)
        return self.document_once(
            "PATCH", path, reference, change, VERSION_MEMBERS, lambda: self.version(reference),
            lambda found: _is_as_asked(found, change))

    def rename_versions(self, reference: Reference, name: str) -> Document:
        """Gives all versions of a name another name."""
        return self.document(
            "PATCH", f"/v1/versions/{reference.line_path}", reference, body={"name": name},
            members=("name", "versions[]"))

    def delete_version(self, reference: Reference) -> None:
        """Deletes a version with the commits that nothing else goes on from."""
        self.remove(f"/v1/versions/{reference.version.path}", reference)

    def commit(self, reference: Reference, message: str = "", opened: str = "") -> Document:
        """Commits a version, or a draft into its version; the manifest of the newest commit.

        Args:
            opened: when the draft was made, as its document says; asked for if not given.

        Raises:
            CommitUnknown: the draft is committed, but the answer was lost.
        """
        path, body = f"/v1/commits/{reference.version.path}", {"message": message}
        if not reference.is_draft:
            # To commit a version again does nothing.
            return self.document(
                "POST", path, reference, body=body, repeat="safe", members=COMMIT_MEMBERS)
        opened = opened or str(self.version(reference)["opened"])
        try:
            return self.document(
                "POST", path, reference, body=body, repeat="unopened", members=COMMIT_MEMBERS)
        except Unavailable as error:
            if not error.is_uncertain or not self._is_gone(reference):
                raise
            return self._commit_of_gone(reference, message, opened, error)

    def _is_gone(self, reference: Reference) -> bool:
        try:
            self.version(reference)
        except NotFound:
            return True
        except HubError:
            return False
        return False

    def _commit_of_gone(
        self, draft: Reference, message: str, opened: str, lost: Unavailable
    ) -> Document:
        """The commit of a draft that is gone, by what is known of it: its message and its time."""
        version = draft.tagged(str(draft.tag).rpartition(".draft-")[0])
        since = datetime.fromisoformat(opened)
        try:
            newer = itertools.takewhile(
                lambda one: datetime.fromisoformat(one["time"]) >= since, self.history(version))
            found = [one for one in newer if one["message"] == message]
        except HubError:
            raise lost from lost.__cause__
        if not found:
            raise lost from lost.__cause__
        if len(found) > 1:
            raise CommitUnknown(
                f"{draft} is committed, but which commit of {version} is its cannot be told,"
                " because the answer was lost.", where=lost.where,
                hint=f'{len(found)} have the message "{message}" and were made meanwhile:'
                     " look at the history.")
        return found[0]

    def manifest(self, reference: Reference) -> Document:
        """What is known of a commit."""
        path = f"/v1/commits/{reference.version.path}"
        return self.document("GET", path, reference, members=COMMIT_MEMBERS)

    def forget(self, reference: Reference) -> None:
        """Keeps a commit no longer."""
        self.remove(f"/v1/commits/{reference.version.path}", reference)

    def history(self, reference: Reference, limit: int | None = None) -> Iterator[Document]:
        """The commits of a version, or those that a commit goes back to, the newest first."""
        path = f"/v1/history/{reference.version.path}"
        return self.pages(path, "commits", reference, limit=limit)

    def rollback(self, reference: Reference, digest: str, content_hash: str = "") -> Document:
        """Makes a version what was committed; what was not is lost.

        It is sent once: a repetition might undo what others wrote meanwhile.

        Args:
            content_hash: of what the version is to hold before, if that is known.

        Raises:
            Conflict: it holds something else.
        """
        path = f"/v1/rollbacks/{reference.version.path}"
        return self.document_once(
            "POST", path, reference, {"to": digest}, VERSION_MEMBERS,
            lambda: self.version(reference),
            lambda found: found.get("digest") == digest and found.get("changed_since") is False,
            f'"{content_hash}"' if content_hash else "")

    def diff(
        self, reference: Reference, other: Reference, limit: int | None = None
    ) -> Iterator[Document]:
        """The keys that differ from one version or commit towards another."""
        path = f"/v1/diff/{reference.version.path}"
        query = [("to", _source(other, reference))]
        return self.pages(path, "changes", reference, query, limit)

    def create_draft(self, reference: Reference) -> Document:
        """Makes a private fork of a version.

        Repeated where no answer came: a draft too many is seen by nobody, and goes after a week.
        """
        path = f"/v1/drafts/{reference.version.path}"
        return self.document("POST", path, reference, repeat="safe", members=VERSION_MEMBERS)

    def discard_draft(self, reference: Reference) -> None:
        """Throws a draft away."""
        self.remove(f"/v1/drafts/{reference.version.path}", reference)

    def drafts(self, reference: Reference) -> list[Document]:
        """All drafts of a name, at most 1000."""
        path = f"/v1/drafts/{reference.line_path}"
        found: list[Document] = self.document(
            "GET", path, reference, members=("drafts[]",))["drafts"]
        return found

    @contextmanager
    def open_changes(
        self, namespace: str, prefix: str = "", after: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[Stream]:
        """Opens the stream of a namespace's events, as server-sent events.

        Args:
            timeout_seconds: how long the server may be silent.

        Raises:
            Invalid: what answers is no such stream.
        """
        query = [("prefix", prefix)] if prefix else []
        query += [("after", str(after))] if after is not None else []
        path = f"/v1/changes/{quote(namespace, safe='~')}"
        with self.transport.stream("GET", path, query, timeout_seconds=timeout_seconds) as stream:
            if not stream.headers.get("content-type", "").startswith("text/event-stream"):
                raise self.no_nave("no stream of events", f"GET {path}")
            yield stream


def _is_as_asked(version: Document, change: Mapping[str, Any]) -> bool:
    """Whether a version is open, or keeps as many commits, as a change of it wanted."""
    if "sealed" in change:
        return version.get("sealed", "") is None
    return bool(version.get("retained_commits", "") == change.get("retained_commits"))


def _source(other: Reference, towards: Reference) -> str:
    """Another version as the API names it beside a version: `v0`, `name:v0` or `sha256:…`."""
    if other.digest:
        return other.digest if other.line == towards.line else str(other).partition("/")[2]
    tag = str(other.tag)
    return tag if other.line == towards.line else f"{other.name}:{tag}"
