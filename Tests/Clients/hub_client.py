"""The original Hub client in a Python of its own, where its old NumPy lives.

The Python is $NAVE_HUB_PYTHON, or the one in `.venv-hub` at the top of the repository.
"""

import os
import pathlib
import subprocess

import pytest

from server_process import REPOSITORY, clean_environment


def hub_python():
    """The interpreter that has hub==0.2.0.4."""
    path = os.environ.get("NAVE_HUB_PYTHON", str(REPOSITORY / ".venv-hub/bin/python"))
    if not pathlib.Path(path).exists():
        pytest.skip("hub==0.2.0.4 is not installed: see Tests/Clients/requirements-hub.txt")
    return path


class HubSession:
    """A person with an empty home who ran `hub configure` against a server."""

    def __init__(self, server, home, bucket):
        home = pathlib.Path(home)
        home.mkdir(parents=True, exist_ok=True)
        self.python = hub_python()
        self.environment = clean_environment(
            HOME=str(home), AWS_ENDPOINT_URL=server.endpoint, AWS_DEFAULT_REGION="us-east-1",
            PYTHONWARNINGS="ignore")
        if server.certificate:
            self.environment["AWS_CA_BUNDLE"] = server.bundle
        self.bucket = f"snark-hub-{bucket}"
        access_key, secret_key = server.root_keys
        self.configured = self._run(
            [str(pathlib.Path(self.python).parent / "hub"), "configure", "-u", access_key,
             "-p", secret_key, "-b", bucket])

    def _run(self, command, check=True):
        result = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def run(self, script, check=True):
        """Runs Python text with hub and numpy imported, and returns what it printed."""
        text = "import hub\nimport numpy as np\n" + script
        result = self._run([self.python, "-c", text], check)
        return result.stdout if check else result
