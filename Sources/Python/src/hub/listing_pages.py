"""Listings that come page after page, each of which says where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from hub.errors import Unavailable

Page = TypeVar("Page")


def pages_of(ask: Callable[[str], tuple[Page, str | None]], where: str) -> Iterator[Page]:
    """All pages of a listing.

    Args:
        ask: gets where a page begins, "" for the first, and gives it and where the next one begins,
            or None behind the last.
        where: what is asked, for the failure.

    Raises:
        Unavailable: a page says that the next one is one that came before, so there is no end.
    """
    cursor = ""
    seen = {cursor}
    while True:
        page, following = ask(cursor)
        yield page
        if following is None:
            return
        if following in seen:
            raise Unavailable(
                "The pages of a listing begin anew, and never end.", where=where,
                hint="Something between may answer for the server: `hub doctor` looks.")
        seen.add(following)
        cursor = following
