"""A process may be started by any method, whatever its parent did before: nothing hangs.

Method: each case is a program of its own (`fork_case.py`), for each interpreter in $NAVE_PYTHONS
(paths, separated as in PATH; the running one if it is not set), with a watchdog of 10 seconds.
`Deploy/test` makes environments for Python 3.11, 3.12 and 3.13 where they are; each must have the
package installed.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from hub.reference import Reference

PYTHONS = [path for path in os.environ.get("NAVE_PYTHONS", "").split(os.pathsep) if path]
# What an interpreter's environment is called, for the names of tests.
each_python = pytest.mark.parametrize(
    "python", PYTHONS or [sys.executable], ids=lambda path: pathlib.Path(path).parts[-3].strip("."))
PROGRAM = pathlib.Path(__file__).parent / "fork_case.py"


@pytest.fixture
def array(client, namespace):
    """64 numbers in chunks of 2, open, so that every read asks the server for every chunk."""
    reference = Reference.parse(f"{namespace}/x:v1")
    client.create_array(reference, {"shape": [64], "dtype": "int64", "chunks": [2]})
    client.write_region(reference, "", np.arange(64))
    return reference


@each_python
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("use", ["unused", "used", "threads"])
def test_a_child_reads_whatever_its_parent_did(array, settings, python, method, use, tmp_path):
    found = run(python, method, use, array, settings, tmp_path)
    # Only a child that inherited obstore must do without it.
    has_inherited = method == "fork" and use != "unused"
    total = int(np.arange(64).sum())
    assert found == {
        "sum": total, "fresh": total, "chunks": 32, "used_obstore": not has_inherited,
    }


@each_python
def test_no_lock_is_left_to_a_child_while_threads_open_arrays(
        array, client, settings, python, tmp_path):
    commit = array.at(client.commit(array)["digest"])
    found = run(python, "fork", "opening", commit, settings, tmp_path)
    assert found["sum"] == found["fresh"] == np.arange(64).sum()


def run(python, method, use, array, settings, tmp_path):
    """Runs the program, and what its last child told."""
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")
    } | {
        "HUB_ENDPOINT": settings["endpoint"], "HUB_ACCESS_KEY": settings["access_key"],
        "HUB_SECRET_KEY": settings["secret_key"], "HUB_CACHE": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [python, "-W", "ignore::DeprecationWarning", PROGRAM, method, use, str(array)],
        env=environment, capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
