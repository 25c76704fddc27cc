"""Which immutable thing a reference is just now, so that nothing stale is ever read.

A digest never changes. A tag is asked each time: if its newest commit is all there is of it, that
commit is read, and so are all its chunks from the cache without a further question. Otherwise
the state is open, and each chunk is asked for with the entity tag of what the cache has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from hub.bulk import view_path
from hub.cache import open_cache
from hub.cache.chunk_cache import ChunkCache, document_digest
from hub.cached_keys import state_map_name
from hub.client import DESCRIPTION_MEMBERS, Client
from hub.description import Description
from hub.errors import NotFound, Offline
from hub.metadata import ArrayMetadata
from hub.reference import Reference
from hub.version_requests import VERSION_MEMBERS


@dataclass(frozen=True)
class ArrayState:
    """What is read of an array, from now until the operation ends; picklable.

    Attributes:
        client: who asks.
        target: what is read; has a digest if that is possible.
        metadata: the array's `zarr.json`.
        document: its bytes.
        etag: its entity tag; "" where it came from the cache.
    """

    client: Client
    target: Reference
    metadata: ArrayMetadata
    document: bytes
    etag: str

    @property
    def reference(self) -> str:
        """What is read, as text: `test/x@sha256:…`, or `test/x:v1` if that is open."""
        return str(self.target)

    @property
    def digest(self) -> str | None:
        """The digest of the commit that is read, or None if the state is open."""
        return self.target.digest

    @property
    def is_immutable(self) -> bool:
        """Whether nobody can change what is read."""
        return self.target.digest is not None

    @property
    def description(self) -> Description:
        """What the server says of the array in this state; one request unless it is cached."""
        return describe(self.client, self.target)

    @property
    def map_name(self) -> str:
        """The name of the map of chunks of this state, or of what was last seen of the array."""
        return state_map_name(self.origin, self.target)

    @property
    def document_names(self) -> tuple[str, ...]:
        """The files that hold what describes an immutable state."""
        return tuple(
            document_digest(self.origin, kind, self.reference).hex() for kind in DOCUMENT_KINDS
        )

    @property
    def origin(self) -> str:
        """The server's endpoint."""
        return self.client.transport.configuration.endpoint


METADATA = "zarr.json"
DESCRIPTION = "description"
DOCUMENT_KINDS = (METADATA, DESCRIPTION)
"""What is kept of an immutable state beside its chunks."""

_MEMBERS = {METADATA: "node_type", DESCRIPTION: "kind"}
"""A member that each document of a kind has."""


def read_state(client: Client, reference: Reference) -> ArrayState:
    """What a reference is just now: one request for a tag, and one for what is not cached.

    Raises:
        NotFound: there is no such array.
        Invalid: it is a group.
        Offline: no request may be made, and the cache does not have it.
    """
    target = resolve(client, reference)
    path = f"{target}/{METADATA}"
    if target.digest is None:
        with client.about(reference):
            answer = client.transport.request("GET", view_path(path))
        document, etag = answer.data, answer.headers.get("etag", "")
    else:
        document, etag = kept_document(client, target, METADATA, view_path(path)), ""
    return ArrayState(client, target, ArrayMetadata.parse(document, path), document, etag)


def resolve(client: Client, reference: Reference) -> Reference:
    """The commit that a reference is just now, or itself if it is open.

    Raises:
        Offline: it is a tag, and nobody can be asked what that is.
    """
    if reference.digest is not None:
        return reference
    if client.transport.configuration.offline:
        raise _offline_tag(client, reference)
    path = f"/v1/versions/{reference.version.path}"
    try:
        version = client.transport.request("GET", path)
    except NotFound:
        # Plain keys, or no such array, which the next request will tell.
        return reference
    known = client.read_document(version.data, f"GET {path}", VERSION_MEMBERS)
    if known["digest"] and not known["changed_since"]:
        return reference.at(known["digest"])
    return reference


def describe(client: Client, reference: Reference) -> Description:
    """What the server says of an array or group; of a commit it is asked once.

    Raises:
        NotFound: there is no such array.
        Offline: no request may be made, and the cache does not have it.
    """
    if reference.digest is None:
        if client.transport.configuration.offline:
            raise _offline_tag(client, reference)
        return client.describe(reference)
    path = f"/v1/arrays/{reference.path}"
    data = kept_document(client, reference, DESCRIPTION, path)
    document = client.read_document(data, f"GET {path}", DESCRIPTION_MEMBERS)
    return Description.from_document(reference, document)


def kept_document(client: Client, reference: Reference, kind: str, path: str) -> bytes:
    """A document about a commit from the cache, or from the server into the cache.

    Args:
        reference: what it is about, by its digest.
        kind: one of `DOCUMENT_KINDS`.
        path: the path of the request that answers with it.

    Raises:
        NotFound: the server has none.
        Invalid: what answers is no Nave server; that is not kept.
        Offline: no request may be made, and the cache does not have it.
    """
    cache = open_cache(client.transport.configuration)
    digest = document_digest(client.transport.configuration.endpoint, kind, str(reference))
    found = cache.read(digest)
    if found is not None and is_document(kind, found.payload):
        return found.payload
    if client.transport.configuration.offline:
        raise Offline(
            f"The cache has nothing of {reference}.", where=str(cache.folder),
            hint=_pinned_hint(cache, reference),
        )
    with client.about(reference):
        data = client.transport.request("GET", path).data
    if not is_document(kind, data):
        raise client.no_nave(f"no {kind}", f"GET {path}")
    cache.write(digest, "", data)
    return data


def is_document(kind: str, data: bytes) -> bool:
    """Whether bytes are a document of a kind, as far as the member says that all of them have."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and _MEMBERS[kind] in document


def _offline_tag(client: Client, reference: Reference) -> Offline:
    cache = open_cache(client.transport.configuration)
    return Offline(
        f"Offline, nobody can say what {reference} is just now.", where=str(cache.folder),
        hint=_pinned_hint(cache, reference),
    )


def _pinned_hint(cache: ChunkCache, reference: Reference) -> str:
    """What of the same name can be read offline."""
    pinned = [
        pin.reference for pin in cache.pins.list()
        if pin.is_complete and Reference.parse(pin.reference).line == reference.line
    ]
    if pinned:
        return f"Pinned, and read without the server, is: {', '.join(pinned)}."
    return "Pin it by its digest while the server can be reached, with pin()."
