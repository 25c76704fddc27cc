"""Mirroring a version from one server to another, byte for byte."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from hub.client import Client, current_client
from hub.errors import Conflict, HubError, IntegrityError, Invalid, NotFound
from hub.object_keys import ObjectEntry, ObjectKeys
from hub.pool import worked
from hub.progress import progress
from hub.reference import Reference

THREADS = 8
PASSES_MAX = 3
# The documents that describe arrays and groups, in all layouts.
METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata", "info.txt")


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


def mirror(
    name: str, target_name: str | None = None, *, source: Client | str | None = None,
    target: Client | str | None = None, message: str | None = None,
    show_progress: bool | None = None,
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
        source, target: the two servers: an endpoint, or a client for one with other keys
            (`hub.current_client(endpoint=…, access_key=…)`); the configured server without.
        message: the commit's on the target; names the source without.

    Raises:
        NotFound: the source has no such version.
        Conflict: the version changed on either side again and again meanwhile.
        IntegrityError: what arrived is not what was sent.
        Invalid: the source names keys outside of the version.
    """
    origin = Reference.parse(name)
    goal = Reference.parse(target_name or name)
    for reference in (origin, goal):
        if reference.digest or reference.member:
            raise Invalid(
                f"{reference} cannot be mirrored: a mirror is of a version with a tag.",
                hint="Fork a commit to a tag first (hub fork).")
    job = _Mirror(_client(source), origin, _client(target), goal)
    return job.run(message, show_progress)


def _client(server: Client | str | None) -> Client:
    if isinstance(server, Client):
        return server
    return current_client(endpoint=server) if server else current_client()


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
            # If it cannot be discarded now, a week does it; what went wrong before is told.
            with suppress(HubError):
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
        source = _Version(self._source, self._origin)
        target = _Version(self._target, goal)
        there = target.entries()
        wanted = source.entries()
        missing = [
            key for key, entry in wanted.items()
            if key not in there or _state(there[key]) != _state(entry)]
        # Documents last and, when they go, first: no part of an array is seen meanwhile.
        documents = [key for key in missing if _is_metadata(key)]
        chunks = [key for key in missing if not _is_metadata(key)]
        bytes_missing = sum(wanted[key].bytes or 0 for key in missing)

        def send(key: str) -> None:
            stored = source.keys.get(source.prefix + key)
            # What went meanwhile is found by the content hashes, in another pass.
            if stored is not None:
                target.keys.put(target.prefix + key, stored)

        with progress(f"mirror {goal}", bytes_missing, show_progress) as bar:
            for part in (chunks, documents):
                for key, _ in worked(send, part, THREADS):
                    bar.update(wanted[key].bytes or 0)
        gone = sorted(there.keys() - wanted.keys(), key=lambda key: not _is_metadata(key))
        for key in gone:
            target.keys.delete(target.prefix + key)
        self._copied += len(missing)
        self._bytes += bytes_missing
        self._removed += len(gone)
        self._kept = len(wanted) - len(missing)

    def _check_parts(self) -> None:
        """Says why content hashes differ, if objects of the source were uploaded in parts."""
        entries = _Version(self._source, self._origin).entries()
        if any("-" in entry.etag for entry in entries.values()):
            raise IntegrityError(
                f"{self._goal} was copied, but its equality cannot be shown: objects of "
                f"{self._origin} were uploaded in parts.",
                hint="Compare statistics or elements.")


class _Version:
    """The keys of a version, without the version's own beginning."""

    def __init__(self, client: Client, reference: Reference) -> None:
        self.keys = ObjectKeys(client.transport, reference.namespace)
        self.prefix = f"{reference.name}:{reference.tag}/"

    def entries(self) -> dict[str, ObjectEntry]:
        """What is known of each key; about 300 bytes a key in memory."""
        listed = self.keys.entries(self.prefix)
        return {entry.key.removeprefix(self.prefix): entry for entry in listed}


def _state(entry: ObjectEntry) -> tuple[int | None, str]:
    return entry.bytes, entry.etag


def _is_metadata(key: str) -> bool:
    return key.rpartition("/")[2] in METADATA
