"""Reads an object, or a part of one, and sees that what came is the server's."""

from __future__ import annotations

from hub import entity_tag
from hub.errors import Unavailable
from hub.transport import Response, Transport


def object_answer(transport: Transport, path: str, byte_range: str = "") -> Response:
    """The answer to a GET of an object; one that something else gave is asked for once more.

    Args:
        path: percent-encoded.
        byte_range: which bytes, as HTTP has it: `0-99`, `100-`, `-10`; all if empty.

    Raises:
        NotFound: there is no such object.
        Unavailable: something else came twice, or no whole answer.
    """
    headers = {"Range": f"bytes={byte_range}"} if byte_range else None
    for _ in range(2):
        answer = transport.request("GET", path, headers=headers)
        if _is_the_servers(answer, is_part=bool(byte_range)):
            return answer
    raise Unavailable(
        "What came in place of the object is something else.",
        where=f"GET {transport.configuration.endpoint}{path}", status=answer.status,
        hint="Something between may answer for the server: `hub doctor` looks.")


def _is_the_servers(answer: Response, is_part: bool) -> bool:
    """Whether an answer is an object of this server, as far as its head says."""
    etag = answer.headers.get("etag", "")
    if not entity_tag.is_known(etag) or answer.status != (206 if is_part else 200):
        return False
    # The tag is that of the whole, and of the bytes before a content coding is undone.
    is_coded = answer.headers.get("content-encoding", "identity") != "identity"
    return is_part or is_coded or not entity_tag.contradicts(etag, answer.data)
