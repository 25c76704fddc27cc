"""One server a session, and `hub` configured for it, without anything of this machine's own."""

import itertools
import os
import pathlib
import re
import sys

import boto3
import hypothesis
import pytest

# The same examples each time, unless $HUB_RANDOM_EXAMPLES asks for others; those that fail are printed
# with how to replay them, and nothing is left behind in the folder.
hypothesis.settings.register_profile(
    "hub", database=None, deadline=None, derandomize="HUB_RANDOM_EXAMPLES" not in os.environ)
hypothesis.settings.load_profile("hub")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Clients"))

import hub
from meddling_proxy import MeddlingProxy
from server_process import ServerProcess

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server over HTTP."""
    with ServerProcess(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No keys, endpoints or caches of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "HUB_", "XDG_", "NAVE_")) and name != "NAVE_BINARY":
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture(autouse=True)
def said(monkeypatch):
    """All that errors say in a test: it has no blanks at its ends, whoever's words they are."""
    said = []
    begin = hub.HubError.__init__

    def remember(self, what, **details):
        said.extend([what, details.get("hint", "")])
        begin(self, what, **details)

    monkeypatch.setattr(hub.HubError, "__init__", remember)
    yield said
    assert [one for one in said if one != one.strip()] == []


@pytest.fixture
def settings(server, tmp_path):
    """What `hub` needs to know to ask the server as its root principal."""
    access_key, secret_key = server.root_keys
    return {
        "endpoint": server.endpoint, "access_key": access_key, "secret_key": secret_key,
        "cache_folder": str(tmp_path / "cache"), "retries": 2, "timeout_seconds": 30,
    }


@pytest.fixture
def connected(settings):
    """`hub`, configured for the server until the test ends."""
    with hub.configured(**settings):
        yield hub


@pytest.fixture
def proxy(settings):
    """Something between `hub` and the server, which does as the test says."""
    with MeddlingProxy(settings["endpoint"]) as proxy:
        yield proxy


@pytest.fixture
def s3(settings):
    """A client of the server as an S3 store."""
    return boto3.client(
        "s3", endpoint_url=settings["endpoint"], region_name="us-east-1",
        aws_access_key_id=settings["access_key"], aws_secret_access_key=settings["secret_key"])


@pytest.fixture
def client(connected):
    return hub.current_client()


@pytest.fixture
def namespace(client, request):
    """A namespace of the test's own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.originalname.lower())[:40].strip("-")
    name = f"{name}-{next(_numbers)}"
    client.create_namespace(name)
    return name
