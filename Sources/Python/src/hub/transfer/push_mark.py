"""What an array remembers of the push that made it, as one of its attributes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from hub.description import Description
from hub.reference import Reference

ATTRIBUTE = "pushed"


@dataclass(frozen=True)
class PushMark:
    """From what an array was pushed, and how far that went.

    Attributes:
        source: what people call the source.
        fingerprint: of the source's state.
        draft: the tag of the draft that a push fills; that of the last one once it is whole.
        content_hash: of the chunks of the whole source; empty until all of them were sent.
    """

    source: str
    fingerprint: str
    draft: str = ""
    content_hash: str = ""

    @classmethod
    def of(cls, description: Description) -> PushMark | None:
        """The mark that an array has, or `None` if it has none, or one that is not understood."""
        known = (description.attributes or {}).get(ATTRIBUTE)
        if not isinstance(known, dict):
            return None
        members = {field.name: known.get(field.name, "") for field in dataclasses.fields(cls)}
        return cls(**members) if all(isinstance(one, str) for one in members.values()) else None

    def attributes(self) -> dict[str, Any]:
        """The mark as an attribute, without what is not known yet."""
        members = dataclasses.asdict(self)
        return {ATTRIBUTE: {name: text for name, text in members.items() if text}}

    def draft_of(self, reference: Reference) -> Reference | None:
        """An array in the draft that is noted, if it is one of the array's own version.

        A fork has the mark of what it was forked from, but not its draft.
        """
        if reference.tag is None or not self.draft.startswith(f"{reference.tag}.draft-"):
            return None
        return dataclasses.replace(reference, tag=self.draft)
