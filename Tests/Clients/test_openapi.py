"""The OpenAPI document: it is one, it needs no keys, and the server answers as it says."""

import os
import subprocess
import sys

import numcodecs
import openapi_spec_validator
import pytest
import requests

from s3_clients import s3_client
from server_process import ServerProcess, clean_environment
from test_array_data import sample
from test_zarr_view import v2_put

CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
]
# What a run of random requests must not begin or take away: a backup, and the keys it is made with.
LEFT_OUT = ["beginBackup", "addPrincipal", "removePrincipal"]


@pytest.fixture
def document(http_server):
    answer = requests.get(f"{http_server.endpoint}/v1/openapi.json", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def test_the_document_is_one(document):
    openapi_spec_validator.validate(document)
    assert document["openapi"].startswith("3.1")


def test_the_routes_that_it_names_exist(document, http_server):
    for path, item in document["paths"].items():
        url = http_server.endpoint + path.replace("{", "").replace("}", "")
        for method in set(item) - {"parameters"}:
            answer = requests.request(method, url, timeout=30)
            assert str(answer.status_code) in item[method]["responses"], (method, path)
            assert answer.status_code in (200, 400, 401, 404), (method, path)


@pytest.mark.slow
def test_answers_are_as_it_says(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        for name in ["test", "empty"]:
            s3.create_bucket(Bucket=name)
        s3.put_object(Bucket="test", Key="bigarray:v0/.zgroup", Body=b'{"zarr_format": 2}')
        data = sample("<i4", (5, 4))
        for path in ["bigarray:v0/a", "library/0"]:
            v2_put(s3, "test", path, data, compressor=numcodecs.Zlib(), chunks=(2, 2),
                   separator="/")
        v2_put(s3, "test", "bigarray:v1", data, chunks=(2, 2), separator="/")
        access_key, secret_key = server.root_keys
        excluded = [part for name in LEFT_OUT for part in ("--exclude-operation-id", name)]
        result = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run",
             f"{server.endpoint}/v1/openapi.json", "--checks", ",".join(CHECKS),
             "--auth", f"{access_key}:{secret_key}", "--seed", "20261126",
             "--max-examples", "30", "--workers", "1", "--request-timeout", "10",
             "--generation-database", "none", "--no-color", *excluded],
            env=clean_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60)
        lines = [line[:300] for line in result.stdout.splitlines()]
        assert result.returncode == 0, "\n".join(lines[-200:]) + result.stderr[-2000:]
        assert server.is_running()
        assert "error" not in server.output(), server.output()[-2000:]
