"""Whether an answer with many chunks is the one that was asked for, as far as it can be told.

Of a checked answer all can: each frame's checksum says what chunk it is, and that it came as it was sent.

Servers that know no checked answers name no keys, so another order cannot be seen. What can: how many
frames there are, that tags have the server's form, that what is unchanged is what was asked about, and
that payloads are what their tags name. MD5 of all payloads would take as long as everything else
(150 kB: 0.3 ms of a core, 2026-11); so of those that are not short, the first of each answer is
compared, before anything of it is given out, unless it is a large part of the answer: what mixes
payloads up mixes up most.
"""

from __future__ import annotations

from collections.abc import Sequence

import google_crc32c
import numpy as np
import numpy.typing as npt

from hub import entity_tag
from hub.bundle import Bundle, Frame
from hub.errors import Unavailable
from hub.reference import Reference

_FIRST_BYTES_MAX = 512 << 10
"""The longest first payload that is compared: a small part of what is asked for at a time."""


class WrongAnswer(Unavailable):
    """It has another number of frames than keys were asked for: any of them may be another's."""


class AnswerCheck:
    """Looks at the frames of one answer, one behind the other; for one thread.

    Args:
        target: the array that was asked about.
        keys: those that were asked for.
        etags: for each key, the tag of what is known of it, or "".
    """

    def __init__(
        self, target: Reference, keys: Sequence[str], etags: Sequence[str], bundle: Bundle
    ) -> None:
        self._target, self._keys, self._etags = str(target), keys, etags
        self._bundle = bundle
        self._number = -1

    def next(self) -> Frame:
        """The next frame.

        Raises:
            WrongAnswer: there is none.
            Unavailable: it is none that answers what was asked, or the connection broke.
        """
        self._number += 1
        if self._bundle.stream.remaining == 0:
            raise self._wrong_count("fewer")
        frame = self._bundle.next()
        if frame.status == 304 and frame.etag != self._etags[self._number]:
            raise self._something_else()
        return frame

    def check(self, frame: Frame, content: npt.NDArray[np.uint8], checksum: int) -> None:
        """Sees that a chunk is the one that was asked for, and came as it was sent.

        Args:
            content: the payload, and behind it what the answer has of a checksum.
            checksum: the CRC-32C of the payload.

        Raises:
            Unavailable: it is something else.
        """
        if self._bundle.checksum_bytes:
            name = f"{self._target}/{self._keys[self._number]}".encode()
            checksum = google_crc32c.extend(checksum, frame.head + name)
            is_right = content[frame.payload_bytes :].tobytes() == checksum.to_bytes(4, "little")
        else:
            is_right = frame.status != 200 or self._is_named(frame, content)
        if not is_right:
            raise self._something_else()

    def _is_named(self, frame: Frame, payload: npt.NDArray[np.uint8]) -> bool:
        """Whether a payload is what the frame's tag names, as far as it is worth comparing."""
        bytes_max = _FIRST_BYTES_MAX if self._number == 0 else entity_tag.COMPARED_BYTES_MAX
        return bool(frame.coding) or not entity_tag.contradicts(frame.etag, payload.data, bytes_max)

    def end(self) -> None:
        """Sees that no frame is left when all keys were answered.

        Raises:
            WrongAnswer: there are more.
        """
        if self._bundle.stream.remaining:
            raise self._wrong_count("more")

    def _something_else(self) -> Unavailable:
        return Unavailable("What came in place of chunks is something else.", where=self._bundle.where,
                           hint=_HINT)

    def _wrong_count(self, word: str) -> WrongAnswer:
        return WrongAnswer(
            f"The answer has {word} chunks than the {len(self._etags)} that were asked for.",
            where=self._bundle.where, hint=_HINT)


_HINT = "Something between may answer for the server: `hub doctor` looks."
