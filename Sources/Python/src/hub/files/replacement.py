"""How what is written gets its name: all at once, and what was there before stays until then."""

from __future__ import annotations

import errno
import os
import pathlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from hub.errors import Conflict, HubError, Invalid

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROOM_HINT = "Take a part of the array, as 'NAME[0:100]' or by index=, or a place with more room."

LEFT_SECONDS_MIN = 24 * 3600
"""For so long the file of a process that is gone is not touched."""


def place(target: str | os.PathLike[str]) -> pathlib.Path:
    """Where a target is, as an absolute path with a name: also for `.` and `..`, and behind links.

    Raises:
        Invalid: it is the folder that this process runs in, or its folder is missing.
    """
    path = pathlib.Path(target)
    if path.is_dir() or path.is_symlink() or path.name in ("", ".."):
        path = path.resolve()
        if path == pathlib.Path.cwd().resolve():
            raise Invalid(f"{target} is the folder that this runs in, and cannot be replaced.",
                          hint="Name a file or folder inside it.")
    if not path.absolute().parent.is_dir():
        raise Invalid(f"There is no folder {path.parent} to write {path.name} into.")
    return path.absolute()


def is_special(target: str | os.PathLike[str]) -> bool:
    """Whether a target is there and neither file nor folder, as `/dev/stdout`."""
    path = pathlib.Path(target)
    return path.exists() and not path.is_file() and not path.is_dir()


def partial_path(target: pathlib.Path) -> pathlib.Path:
    """Where something is written until it is whole, beside its target.

    The suffix stays last: libraries choose the kind of file by it.
    """
    return target.with_name(f".{os.getpid()}.partial.{target.name}")


@contextmanager
def told(target: str | os.PathLike[str]) -> Iterator[None]:
    """Turns failures of the operating system in the block into `Invalid`, by the target's name.

    What is written has another name, which nobody asked for.
    """
    try:
        yield
    except HubError:
        raise
    except OSError as error:
        reason = f": {os.strerror(error.errno)}" if error.errno else f" ({error})"
        raise Invalid(f"{os.fspath(target).rstrip('/')} cannot be written{reason}.",
                      hint=_ROOM_HINT if error.errno in _NO_ROOM else "") from error


@contextmanager
def written_file(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write to, which takes the target's place at the end of the block.

    An exception leaves what was there as it was. Devices are written to as they are.

    Raises:
        Conflict: the target is a folder.
        Invalid: it cannot be written there.
    """
    if is_special(target):
        with told(target), open(target, "wb") as device:
            yield device
        return
    path = place(target)
    if path.is_dir():
        raise Conflict(f"{target} is a folder.", hint="Choose another name.")
    partial = partial_path(path)
    try:
        with told(target):
            with open(partial, "wb") as file:
                yield file
            replace(partial, path)
    finally:
        remove(partial)


def replace(partial: pathlib.Path, target: pathlib.Path) -> None:
    """Gives a file or folder its name.

    A file takes the place of a file at one moment. Of folders the old one is renamed first and
    removed last: it is there, under one of two names, until the new one has its own.
    """
    if not target.is_dir():
        os.replace(partial, target)
        return
    aside = target.with_name(f".{os.getpid()}.replaced.{target.name}")
    try:
        os.rename(target, aside)
        # From now on it counts as new, for those who look for what killed processes left.
        os.utime(aside)
        os.rename(partial, target)
    except BaseException:
        _put_back(aside, target)
        raise
    remove(aside)


def remove(path: pathlib.Path) -> None:
    """Removes a file or folder, if it is there; what cannot be removed is left for `sweep`."""
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def sweep(folder: pathlib.Path) -> None:
    """Removes what killed processes left half-written, and brings back what they had put aside.

    Their process is gone, and it is old. It must be old since the process may be one of another
    machine that has the same folder.
    """
    with suppress(OSError):
        for path in [*folder.glob(".*.partial.*"), *folder.glob(".*.replaced.*")]:
            found = re.match(r"\.(\d+)\.(partial|replaced)\.(.+)", path.name)
            age = time.time() - path.stat().st_mtime
            if not found or age <= LEFT_SECONDS_MIN or _is_running(int(found[1])):
                continue
            if found[2] == "replaced":
                _put_back(path, path.with_name(found[3]))
            remove(path)


def _put_back(aside: pathlib.Path, target: pathlib.Path) -> None:
    """Gives what was put aside its name again, unless something else has it."""
    if aside.exists() and not target.exists():
        with suppress(OSError):
            os.rename(aside, target)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
