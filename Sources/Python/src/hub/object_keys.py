"""Objects of a namespace by key, as S3 clients see them; safe in forked processes.

Source: Amazon S3 API Reference, `GetObject`, `PutObject`, `DeleteObject`, `ListObjectsV2`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from hub import entity_tag
from hub.errors import Conflict, Invalid, NotFound, Unavailable
from hub.listing_pages import pages_of
from hub.object_answer import object_answer
from hub.transport import MEDDLED, Response, Transport

_KEY_MISSING = "NoSuchKey"
"""The only code that says that there is no object. Source: Amazon S3, "Error responses"."""

_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""Somebody else was first. Source: Amazon S3 user guide, "How to prevent object overwrites"."""

_KEPT_HEADERS = frozenset(
    {"cache-control", "content-disposition", "content-language", "content-type", "expires"})
_USER_METADATA = "x-amz-meta-"

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """An object, or a common beginning of keys.

    Attributes:
        key: the key in its namespace; of a common beginning with the slash at its end.
        bytes: the object's length; None for a common beginning.
        etag: the entity tag, with quotation marks; "" for a common beginning.
        changed: when it was written, in seconds since 1970; 0 for a common beginning.
    """

    key: str
    bytes: int | None = None
    etag: str = ""
    changed: float = 0.0

    @property
    def is_folder(self) -> bool:
        """Whether it is a common beginning of keys and no object."""
        return self.bytes is None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was at one moment.

    Attributes:
        data: its bytes.
        etag: its entity tag, with quotation marks.
        headers: what is stored beside them, by names in small letters: the type of the content and
            its like, and the user's metadata.
    """

    data: bytes
    etag: str
    headers: Mapping[str, str]


class ObjectKeys:
    """The objects of one namespace; picklable, for any threads and processes.

    All methods raise `Denied` and `Unavailable` as the server answers, and `NotFound` if there
    is no such namespace.
    """

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.transport = transport
        self.namespace = namespace

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectKeys) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, str, str]:
        configuration = self.transport.configuration
        return configuration.endpoint, configuration.access_key, self.namespace

    def get(self, key: str, byte_range: str = "") -> bytes | None:
        """An object's bytes, or None if there is none.

        Args:
            byte_range: which of them, as HTTP has it: `0-99`, `100-`, `-10`. What lies behind the
                end is left out.
        """
        try:
            return object_answer(self.transport, self._path(key), byte_range).data
        except NotFound as error:
            if error.code != _KEY_MISSING:
                raise
            return None

    def stored(self, key: str) -> StoredObject | None:
        """An object with what is stored beside it, or None if there is none."""
        try:
            answer = object_answer(self.transport, self._path(key))
        except NotFound as error:
            if error.code != _KEY_MISSING:
                raise
            return None
        named = {name.lower(): value for name, value in answer.headers.items()}
        kept = {name: value for name, value in named.items()
                if name in _KEPT_HEADERS or name.startswith(_USER_METADATA)}
        return StoredObject(answer.data, named.get("etag", ""), kept)

    def entry(self, key: str) -> ObjectEntry | None:
        """What is known of an object without its bytes, or None if there is none."""
        try:
            answer = self.transport.request("HEAD", self._path(key))
        except NotFound:
            if not self._is_there(key):
                return None
            answer = self.transport.request("HEAD", self._path(key))
        self._check_tag(key, answer)
        changed = parsedate_to_datetime(answer.headers["last-modified"]).timestamp()
        return ObjectEntry(key, int(answer.headers["content-length"]), _tag(answer), changed)

    def _is_there(self, key: str) -> bool:
        """Whether there is an object, as the head of a GET says, whose refusal names its reason."""
        try:
            with self.transport.stream("GET", self._path(key)):
                return True
        except NotFound as error:
            if error.code != _KEY_MISSING:
                raise
            return False

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Writes an object, whatever was there before."""
        self._check_tag(key, self.transport.request("PUT", self._path(key), body=data))

    def create(self, key: str, data: bytes | memoryview) -> bool:
        """Writes an object unless there is one, and whether it did; atomic among all clients.

        A repetition behind a connection that broke may find what it wrote itself, and say no.
        """
        try:
            answer = self.transport.request(
                "PUT", self._path(key), headers={"If-None-Match": "*"}, body=data
            )
        except Conflict:
            return False
        self._check_tag(key, answer)
        return True

    def replace(self, key: str, data: bytes | memoryview, stored: StoredObject) -> bool:
        """Writes an object if it is what was read, and whether it did; atomic among all clients.

        A repetition behind a connection that broke may find what it wrote itself, and say no.
        """
        headers = {**stored.headers, "If-Match": stored.etag}
        try:
            answer = self.transport.request("PUT", self._path(key), headers=headers, body=data)
        except Conflict as error:
            if error.code not in _CHANGED:
                raise
            return False
        self._check_tag(key, answer)
        return True

    def delete(self, key: str) -> None:
        """Removes an object; it is no error if there is none."""
        if self.transport.request("DELETE", self._path(key), repeat="safe").status != 204:
            raise self._meddled(key)

    def entries(self, prefix: str = "", delimiter: str = "") -> Iterator[ObjectEntry]:
        """The objects whose keys begin with `prefix`, ordered by key.

        Args:
            delimiter: with `/`, what is below a folder is told as the folder alone.

        Raises:
            Invalid: a key is named that is none of those, or that no Nave server has, such as one
                with `..`: whoever makes paths of keys would be led elsewhere.
        """
        def ask(token: str) -> tuple[list[ObjectEntry], str | None]:
            return self._page(prefix, delimiter, token)

        for entries in pages_of(ask, f"GET /{self.namespace}"):
            yield from entries

    def _page(
        self, prefix: str, delimiter: str, token: str
    ) -> tuple[list[ObjectEntry], str | None]:
        query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)]
        query += [("delimiter", delimiter)] if delimiter else []
        query += [("continuation-token", token)] if token else []
        answer = self.transport.request("GET", f"/{quote(self.namespace, safe='~')}", query)
        try:
            page = ElementTree.fromstring(answer.data)
            if page.tag != f"{_NAMESPACE}ListBucketResult":
                raise ValueError(f"it is a document of {page.tag}")
            entries = [_object(found) for found in page.iterfind(f"{_NAMESPACE}Contents")]
        except (ElementTree.ParseError, ValueError) as error:
            raise Unavailable(
                f"The listing of {self.namespace} cannot be understood: {error}.",
                hint=MEDDLED,
            ) from error
        entries += [
            ObjectEntry(unquote(_text(found, "Prefix")))
            for found in page.iterfind(f"{_NAMESPACE}CommonPrefixes")
        ]
        for entry in entries:
            _check_key(entry.key, prefix)
        entries.sort(key=lambda entry: entry.key)
        return entries, page.findtext(f"{_NAMESPACE}NextContinuationToken")

    def _check_tag(self, key: str, answer: Response) -> None:
        """Sees that it is the server who answers: it gives every object an entity tag."""
        if not entity_tag.is_known(_tag(answer)):
            raise self._meddled(key)

    def _meddled(self, key: str) -> Unavailable:
        return Unavailable(
            f"What came in place of the server's answer about {key} is something else.",
            where=self._path(key), hint=MEDDLED)

    def _path(self, key: str) -> str:
        return f"/{quote(self.namespace, safe='~')}/{quote(key, safe='/~')}"


def _check_key(key: str, prefix: str) -> None:
    """Refuses what cannot be in a listing. Source: docs/decisions/0002-keys-that-are-refused.md."""
    if not key.startswith(prefix) or not is_key(key.removesuffix("/")):
        raise Invalid(
            f'A listing of what begins with "{prefix}" names "{key}", which cannot be there.',
            hint=MEDDLED)


def is_key(text: str) -> bool:
    """Whether a server takes a text as a key, as far as its segments tell."""
    return "\0" not in text and not {"", ".", ".."} & set(text.split("/"))


def _tag(answer: Response) -> str:
    """The entity tag of an answer; what a proxy weakened is the server's still."""
    return answer.headers.get("etag", "").removeprefix("W/")


def _object(found: ElementTree.Element) -> ObjectEntry:
    changed = datetime.fromisoformat(_text(found, "LastModified")).timestamp()
    key, etag = unquote(_text(found, "Key")), _text(found, "ETag")
    return ObjectEntry(key, int(_text(found, "Size")), etag, changed)


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{_NAMESPACE}{name}") or ""
