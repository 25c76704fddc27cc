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
