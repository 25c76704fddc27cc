"""Growing the first axis of an array without cutting off what others append meanwhile.

To give an array a shape outright (`Array.resize`) makes it smaller if others made it larger than
was known. So it is given on the condition that nobody changed the metadata since it was described.
Of servers that take no such condition the shape in the stored metadata is replaced, which S3 has
one for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from hub.client import Client
from hub.contention import attempts, undisturbed
from hub.description import Description
from hub.errors import Conflict, Invalid
from hub.object_keys import ObjectKeys
from hub.reference import Reference

_METADATA_KEYS = {"zarr3": "zarr.json", "zarr2": ".zarray"}
_FORMER_SHAPE = "x-amz-meta-nave-former-shape"
"""What the server puts beside metadata whose array shrank, until all chunks outside are deleted."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def grow(client: Client, reference: Reference, extent: int) -> Description:
    """Makes the first axis of an array at least so long; never shorter, whatever others do.

    Returns:
        What the array is then.

    Raises:
        Conflict: others kept changing the metadata.
        Invalid: it cannot be resized.
        Denied: the version is sealed, or the keys may not write.
    """
    def attempt() -> Description | None:
        description = client.describe(reference)
        if description.shape[0] >= extent:
            return description
        if tag := description.metadata_entity_tag:
            return client.resize(reference, (extent, *description.shape[1:]), tag)
        return None

    grown = undisturbed(attempt, f"the metadata of {reference} while it was to grow")
    return grown or _grow_stored(client, reference, extent)


def _grow_stored(client: Client, reference: Reference, extent: int) -> Description:
    """Like `grow`, by what is stored."""
    keys = ObjectKeys(client.transport, reference.namespace)
    for is_last in attempts():
        description = client.describe(reference)
        if description.shape[0] >= extent:
            return description
        name = _METADATA_KEYS.get(description.dialect)
        if name is None or description.key_prefix is None:
            # The server says why it cannot be.
            return client.resize(reference, (extent, *description.shape[1:]))
        _grow_once(client, keys, description, name, extent)
        if is_last:
            break
    raise Conflict(f"Others kept changing the metadata of {reference} while it was to grow.",
                   hint="Try again.")


def _grow_once(
    client: Client, keys: ObjectKeys, description: Description, name: str, extent: int
) -> None:
    """Replaces the metadata by that of the longer array, unless it is not what was described."""
    key = f"{description.key_prefix}{name}"
    stored = keys.stored(key)
    if stored is None:
        return
    if _FORMER_SHAPE in stored.headers:
        # Any change over the API deletes the chunks that would show again.
        client.attributes(description.reference, {})
        return
    if shape_of(stored.data) == description.shape:
        longer = (extent, *description.shape[1:])
        keys.replace(key, with_shape(stored.data, longer), stored)


def shape_of(document: bytes) -> tuple[int, ...]:
    """The shape in the metadata of an array.

    Raises:
        Invalid: it is none.
    """
    text, start, stop = _shape_text(document)
    return tuple(json.loads(text[start:stop]))


def with_shape(document: bytes, shape: Sequence[int]) -> bytes:
    """The metadata of an array with another shape; all else stays, byte for byte.

    Written anew, numbers in attributes would be others: JSON has more of them than Python.

    Raises:
        Invalid: it is no metadata of an array.
    """
    text, start, stop = _shape_text(document)
    return f"{text[:start]}{json.dumps(list(shape))}{text[stop:]}".encode()


def _shape_text(document: bytes) -> tuple[str, int, int]:
    """The text of a JSON object, and where the value of its member `shape` begins and ends.

    Source: RFC 8259, section 4, "Objects"; of equal names the last counts.
    """
    try:
        text = document.decode()
        position = _behind(text, _behind_space(text, 0), "{")
        found = None
        while True:
            name, position = _DECODER.raw_decode(text, _behind_space(text, position))
            start = _behind_space(text, _behind(text, _behind_space(text, position), ":"))
            _, position = _DECODER.raw_decode(text, start)
            if name == "shape":
                found = start, position
            position = _behind_space(text, position)
            if text[position : position + 1] == "}":
                break
            position = _behind(text, position, ",")
    except ValueError:
        found = None
    if found is None:
        raise Invalid("What is stored is no metadata of an array.")
    return text, *found


def _behind_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _behind(text: str, position: int, mark: str) -> int:
    if not text.startswith(mark, position):
        raise ValueError(f"no {mark} at {position}")
    return position + 1
