"""Mirroring a version from one server to another, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree

from hub.client import Client, current_client
from hub.errors import Conflict, IntegrityError, Invalid, NotFound
from hub.progress import progress
from hub.reference import Reference
from hub.transfer.pool import worked

THREADS = 8
PASSES_MAX = 3
_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True)
class Mirrored:
    """What a mirror did: keys copied, of so many bytes; keys that were there, and that went."""

    reference: str
    keys_copied: int
    bytes_copied: int
    keys_kept: int
    keys_removed: int
    digest: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of a version, without the version's prefix."""

    key: str
    size: int
    entity_tag: str

    @property
    def is_metadata(self) -> bool:
        """Whether it describes an array or group: copied last, so that no part of one is seen."""
        return self.key.rpartition("/")[2] in (
            "zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata", "info.txt")


def mirror(
    name: str, target_name: str | None = None, *, source: Client | None = None,
    target: Client | None = None, message: str | None = None, show_progress: bool | None = None,
) -> Mirrored:
    """Makes a version on one server what it is on another, and commits it there.

    Only keys that differ travel: to mirror an unchanged version again costs a few small requests.
    The bytes are copied as they are stored, and in the end both servers must name the same content
    hash. A version that is there already changes at one moment; a new one appears when all of it is
    there. An interrupted mirror is begun anew and finds what was copied of a new version.

    Memory: some stored objects at once.

    Args:
        name: the version on the source, with a tag.
        target_name: what it is called on the target; the same without.
        source, target: clients of the two servers; without one it is the configured server.
        message: the commit's on the target; names the source without.

    Raises:
        NotFound: the source has no such version.
        Conflict: the version changed on either side again and again meanwhile.
        IntegrityError: what arrived is not what was sent.
    """
    origin = Reference.parse(name)
    goal = Reference.parse(target_name or name)
    for reference in (origin, goal):
        if reference.digest or reference.member:
            raise Invalid(
                f"{reference} cannot be mirrored: a mirror is of a version with a tag.",
                hint="Fork a commit to a tag first (hub fork).")
    job = _Mirror(source or current_client(), origin, target or current_client(), goal)
    return job.run(message, show_progress)


class _Mirror:
    """One mirror between two servers, in as many passes as the source's changes take."""

    def __init__(self, source: Client, origin: Reference, target: Client, goal: Reference) -> None:
        self._source = source
        self._origin = origin
        self._target = target
        self._goal = goal
        self._copied = self._bytes = self._removed = self._kept = 0

    def run(self, message: str | None, show_progress: bool | None) -> Mirrored:
        if message is None:
            endpoint = self._source.transport.configuration.endpoint
            message = f"mirrored from {self._origin} on {endpoint}"
        for _ in range(PASSES_MAX):
            wanted = str(self._source.version(self._origin)["content_hash"])
            self._target.create_namespace(self._goal.namespace)
            digest = self._pass(wanted, message, show_progress)
            found = str(self._target.version(self._goal)["content_hash"])
            if found == wanted:
                return Mirrored(
                    str(self._goal), self._copied, self._bytes, self._kept, self._removed, digest,
                    found)
            if wanted == str(self._source.version(self._origin)["content_hash"]):
                self._check_parts()
                raise IntegrityError(
                    f"{self._goal} is not equal to {self._origin} after it was copied.",
                    hint="Does somebody write to it? Otherwise have the server checked.")
        raise Conflict(
            f"{self._origin} changed while it was mirrored, {PASSES_MAX} times.",
            hint="Commit or fork it, and mirror that.")

    def _pass(self, wanted: str, message: str, show_progress: bool | None) -> str:
        """Copies what differs, and returns the commit's digest: the present one if all is equal."""
        if not self._is_there():
            self._copy(self._goal, show_progress)
            return str(self._target.commit(self._goal, message)["digest"])
        found = self._target.version(self._goal)
        if found["content_hash"] == wanted:
            self._kept = int(found["keys"])
            return str(self._target.commit(self._goal, message)["digest"])
        draft = Reference.parse(self._target.create_draft(self._goal)["reference"])
        try:
            self._copy(draft, show_progress)
            return str(self._target.commit(draft, message)["digest"])
        except BaseException:
            self._target.discard_draft(draft)
            raise

    def _is_there(self) -> bool:
        """Whether the target shows an array or group under the name."""
        try:
            self._target.describe(self._goal)
        except NotFound:
            return False
        return True

    def _copy(self, goal: Reference, show_progress: bool | None) -> None:
        there = {entry.key: entry for entry in _listed(self._target, goal)}
        missing, bytes_missing, kept = [], 0, 0
        for entry in _listed(self._source, self._origin):
            if there.pop(entry.key, None) == entry:
                kept += 1
            else:
                missing.append(entry)
                bytes_missing += entry.size
        missing.sort(key=lambda entry: entry.is_metadata)
        chunks = [entry for entry in missing if not entry.is_metadata]
        with progress(f"mirror {goal}", bytes_missing, show_progress) as bar:
            for part in (chunks, missing[len(chunks):]):
                for entry, _ in worked(lambda one: self._send(one, goal), part, THREADS):
                    bar.update(entry.size)
        # What is left on the target alone goes: metadata first, so that no part of it is seen.
        for entry in sorted(there.values(), key=lambda entry: not entry.is_metadata):
            self._target.transport.request("DELETE", _path(goal, entry.key), repeat="safe")
        self._copied += len(missing)
        self._bytes += bytes_missing
        self._removed += len(there)
        self._kept = kept

    def _send(self, entry: _Entry, goal: Reference) -> None:
        stored = self._source.transport.request("GET", _path(self._origin, entry.key))
        # A tag of the copy that differs from the source's is found by the content hashes.
        self._target.transport.request("PUT", _path(goal, entry.key), body=stored.data)

    def _check_parts(self) -> None:
        """Says why content hashes differ, if objects of the source were uploaded in parts."""
        if any("-" in entry.entity_tag for entry in _listed(self._source, self._origin)):
            raise IntegrityError(
                f"{self._goal} was copied, but its equality cannot be shown: objects of "
                f"{self._origin} were uploaded in parts.",
                hint="Compare statistics or elements.")


def _path(reference: Reference, key: str) -> str:
    version = f"{reference.name}:{reference.tag}"
    return f"/{quote(reference.namespace)}/{quote(f'{version}/{key}', safe='/~')}"


def _listed(client: Client, reference: Reference) -> Iterator[_Entry]:
    """The keys of a version, in order."""
    prefix = f"{reference.name}:{reference.tag}/"
    query = [("list-type", "2"), ("prefix", prefix)]
    token = ""
    while True:
        answer = client.transport.request(
            "GET", f"/{quote(reference.namespace)}",
            query + ([("continuation-token", token)] if token else []))
        page = ElementTree.fromstring(answer.data)
        for item in page.iter(f"{_NAMESPACE}Contents"):
            key = item.findtext(f"{_NAMESPACE}Key", "")
            yield _Entry(
                key.removeprefix(prefix), int(item.findtext(f"{_NAMESPACE}Size", "0")),
                item.findtext(f"{_NAMESPACE}ETag", ""))
        token = page.findtext(f"{_NAMESPACE}NextContinuationToken", "")
        if not token:
            return
