"""Symbolic links in a folder that is pushed: they must not lead out of it.

Whoever pushes a folder that somebody else made shall not publish files of his own that it links to.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Iterator

from hub.errors import Invalid


def check_links(links: Iterable[str | os.PathLike[str]], folder: pathlib.Path) -> None:
    """Refuses links of a folder that lead out of it.

    Raises:
        Invalid: one does; the message names it.
    """
    root = os.path.realpath(folder)
    for link in links:
        target = os.path.realpath(link)
        if os.path.commonpath((root, target)) != root:
            raise Invalid(
                f"{os.fspath(link)} is a link that leads out of {folder}, to {target}.",
                hint="Put what it leads to in its place: what is not in a folder is not pushed "
                     "with it.")


def links_below(folder: pathlib.Path) -> Iterator[str]:
    """The symbolic links in a folder and in the folders in it, which are not followed."""
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
