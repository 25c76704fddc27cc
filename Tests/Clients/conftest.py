"""Servers, clients and buckets for the tests: one server for HTTP and one for TLS a session."""

import pytest

from array_api import ArrayAPI
from certificates import make_certificate
from s3_clients import new_bucket_name, s3_client
from server_process import ServerProcess


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def http_server(tmp_path_factory):
    with ServerProcess(tmp_path_factory.mktemp("http") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def https_server(tmp_path_factory, certificate):
    data = tmp_path_factory.mktemp("https") / "data"
    with ServerProcess(data, certificate=certificate) as server:
        yield server


@pytest.fixture(scope="session", params=["http", "https"])
def server(request):
    """Either server; a test that takes it runs once over HTTP and once over TLS."""
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(scope="session")
def s3(server):
    return s3_client(server)


@pytest.fixture(scope="session")
def http_s3(http_server):
    return s3_client(http_server)


@pytest.fixture(scope="session")
def second_keys(http_server):
    """The keys of a principal beside root, on the HTTP server."""
    return http_server.add_principal("second")


@pytest.fixture(scope="session")
def second_s3(http_server, second_keys):
    return s3_client(http_server, second_keys)


@pytest.fixture
def bucket(s3, request):
    name = new_bucket_name(request.node.originalname)
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def http_bucket(http_s3, request):
    name = new_bucket_name(request.node.originalname)
    http_s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def api(server):
    return ArrayAPI(server)


@pytest.fixture(scope="session")
def http_api(http_server):
    return ArrayAPI(http_server)
