"""Requests whose answers are JSON documents, single ones and pages of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import NoneType
from typing import Any

import numpy as np

from hub.errors import HubError, Invalid, NotFound, Unavailable
from hub.listing_pages import pages_of
from hub.reference import Reference
from hub.repetition import Repeat
from hub.transport import Transport

Document = dict[str, Any]
Query = list[tuple[str, str]]
Members = tuple[str, ...]
_PAGE_MAX = 1000
_DEPTH_MAX = 200
_MISSING = object()


class Requester:
    """What the client's groups of requests have in common; picklable, for any threads."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def document(
        self,
        method: str,
        path: str,
        reference: Reference | None = None,
        query: Query | None = None,
        body: Mapping[str, Any] | None = None,
        repeat: Repeat | None = None,
        *,
        members: Members,
        if_match: str = "",
    ) -> Document:
        """Sends a request and reads the document of its answer.

        Args:
            reference: what it is about, so that a failure can say what there is instead.
            body: a document to send; NaN and infinities must be words in it already.
            members: what the server's document has, so that nothing else is taken for it.
            if_match: the entity tag of what the request is made for, with its quotation marks.

        Raises:
            Conflict: that is something else now; nothing was done.
            Invalid: the body cannot be written as JSON, or the answer is no such document.
        """
        encoded = None if body is None else _encoded(body)
        headers = {"If-Match": if_match} if if_match else None
        with self.about(reference):
            answer = self.transport.request(
                method, path, query or [], headers, encoded, repeat=repeat)
        return self.read_document(answer.data, f"{method} {path}", members)

    def remove(self, path: str, reference: Reference) -> None:
        """Sends a DELETE that has nothing to tell, and sees that it was done.

        Raises:
            Invalid: the answer does not say that.
        """
        with self.about(reference):
            answer = self.transport.request("DELETE", path)
        if answer.status != 204:
            raise self.no_nave("no word that it was done", f"DELETE {path}")

    def document_once(
        self,
        method: str,
        path: str,
        reference: Reference,
        body: Mapping[str, Any],
        members: Members,
        look: Callable[[], Document],
        is_done: Callable[[Document], bool],
        if_match: str = "",
    ) -> Document:
        """Sends a change once, because a repetition might undo what others did meanwhile.

        Where no answer says whether it was done, what is there now is looked at.

        Args:
            members, if_match: as of `document`.
            look: asks what is there now.
            is_done: whether that is what was asked for.

        Returns:
            The answer, or what is there now if that is what was asked for, whoever did it.

        Raises:
            Unavailable: it may have been done, or not; `is_uncertain` then.
        """
        try:
            return self.document(
                method, path, reference, body=body, repeat="unopened", members=members,
                if_match=if_match)
        except Unavailable as error:
            if not error.is_uncertain:
                raise
            try:
                found = look()
            except HubError:
                raise error from error.__cause__
            if is_done(found):
                return found
            raise

    def read_document(self, data: bytes, where: str, members: Members) -> Document:
        """The document that an answer is.

        Args:
            members: those that it must have; a name that ends in `[]` is of a list of documents.

        Raises:
            Invalid: it is none, as of a server that is no Nave.
        """
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise self.no_nave("no JSON document", where)
        for member in members:
            found = document.get(member.removesuffix("[]"), _MISSING)
            if found is _MISSING or (member.endswith("[]") and not _are_documents(found)):
                raise self.no_nave(f"a document without {member.removesuffix('[]')}", where)
        return document

    def no_nave(self, what: str, where: str) -> Invalid:
        """The exception for an answer that no Nave server gives."""
        endpoint = self.transport.configuration.endpoint
        return Invalid(f"What {endpoint} answers is {what}.", where=where,
                       hint="Is it a Nave server? `hub doctor` looks.")

    def pages(
        self,
        path: str,
        member: str,
        reference: Reference | None = None,
        query: Query | None = None,
        limit: int | None = None,
    ) -> Iterator[Document]:
        """The entries of a listing, page after page, at most `limit` of them."""
        remaining = limit

        def ask(cursor: str) -> tuple[list[Document], str | None]:
            count = _PAGE_MAX if remaining is None else min(remaining, _PAGE_MAX)
            asked = [*(query or []), ("limit", str(count))]
            asked += [("cursor", cursor)] if cursor else []
            page = self.document("GET", path, reference, asked, members=(f"{member}[]", "next"))
            following = page["next"]
            if not isinstance(following, str | NoneType):
                raise self.no_nave(f"no listing of {member}", f"GET {path}")
            return page[member], following

        for entries in pages_of(ask, f"GET {path}") if limit != 0 else ():
            yield from entries
            if remaining is not None:
                remaining -= len(entries)
                if remaining <= 0:
                    return

    @contextmanager
    def about(self, reference: Reference | None) -> Iterator[None]:
        """Lets a `NotFound` say what there is instead of what was asked for."""
        try:
            yield
        except NotFound as error:
            if reference is None or self.transport.configuration.offline:
                raise
            from hub.suggestion import explained

            raise explained(self.transport, reference, error) from error.__cause__


def _are_documents(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def as_read(body: Mapping[str, Any]) -> Document:
    """What is read of a document after it was sent: lists for tuples, Python's numbers.

    Raises:
        Invalid: it cannot be written as JSON.
    """
    document: Document = json.loads(_encoded(body))
    return document


def _encoded(body: Mapping[str, Any]) -> bytes:
    """A document as JSON; NumPy's numbers are written as Python's."""
    _check_names(body)
    try:
        return json.dumps(body, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError) as error:
        raise Invalid(f"Only values of JSON can be sent: {error}.") from None


def _check_names(value: Any, depth: int = 0) -> None:
    """Refuses names that are no texts, which JSON would make texts of: `None` becomes "null".

    Raises:
        Invalid: there is one, or values lie in each other without an end.
    """
    if depth > _DEPTH_MAX:
        raise Invalid(f"Only values of JSON can be sent, of at most {_DEPTH_MAX} in each other.")
    if isinstance(value, Mapping):
        for name, one in value.items():
            if not isinstance(name, str):
                raise Invalid(f"Only values of JSON can be sent: {name!r} is no text for a name.")
            _check_names(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            _check_names(one, depth + 1)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is none")
