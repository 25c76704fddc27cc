"""Where a loader is, as a checkpoint keeps it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hub.errors import Invalid
from hub.training.order import Shuffle

VERSION = 1


@dataclasses.dataclass(frozen=True)
class LoaderState:
    """A place in the order of an epoch, the same for all ranks, worlds and workers.

    Attributes:
        shuffle: the seed and block of the order; `None` if it is that of the array.
        epoch: the number of the epoch, from 0.
        samples: how many samples of it all ranks together were given.
        count: how many the epoch has.
        digest: of the array; empty if it was not pinned.
    """

    shuffle: Shuffle | None
    epoch: int = 0
    samples: int = 0
    count: int = 0
    digest: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and texts, for JSON or `torch.save`."""
        return {
            "version": VERSION,
            "seed": self.shuffle.seed if self.shuffle else None,
            "block": self.shuffle.block_bytes if self.shuffle else None,
            "epoch": self.epoch, "samples": self.samples, "count": self.count,
            "digest": self.digest,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> LoaderState:
        """Reads what `to_dict` wrote.

        Raises:
            Invalid: it is none of this version, or a member is missing or wrong.
        """
        if not isinstance(document, Mapping) or document.get("version") != VERSION:
            raise Invalid(f"This is no state of a loader of version {VERSION}: {document!r}.")
        try:
            seed, block = document["seed"], document["block"]
            shuffle = None if seed is None else Shuffle(seed, block)
            numbers = [document[name] for name in ("epoch", "samples", "count")]
            if any(type(number) is not int or number < 0 for number in numbers):
                raise Invalid(f"Counts in a loader's state are whole numbers, not {numbers}.")
            epoch, samples, count = numbers
            return cls(shuffle, epoch, samples, count, str(document["digest"]))
        except KeyError as error:
            raise Invalid(f"The loader's state has no member {error}.") from None
