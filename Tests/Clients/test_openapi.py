"""The OpenAPI document: it is one, it needs no keys, and the server answers as it says."""

import json
import os
import subprocess
import sys

import jsonschema
import numcodecs
import numpy as np
import openapi_spec_validator
import pytest
import requests

from array_api import ArrayAPI
from s3_clients import s3_client
from server_process import ServerProcess, clean_environment
from test_array_data import sample
from test_zarr_view import v2_put

CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
]
# What a run of random requests must not begin or take away: a backup, and the keys it is made with;
# an answer without an end; a volume that is missing, of which there is none; and the document, which is
# asked for to begin with.
LEFT_OUT = [
    "beginBackup", "addPrincipal", "removePrincipal", "followChanges", "forgetVolume",
    "describeAPI",
]
# For a longer search, or to see again what one has found.
SEED = os.environ.get("OPENAPI_SEED", "20261126")
EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "60")


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


def draft_of(api, reference):
    return api.sent("POST", f"drafts/{reference}", status=201)["reference"]


def commit_of(api, reference, message):
    body = json.dumps({"message": message})
    return api.sent("POST", f"commits/{reference}", body, status=201)["digest"]


def history_of(api, reference):
    """Writes to an array of 8 rows of 6 and commits it, several times; the digests in order."""
    digests = []
    for row in range(4):
        api.write(reference, f"{row}", np.full(6, row, "<f4"))
        digests.append(commit_of(api, reference, f"row {row}"))
    return digests


def fill(server):
    """Puts something of every kind on the server, and returns what can be asked about."""
    s3, api = s3_client(server), ArrayAPI(server)
    for name in ["test", "empty"]:
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket="test", Key="bigarray:v0/.zgroup", Body=b'{"zarr_format": 2}')
    data = sample("<i4", (5, 4))
    for path in ["bigarray:v0/a", "library/0"]:
        v2_put(s3, "test", path, data, compressor=numcodecs.Zlib(), chunks=(2, 2), separator="/")
    v2_put(s3, "test", "bigarray:v1", data, chunks=(2, 2), separator="/")
    s3.put_object(Bucket="test", Key="broken:v0/zarr.json", Body=b'{"zarr_format": 3}')
    v2_put(s3, "test", "damaged", data, compressor=numcodecs.Zlib(), chunks=(2, 2))
    s3.put_object(Bucket="test", Key="damaged/0.0", Body=b"no chunk")

    api.create("test/scalar:v0", shape=[], dtype="<f8")
    api.create("test/colours:v0", shape=[8, 8, 3], dtype="uint8", chunks=[4, 4, 3])
    api.write("test/colours:v0", "", sample("|u1", (8, 8, 3)))
    api.create("test/cells:v0", shape=[8, 6], dtype="<f4", chunks=[2, 2], shards=[4, 4])
    digests = history_of(api, "test/cells:v0")
    api.sent("PUT", "versions/test/cells:fork", json.dumps({"from": digests[0]}), status=201)
    api.sent("PATCH", "versions/test/cells:fork", json.dumps({"sealed": True}))
    spare = [f"test/spare:v{number}" for number in range(4)]
    api.create(spare[0], shape=[5, 4], dtype="<i4", chunks=[2, 2])
    for reference in spare[1:]:
        api.sent("PUT", f"versions/{reference}", json.dumps({"from": "v0"}), status=201)
    doomed = [f"test/doomed{number}:v0" for number in range(6)]
    for reference in doomed:
        api.sent("PUT", f"versions/{reference}", json.dumps({"from": "cells:v0"}), status=201)
    api.create("test/grown:v0", shape=[0, 4], dtype="<i4", chunks=[2, 2])
    api.create("test/written:v0", shape=[5, 4], dtype="<i4", chunks=[2, 2])
    drafts = [draft_of(api, "test/cells:v0") for _ in range(4)]
    for draft in drafts[:2]:
        api.write(draft, "0", np.full(6, 9, "<f4"))
    discardable = [draft_of(api, "test/bigarray:v1") for _ in range(4)]
    commits = [f"test/cells@{digest}" for digest in digests]
    api.create("test/past:v0", shape=[8, 6], dtype="<f4", chunks=[2, 2])
    forgettable = [f"test/past@{digest}" for digest in history_of(api, "test/past:v0")]
    return {
        "arrays": [
            "test/bigarray:v0/a", "test/bigarray:v0", "test/bigarray:v1", "test/bigarray",
            "test/broken:v0", "test/damaged", "test/scalar:v0", "test/colours:v0", "test/cells:v0",
            "test/cells:fork", "test", drafts[0], commits[0], *spare[:2]],
        "namespaces": ["test", "empty", "other"],
        "keys": [
            "test/bigarray:v0/zarr.json", "test/bigarray:v0/a/zarr.json", "test/cells:v0/c/0/0",
            "test/cells:v0/zarr.json", "test/bigarray:v1/0/0", "test/damaged/0.0",
            f"{commits[0]}/zarr.json", "test/colours:v0/c/0/0/0"],
        "versions": [
            "test/cells:v0", "test/cells:fork", "test/cells", "test/bigarray:v1", *spare[:3]],
        "commits": commits, "digests": digests, "drafts": drafts,
        "spare": [*spare, "test/spare"],
        "uncreated": [f"test/new{number}:v0" for number in range(20)],
        "unforked": [f"test/fork{number}:v0" for number in range(20)],
        "doomed": doomed, "forgettable": forgettable, "discardable": discardable,
        "grown": ["test/grown:v0", "test/grown:v0", "test/cells:v0", "test/scalar:v0"],
        "written": [
            "test/written:v0", "test/written:v0", "test/written:v0", "test/cells:v0",
            "test/damaged", "test/cells:fork", "test/colours:v0", drafts[1]],
        "sources": [
            "v0", "cells:v0", "cells:fork", digests[-1], "library/0/", "bigarray:v1", "colours:v0"],
        "others": ["v0", "fork", "cells:v0", "bigarray:v1", digests[1], digests[-1]],
    }


