"""Which pair of keys is used, where several places have some; pure.

Both halves are of one place, the first that has an access key. So the halves of different pairs are
never mixed, whatever else is set; AWS's own tools choose likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.errors import Invalid

Place = dict[str, tuple[Any, str]]
"""What one place says: for a name the value, and where exactly it stands."""

ACCESS, SECRET, TOKEN = "access_key", "secret_key", "session_token"


def chosen(places: Sequence[Place]) -> tuple[Place, tuple[str, ...]]:
    """The keys that are used, and a sentence about each that is not, though one may expect it.

    Args:
        places: all of them, the most important first.

    Returns:
        The access key and its secret, as far as that place has them; nothing to ask as nobody.
    """
    remarks = []
    for place in places:
        if ACCESS in place:
            if place[ACCESS][0] and TOKEN in place:
                remarks.append(
                    f"The session token (from {place[TOKEN][1]}) is not sent: a Nave server issues"
                    " none and takes none, so the keys beside it must be its own, and not temporary"
                    " ones of AWS.")
            return {name: place[name] for name in (ACCESS, SECRET) if name in place}, tuple(remarks)
        if SECRET in place:
            remarks.append(f"The secret key (from {place[SECRET][1]}) is not used: there is no"
                           " access key beside it.")
    return {}, tuple(remarks)


def check_whole(place: Place) -> None:
    """Refuses a secret without its access key where somebody just gave it.

    Raises:
        Invalid: there is one.
    """
    if SECRET in place and ACCESS not in place:
        raise Invalid(f"The secret key (from {place[SECRET][1]}) has no access key beside it.",
                      hint="Give both keys in the same place.")
