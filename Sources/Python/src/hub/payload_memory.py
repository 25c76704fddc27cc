"""Memory of payloads that goes from one to the next.

Pages that the system gives anew are cleared before, one by one: of chunks of 2.4 MB that took 0.03
to 0.1 ms of a core for each 150 kB, as long as receiving them or longer (2026-11).
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

SPARE_BYTES_MIN = 256 << 10
"""Of less, what the allocator keeps is as good."""

SPARE_BYTES_MAX = 8 << 20
"""Longer payloads get memory of their own: what comes bundled has 4 MiB, or little more."""

_SPARE_MAX = 8


class PayloadMemory:
    """Gives memory out, and takes it back when the last view of it is gone; for any threads.

    At most `_SPARE_MAX` blocks of at most `SPARE_BYTES_MAX` bytes are kept for what comes next.

    State: `_spare`, whose single operations are atomic, and which drops the oldest where it is full.
    Of spare blocks the last that came back is given out first, as it may still be in the processor's
    cache; one that does not fit is dropped, so that those of another array are soon gone.
    """

    def __init__(self) -> None:
        self._spare: deque[Bytes] = deque(maxlen=_SPARE_MAX)

    def take(self, size: int) -> Bytes:
        """An array of so many bytes, of any values.

        Raises:
            MemoryError: there is too little memory.
        """
        if not SPARE_BYTES_MIN <= size <= SPARE_BYTES_MAX:
            return np.empty(size, np.uint8)
        # Of what is not written to, no memory is taken; and payloads of one array are about as long.
        block_bytes = 1 << (size - 1).bit_length()
        block = self._spare_block(block_bytes)
        if block is None:
            block = np.empty(block_bytes, np.uint8)
        return np.asarray(_Lent(block, self._spare))[:size]

    def _spare_block(self, block_bytes: int) -> Bytes | None:
        while True:
            try:
                block = self._spare.pop()
            except IndexError:
                return None
            if len(block) == block_bytes:
                return block


class _Lent:
    """The owner of a block in NumPy's eyes; alive as long as any view of it is."""

    __slots__ = ("__array_interface__", "_block", "_spare")

    def __init__(self, block: Bytes, spare: deque[Bytes]) -> None:
        self._block, self._spare = block, spare
        self.__array_interface__: dict[str, Any] = block.__array_interface__

    def __del__(self) -> None:
        self._spare.append(self._block)


payload_memory = PayloadMemory()
"""That of this process; a forked child goes on with a copy of it."""
