"""The attributes of an array, as a mapping that writes through to the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from hub.client import Client
from hub.contention import undisturbed
from hub.description import Description
from hub.errors import Conflict, Invalid


class Attributes(MutableMapping[str, Any]):
    """JSON values by name; each assignment is one request, which leaves the other names alone.

    What is read is what was known when the array was loaded or last changed here.
    """

    def __init__(
        self, client: Client, description: Callable[[], Description],
        changed: Callable[[Description], None],
    ) -> None:
        self._client = client
        self._description = description
        self._changed = changed

    def __getitem__(self, name: str) -> Any:
        return self._known()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._known():
            raise KeyError(name)
        self._merge({name: None})

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __repr__(self) -> str:
        return repr(dict(self._known()))

    def update(self, *others: Any, **values: Any) -> None:
        """Sets several attributes in one request.

        Raises:
            Conflict: others kept changing the metadata while mappings were to be set.
            Invalid: a name is no text, or a value is no JSON, or `None`, which cannot be told from
                a removal.
        """
        try:
            new: dict[Any, Any] = dict(*others, **values)
        except (TypeError, ValueError):
            raise Invalid("Attributes are set from a mapping of names to values.") from None
        if not any(isinstance(value, Mapping) for value in new.values()):
            self._merge({name: _patch(None, value) for name, value in new.items()})
            return
        name = self._description().reference
        undisturbed(lambda: self._put(new), f"the metadata of {name} while attributes were set")

    def replace(self, attributes: Mapping[str, Any]) -> None:
        """Puts these in the place of all attributes."""
        reference = self._description().reference
        self._changed(self._client.attributes(reference, attributes, "replace"))

    def _put(self, new: Mapping[str, Any]) -> None:
        """Sets attributes if the metadata is what is known: of a mapping others may have more.

        Raises:
            Conflict: it is not; now it is known.
        """
        known = self._known()
        patch = {name: _patch(known.get(name), value) for name, value in new.items()}
        description = self._description()
        try:
            self._merge(patch, description.metadata_entity_tag)
        except Conflict:
            self._changed(self._client.describe(description.reference))
            raise

    def _merge(self, patch: Mapping[str, Any], metadata_entity_tag: str = "") -> None:
        reference = self._description().reference
        self._changed(self._client.attributes(
            reference, patch, metadata_entity_tag=metadata_entity_tag))

    def _known(self) -> Mapping[str, Any]:
        attributes = self._description().attributes
        if attributes is None:
            raise Invalid("The attributes are too long for a description.",
                          hint="Read zarr.json of the array instead.")
        return attributes


def _patch(old: Any, new: Any) -> Any:
    """What has to be merged into an old value so that it becomes the new one.

    Source: RFC 7396, "JSON Merge Patch", section 2.
    """
    if new is None:
        raise Invalid("An attribute cannot be None.", hint="Delete it with `del`.")
    if not isinstance(new, Mapping):
        return new
    before = old if isinstance(old, Mapping) else {}
    gone = {name: None for name in before if name not in new}
    return gone | {name: _patch(before.get(name), value) for name, value in new.items()}
