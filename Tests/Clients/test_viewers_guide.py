"""The guide to viewers: its commands run in order, and what it gives to a browser is the address of an array."""

import re
import subprocess
import sys
import urllib.parse

import requests

from server_process import REPOSITORY, clean_environment

GUIDE = REPOSITORY / "docs/guides/viewers.md"
PLACE = "http://127.0.0.1:9000"


def blocks(languages):
    """The languages and texts of the guide's blocks of code."""
    return re.findall(rf"^```({languages})\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)


def test_the_commands_run_and_the_addresses_lead_to_an_array(http_server, tmp_path):
    access_key, secret_key = http_server.root_keys
    environment = clean_environment(
        NAVE=http_server.endpoint, KEYS=f"{access_key}:{secret_key}",
        AWS_ACCESS_KEY_ID=access_key, AWS_SECRET_ACCESS_KEY=secret_key, PYTHONWARNINGS="ignore")
    first = ""
    for language, text in blocks("sh|python"):
        # Blocks of Python go on after the first, which may be run again.
        command = (
            ["bash", "-euc", text] if language == "sh" else [sys.executable, "-c", first + text])
        if language == "python":
            first = first or text
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    assert (tmp_path / "first.bytes").stat().st_size == 100
    addresses = blocks("text")
    assert len(addresses) == 3
    for _, text in addresses:
        address = re.search(rf'{PLACE}[^"\s]*', urllib.parse.unquote(text)).group()
        answer = requests.get(
            f"{address.replace(PLACE, http_server.endpoint)}/zarr.json",
            headers={"Origin": "https://viewer.example"}, timeout=30)
        assert answer.json()["node_type"] == "array"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
