"""The guide's commands and lines run as they are written, one after the other.

Method: the blocks become one program, so that later lines use what earlier ones made, as a reader's
would; commands of the shell run in between.
"""

import os
import pathlib
import re
import subprocess
import sys

import pytest

import hub
from server_process import REPOSITORY

GUIDE = REPOSITORY / "docs/guides/python.md"
SECONDS_MAX = 120


def program():
    """The guide as a Python program: `(text, number of blocks)`."""
    found = re.findall(r"^```(sh|python)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    lines = ["import subprocess"]
    for number, (language, text) in enumerate(found):
        lines.append(f"print('block {number}', flush=True)")
        if language == "sh":
            lines.append(
                f"subprocess.run(['bash', '-euo', 'pipefail', '-c', {text!r}], check=True)")
        else:
            lines.append(text)
    return "\n".join(lines), len(found)


def test_the_guide_runs(server, tmp_path):
    pytest.importorskip("dask")
    text, count = program()
    assert count >= 12
    folder = tmp_path / "work"
    folder.mkdir()
    environment = {
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "COLUMNS": "80", "LINES": "24",
        "NAVE": server.endpoint, "KEYS": ":".join(server.root_keys)}
    done = subprocess.run(
        [sys.executable, "-c", text], env=environment, cwd=folder, capture_output=True, text=True,
        timeout=SECONDS_MAX)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    shown = done.stdout
    assert "✓ access" in shown and "test/scores:v2" in shown and "the first 500 faces" in shown
    first = (folder / "first.csv").read_text().split()
    assert len(first) == 30 and (folder / "scores.zarr/zarr.json").exists()


VALUES = {
    "endpoint": ("http://x:1", "http://x:1"), "access_key": ("A", "A"), "secret_key": ("s", "s"),
    "region": ("eu-1", "eu-1"), "cache_folder": ("/x", "/x"), "offline": ("yes", True),
    "cache_bytes_max": ("10GB", 10**10), "timeout_seconds": ("2.5", 2.5), "retries": ("3", 3)}


def variables():
    """The rows of the guide's table: `(ours, AWS's, default, names of settings)`."""
    _, rows = GUIDE.read_text().split("| variable |", 1)
    cells = [row.split("|")[1:5] for row in rows.split("\n\n")[0].splitlines()[2:]]
    return [[re.findall("`([^`]+)`", cell) for cell in row] for row in cells]


def test_all_variables_are_in_the_guide():
    told = [name for ours, *_ in variables() for name in ours]
    source = REPOSITORY / "Sources/Python/src/hub"
    read = {name for path in source.rglob("*.py")
            for name in re.findall(r"HUB_[A-Z_]*[A-Z]", path.read_text())}
    assert sorted(told) == sorted(read)


@pytest.mark.parametrize("row", variables(), ids=lambda row: row[0][0])
def test_a_variable_does_what_the_guide_says(row, monkeypatch, tmp_path):
    ours, theirs, default, names = row
    if ours == ["HUB_CONFIG"]:
        (tmp_path / "own.toml").write_text("retries = 9\n")
        monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "own.toml"))
        assert hub.current_configuration().retries == 9
        return
    before = hub.current_configuration()
    verify = ("no", False) if ours == ["HUB_VERIFY"] else ("/ca.pem", "/ca.pem")
    values = VALUES | {"verify": verify}
    is_pair = names[:2] == ["access_key", "secret_key"]
    # AWS's from the last one on, so that each comes before those that are set already.
    for places in ([theirs, ours] if is_pair else [[one] for one in [*theirs[::-1], *ours]]):
        for place, name in zip(places, names):
            monkeypatch.setenv(place, values[name][0])
        found = hub.current_configuration()
        for place, name in zip(places, names):
            assert (getattr(found, name), found.sources[name]) == (values[name][1], place)
    if default and not is_pair:
        for place in theirs:
            monkeypatch.delenv(place)
        monkeypatch.setenv(ours[0], default[0])
        assert getattr(hub.current_configuration(), names[0]) == getattr(before, names[0])


@pytest.mark.parametrize("page", ["README.md", "Sources/Python/README.md"])
def test_the_first_lines_in_the_pages_run(connected, page):
    blocks = re.findall(r"^```python\n(.*?)^```$", (REPOSITORY / page).read_text(), re.M | re.S)
    (text,) = [block for block in blocks if "import hub" in block]
    exec(compile(text, page, "exec"), {})
    assert connected.load("test/bigarray:v0")[-1].max() > 0


def test_what_is_said_of_the_command_line_is_so():
    """Every command that the guide names in its prose is one."""
    named = set(re.findall(r"`hub (\w+)", GUIDE.read_text()))
    done = subprocess.run(
        [sys.executable, "-m", "hub", "--help"], capture_output=True, text=True, timeout=30)
    assert named and named <= set(re.findall(r"^    (\w+) ", done.stdout, re.MULTILINE))
