"""Versions, commits and what differs between them, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, Self

from hub.client import current_client
from hub.keywords import check_keywords
from hub.printable import printable
from hub.reference import Reference
from hub.understanding import extents, member, understood

_SHOWN_MAX = 60
"""How many letters of a message are shown in a line."""


@dataclass(frozen=True, slots=True)
class Version:
    """How a version, or a draft of one, stands at one moment.

    Attributes:
        reference: `namespace/name:tag`.
        digest: the newest commit, or `None` if there is none.
        changed_since: whether it holds something that is not committed.
        opened: since when it is there.
        sealed: since when nothing can be written to it, or `None` if it can.
        retained_commits: how many of the newest commits are kept, or `None` for all.
        keys, bytes: how many objects it holds, and what they take as they are stored.
        content_hash: equal for versions with the same keys and bytes, on any server.
        expires: when a draft is discarded by itself; `None` for versions.
    """

    reference: Reference
    digest: str | None
    changed_since: bool
    opened: datetime
    sealed: datetime | None
    retained_commits: int | None
    keys: int
    bytes: int
    content_hash: str
    expires: datetime | None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what the API says of a version.

        Raises:
            Invalid: it is no description of one, as of a server that is no Nave.
        """
        with understood("a version"):
            return cls(
                reference=Reference.parse(document["reference"]),
                digest=member(document, "digest", (str, NoneType), ...),
                changed_since=member(document, "changed_since", bool, ...),
                opened=datetime.fromisoformat(document["opened"]),
                sealed=_time(document["sealed"]),
                retained_commits=member(document, "retained_commits", (int, NoneType), ...),
                keys=member(document, "keys", int, 0),
                bytes=member(document, "bytes", int, 0),
                content_hash=member(document, "content_hash", str, ""),
                expires=_time(document.get("expires")),
            )

    def __repr__(self) -> str:
        link = "changed since" if self.changed_since else "as in"
        commit = f"{link} {_short(self.digest)}" if self.digest else "not committed"
        seal = ", sealed" if self.is_sealed else ""
        keys = f"{self.keys} key{'' if self.keys == 1 else 's'}"
        return f"<hub.Version {printable(str(self.reference))} {keys}, {commit}{seal}>"

    @property
    def tag(self) -> str:
        """What stands behind the colon."""
        return str(self.reference.tag)

    @property
    def is_sealed(self) -> bool:
        """Whether nothing can be written to it."""
        return self.sealed is not None


@dataclass(frozen=True, slots=True)
class Commit:
    """What a version was, under the digest of its manifest; it never changes.

    Attributes:
        reference: `namespace/name@sha256:…`, which can be loaded.
        digest: `sha256:…`.
        tag: the version that was committed.
        parent: the digest of the commit before, or `None`.
        author: whose keys committed it.
        message: what the author said of it.
        time: when.
        keys, bytes, content_hash: as of `Version`.
    """

    reference: Reference
    digest: str
    tag: str
    parent: str | None
    author: str | None
    message: str
    time: datetime
    keys: int
    bytes: int
    content_hash: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what the API says of a commit.

        Raises:
            Invalid: it is no description of one, as of a server that is no Nave.
        """
        with understood("a commit"):
            return cls(
                reference=Reference.parse(document["reference"]),
                digest=member(document, "digest", str, ...),
                tag=member(document, "tag", str, ...),
                parent=member(document, "parent", (str, NoneType), ...),
                author=member(document, "author", (str, NoneType), ...),
                message=member(document, "message", str, ...),
                time=datetime.fromisoformat(document["time"]),
                keys=member(document, "keys", int, ...),
                bytes=member(document, "bytes", int, ...),
                content_hash=member(document, "content_hash", str, ...),
            )

    def __repr__(self) -> str:
        # The reference as a whole, so that it can be copied from there and loaded.
        author = f" by {printable(self.author)}" if self.author else ""
        return (f"<hub.Commit {printable(str(self.reference))} {_shown(self.message)}{author}"
                f" {self.time.isoformat(' ', 'seconds')}>")


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that is not the same in two versions or commits.

    Attributes:
        change: `added`, `removed` or `changed`, from the first to the second.
        key: the object's key inside the version.
        member: of a chunk, the array it is of; empty for the version's own.
        chunk: of a chunk, its place in the grid; otherwise `None`.
        box: of a chunk, the slice of each axis that it covers; otherwise `None`.
    """

    change: str
    key: str
    member: str = ""
    chunk: tuple[int, ...] | None = None
    box: tuple[slice, ...] | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads an entry of the API's difference.

        Raises:
            Invalid: it is none, as of a server that is no Nave.
        """
        with understood("a difference"):
            change, key = (member(document, name, str, ...) for name in ("change", "key"))
            if "chunk" not in document:
                return cls(change, key)
            return cls(
                change, key, member(document, "member", str, ...), extents(document["chunk"]),
                tuple(slice(*extents(bounds)) for bounds in document["box"]))

    def __repr__(self) -> str:
        box = "" if self.box is None else (
            f" [{', '.join(f'{one.start}:{one.stop}' for one in self.box)}]")
        return f"<hub.Difference {self.change} {printable(self.key)}{box}>"


def versions(name: str | Reference, **settings: Any) -> list[Version]:
    """All versions of a name, whose own tag does not matter; at most 1000.

    Raises:
        NotFound: there are none.
        Invalid: the name is none, or a keyword is unknown.
    """
    check_keywords(versions, settings)
    documents = current_client(**settings).versions(Reference.parse(name))
    return [Version.from_document(document) for document in documents]


def _short(digest: str) -> str:
    """The beginning of a digest, by which people tell commits apart."""
    return f"{digest[:19]}…"


def _shown(message: str) -> str:
    """A message in quotes, of which a line shows the beginning."""
    cut = message if len(message) <= _SHOWN_MAX else f"{message[: _SHOWN_MAX - 1]}…"
    return f'"{printable(cut)}"'


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
