"""Hub's own file of settings: TOML, of which single values are changed and the rest stays."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.errors import Invalid

_NAMED = re.compile(r"""\s*(["']?)([A-Za-z0-9_-]+)\1\s*=""")


def read(path: Path) -> dict[str, Any]:
    """What the file says; nothing if there is none.

    Raises:
        Invalid: it is no TOML.
        OSError: it cannot be read.
    """
    return _parsed(path, path.read_text() if path.exists() else "")


def change(path: Path, values: Mapping[str, str | None]) -> None:
    """Sets values in the file, and takes those out that are None; comments and others stay.

    It is written at one moment, for its owner alone, and removed if nothing is left in it.

    Raises:
        Invalid: it is no TOML, or written so that single values cannot be changed.
        OSError: it cannot be read or written.
    """
    # What a link points to is written, and the link stays.
    target = Path(os.path.realpath(path))
    before = target.read_text() if target.exists() else ""
    kept = {name: value for name, value in _parsed(path, before).items() if name not in values}
    wanted = kept | {name: value for name, value in values.items() if value is not None}
    after = _changed(before, values)
    if not after.strip():
        target.unlink(missing_ok=True)
        return
    if _parsed(path, after) != wanted:
        raise Invalid(f"{path} is written in a way in which its values cannot be changed.",
                      hint=f"Change {', '.join(values)} by hand.")
    _write(target, after)


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            f"{path} is not a TOML file: {error}.",
            hint="Mend it, or remove it: `hub login` writes a new one.") from None


def _changed(text: str, values: Mapping[str, str | None]) -> str:
    """A file with other values: in their old places, or behind all that stand in no table."""
    lines = text.splitlines()
    ends = (number for number, line in enumerate(lines) if line.lstrip().startswith("["))
    end = next(ends, len(lines))
    new = {name: f"{name} = {json.dumps(value, ensure_ascii=False)}"
           for name, value in values.items() if value is not None}
    changed = []
    for line in lines[:end]:
        named = _NAMED.match(line)
        if named is None or named[2] not in values:
            changed.append(line)
        elif named[2] in new:
            changed.append(new.pop(named[2]))
    return "".join(f"{line}\n" for line in [*changed, *new.values(), *lines[end:]])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
