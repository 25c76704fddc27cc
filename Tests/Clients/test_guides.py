"""The guides' commands run as they are written, one after the other, and do what the text says."""

import pathlib
import re
import subprocess
import sys

import pytest

from server_process import clean_environment

GUIDES = pathlib.Path(__file__).resolve().parents[2] / "docs/guides"
# The guide of the Python client is run by that client's own tests: Tests/Python/test_guide.py.
OTHERS = {"python.md"}


def blocks(guide):
    """The blocks of commands of a guide, in order, with their language."""
    text = (GUIDES / guide).read_text()
    return re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "guide", sorted({path.name for path in GUIDES.glob("*.md")} - OTHERS))
def test_the_commands_of_a_guide_run(http_server, tmp_path, guide):
    keys = ":".join(http_server.root_keys)
    environment = clean_environment(
        NAVE=http_server.endpoint, KEYS=keys, NO_PROXY="*",
        AWS_ACCESS_KEY_ID=http_server.root_keys[0],
        AWS_SECRET_ACCESS_KEY=http_server.root_keys[1])
    found = blocks(guide)
    assert found
    earlier = ""
    for language, text in found:
        if language == "sh":
            command = ["bash", "-euo", "pipefail", "-c", text]
        else:
            # Later blocks use what the first defined; its writes may be done again.
            command = [sys.executable, "-c", earlier + text]
            earlier = earlier or text
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
