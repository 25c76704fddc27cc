"""Whether an answer with many chunks is the one that was asked for, as far as it can be told.

A frame does not name its key, so another order cannot be seen. What can: how many frames there are,
that tags have the server's form, that what is unchanged is what was asked about, and that payloads
are what their tags name. MD5 of all payloads would take as long as everything else (150 kB: 0.3 ms
of a core, 2026-11); so of those that are not short, the first of each answer is compared, before
anything of it is given out, unless it is a large part of the answer: what mixes payloads up mixes up
most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub import entity_tag
from hub.bundle import Bundle, Frame
from hub.errors import Unavailable


_FIRST_BYTES_MAX = 512 << 10
"""The longest first payload that is compared: a small part of what is asked for at a time."""


class WrongAnswer(Unavailable):
    """It has another number of frames than keys were asked for: any of them may be another's."""


class AnswerCheck:
    """Looks at the frames of one answer, one behind the other; for one thread.

    Args:
        etags: for each key, the tag of what is known of it, or "".
    """

    def __init__(self, etags: Sequence[str], where: str) -> None:
        self._etags, self._where = etags, where
        self._number = -1

    def next(self, bundle: Bundle) -> Frame:
        """The next frame.

        Raises:
            WrongAnswer: there is none.
            Unavailable: it is none that answers what was asked, or the connection broke.
        """
        self._number += 1
        if bundle.stream.remaining == 0:
            raise self._wrong_count("fewer")
        frame = bundle.next()
        if frame.status == 304 and frame.etag != self._etags[self._number]:
            raise self._something_else()
        return frame

    def check(self, frame: Frame, payload: npt.NDArray[np.uint8]) -> None:
        """Sees that a payload is what the frame's tag names.

        Raises:
            Unavailable: it is something else.
        """
        bytes_max = _FIRST_BYTES_MAX if self._number == 0 else entity_tag.COMPARED_BYTES_MAX
        if not frame.coding and entity_tag.contradicts(frame.etag, payload.data, bytes_max):
            raise self._something_else()

    def end(self, bundle: Bundle) -> None:
        """Sees that no frame is left when all keys were answered.

        Raises:
            WrongAnswer: there are more.
        """
        if bundle.stream.remaining:
            raise self._wrong_count("more")

    def _something_else(self) -> Unavailable:
        return Unavailable("What came in place of chunks is something else.", where=self._where,
                           hint=_HINT)

    def _wrong_count(self, word: str) -> WrongAnswer:
        return WrongAnswer(
            f"The answer has {word} chunks than the {len(self._etags)} that were asked for.",
            where=self._where, hint=_HINT)


_HINT = "Something between may answer for the server: `hub doctor` looks."