def run_schemathesis(server, folder, known):
    """Runs it, and returns the statuses of the answers by operation."""
    access_key, secret_key = server.root_keys
    (folder / "known.json").write_text(json.dumps(known))
    answers = folder / "answers"
    excluded = [part for name in LEFT_OUT for part in ("--exclude-operation-id", name)]
    environment = clean_environment(
        SCHEMATHESIS_HOOKS="openapi_hooks", PYTHONPATH=os.path.dirname(__file__),
        OPENAPI_KNOWN=str(folder / "known.json"), OPENAPI_ANSWERS=str(answers))
    result = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run",
         f"{server.endpoint}/v1/openapi.json", "--checks", ",".join(CHECKS),
         "--auth", f"{access_key}:{secret_key}", "--seed", SEED, "--max-examples", EXAMPLES,
         "--workers", "1", "--request-timeout", "10",
         "--continue-on-failure", "--generation-database", "none", "--no-color", *excluded],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=90 + 5 * int(EXAMPLES))
    lines = [line[:300] for line in result.stdout.splitlines()]
    assert result.returncode == 0, "\n".join(lines[-400:]) + result.stderr[-2000:]
    statuses = {}
    for line in answers.read_text().splitlines():
        name, status = line.split()
        statuses.setdefault(name, set()).add(int(status))
    return statuses


@pytest.mark.slow
def test_answers_are_as_it_says(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        statuses = run_schemathesis(server, tmp_path, fill(server))
        document = requests.get(f"{server.endpoint}/v1/openapi.json", timeout=30).json()
        assert server.is_running()
        assert "error" not in server.output(), server.output()[-2000:]
    operations = {
        operation["operationId"] for item in document["paths"].values()
        for method, operation in item.items() if method != "parameters"}
    # What only refuses would tell nothing of the answers.
    answered = {name for name, found in statuses.items() if any(code < 300 for code in found)}
    assert answered == operations - set(LEFT_OUT)


def test_changes_are_told_as_it_says(tmp_path, document):
    """A stream without an end is read by itself, on a server that has forgotten no change yet."""
    with ServerProcess(tmp_path / "data") as server:
        check_changes(server, document)


def check_changes(server, document):
    api = ArrayAPI(server)
    s3_client(server).create_bucket(Bucket="told")
    api.create("told/cells:v0", shape=[4], dtype="<i4")
    digest = commit_of(api, "told/cells:v0", "first")
    operation = document["paths"]["/v1/changes/{namespace}"]["get"]
    content = operation["responses"]["200"]["content"]["text/event-stream"]
    schema = {**content["x-event-data"], "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    url = f"{server.endpoint}/v1/changes/told?after=0"
    kinds, last = [], 0
    with api.session.get(url, stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        event = {}
        for line in answer.iter_lines(decode_unicode=True):
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
                continue
            if "data" not in event:
                # Where the stream begins.
                event = {}
                continue
            told = json.loads(event["data"])
            validator.validate(told)
            assert int(event["id"]) > last
            kinds, last, event = kinds + [event["event"]], int(event["id"]), {}
            if kinds[-1] == "committed":
                break
    assert told["name"] == "cells" and told["tag"] == "v0" and told["digest"] == digest
    assert "written" in kinds
    for refused, code in [("?after=-1", 400), ("?after=x", 400), ("?from=1", 400)]:
        assert api.session.get(url.split("?")[0] + refused, timeout=30).status_code == code
