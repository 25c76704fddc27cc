"""Namespaces over REST: the same that S3 clients know as buckets, by the same rules."""

import hashlib
import json

import botocore.exceptions
import pytest
import requests
import zarr

from array_api import ArrayAPI
from s3_clients import new_bucket_name, s3_client
from signing import exchange
from test_zarr import obstore_store


class Namespaces:
    """`/v1/namespaces` as a principal sees it."""

    def __init__(self, server, keys=None):
        self.base = f"{server.endpoint}/v1/namespaces"
        self.session = ArrayAPI(server, keys).session

    def send(self, method, name="", body=None, **parameters):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        return self.session.request(
            method, f"{self.base}/{name}" if name else self.base, data=data, params=parameters,
            timeout=30)

    def names(self, **parameters):
        """Every name, over all pages."""
        found = []
        while True:
            page = self.send("GET", **parameters).json()
            found += [entry["name"] for entry in page["namespaces"]]
            if page["next"] is None:
                return found
            parameters["cursor"] = page["next"]


@pytest.fixture
def name():
    return new_bucket_name("space")


@pytest.fixture
def mine(server):
    return Namespaces(server)


def code(answer):
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_a_namespace_is_the_bucket_of_s3_clients(server, s3, mine, name):
    created = mine.send("PUT", name, {"access": "public-read"})
    assert created.status_code == 201 and created.json()["access"] == "public-read"
    assert created.headers["Location"] == f"/v1/namespaces/{name}"
    assert name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    grants = s3.get_bucket_acl(Bucket=name)["Grants"]
    assert any(grant["Permission"] == "READ" for grant in grants)
    assert mine.send("PUT", name).status_code == 200
    assert code(mine.send("PUT", name, {"access": "private"})) == (409, "namespace_exists")
    assert mine.send("PATCH", name, {"access": "private"}).json()["access"] == "private"
    assert len(s3.get_bucket_acl(Bucket=name)["Grants"]) == len(grants) - 1
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    assert code(mine.send("DELETE", name)) == (409, "namespace_not_empty")
    s3.delete_object(Bucket=name, Key="a")
    assert mine.send("DELETE", name).status_code == 204
    assert code(mine.send("GET", name)) == (404, "namespace_missing")
    with pytest.raises(botocore.exceptions.ClientError):
        s3.head_bucket(Bucket=name)


def test_a_bucket_is_a_namespace(server, s3, mine, bucket):
    root = zarr.create_group(obstore_store(server, bucket, "g:v0"))
    root.create_array("a", shape=(3,), dtype="i4")
    described = mine.send("GET", bucket).json()
    assert described["owner"] == "root" and described["access"] == "private"
    assert (described["arrays"], described["groups"], described["truncated"]) == (1, 1, False)
    sizes = [entry["Size"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert (described["objects"], described["bytes"]) == (len(sizes), sum(sizes))
    assert (described["kept_objects"], described["kept_bytes"]) == (len(sizes), sum(sizes))


def test_names_come_in_pages_and_by_prefix(mine, name):
    names = sorted(f"{name}-{number}" for number in range(5))
    for each in names:
        mine.send("PUT", each)
    for limit in (1, 2, 5, 1000):
        assert mine.names(prefix=name, limit=limit) == names
    assert set(names) <= set(mine.names())


def test_each_caller_sees_and_does_what_it_may(http_server, http_s3, second_keys, name):
    root, second = Namespaces(http_server), Namespaces(http_server, second_keys)
    nobody = Namespaces(http_server, ())
    assert second.send("PUT", name).json()["owner"] == "second"
    assert name in second.names() and name in root.names()
    stranger = Namespaces(http_server, http_server.add_principal("passer-by"))
    assert name not in stranger.names()
    assert code(stranger.send("PUT", name)) == (409, "namespace_taken")
    for method in ("GET", "PATCH", "DELETE"):
        body = {"access": "private"} if method == "PATCH" else None
        assert code(stranger.send(method, name, body)) == (403, "access_denied")
        assert code(nobody.send(method, name, body)) == (401, "unauthenticated")
    assert code(nobody.send("GET")) == (401, "unauthenticated")
    assert code(nobody.send("PUT", f"{name}-x")) == (401, "unauthenticated")
    assert root.send("PATCH", name, {"access": "public-read"}).status_code == 200
    assert nobody.send("GET", name).json()["owner"] == "second"
    assert name in stranger.names()
    assert code(stranger.send("DELETE", name)) == (403, "access_denied")


@pytest.mark.parametrize("body", [
    b"{", b"[]", b"\xff", b'{"access": "open"}', b'{"access": null}', b'{"acess": "private"}',
    b'{"access": "private"} x', b"[" * 5000, b" " * 100_000, b'{"access": {"a": 1}}'])
def test_a_body_that_is_wrong_changes_nothing(mine, name, body):
    for method in ("PUT", "PATCH"):
        if method == "PATCH":
            mine.send("PUT", name)
        answer = mine.send(method, name, body)
        assert answer.status_code in (400, 413), answer.text
        assert code(answer)[1] in (
            "body_invalid", "member_invalid", "member_unknown", "body_too_large")
        assert (mine.send("GET", name).status_code == 404) == (method == "PUT")


@pytest.mark.parametrize("bad", ["ab", "UPPER", "a..b", "-abc", "api", "1.2.3.4", "a b", "x" * 64])
def test_a_name_that_no_bucket_may_have(mine, bad):
    assert code(mine.send("PUT", bad)) == (400, "namespace_name_invalid")


def test_signed_requests_bind_the_body(server, mine, name):
    path = f"/v1/namespaces/{name}"
    body = b'{"access": "public-read"}'
    created = exchange(server, "PUT", path, body)
    assert created.status == 201 and json.loads(created.body)["access"] == "public-read"
    other = b'{"access":"private"}     '
    assert len(other) == len(body)
    refused = exchange(server, "PATCH", path, other, payload=hashlib.sha256(body).hexdigest())
    assert refused.status == 400 and json.loads(refused.body)["code"] == "body_digest_mismatch"
    assert mine.send("GET", name).json()["access"] == "public-read"
    assert exchange(server, "DELETE", path).status == 204


def test_pages_of_other_origins_may_read_and_not_write(http_server, http_s3, http_bucket):
    base = f"{http_server.endpoint}/v1"
    asked = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "authorization, range"}
    for path in ["zarr/x/y:v0/zarr.json", "data/x/y", "arrays", "stats/x/y", "namespaces/x"]:
        answer = requests.options(f"{base}/{path}", headers=asked, timeout=30)
        assert answer.status_code == 204 and not answer.content
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
        assert "Range" in answer.headers["Access-Control-Allow-Headers"]
        refused = requests.get(f"{base}/{path}", headers={"Origin": "https://viewer.example"},
                               timeout=30)
        assert refused.status_code in (401, 404)
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in requests.get(
        f"{base}/principals", timeout=30).headers
    assert requests.options(f"{base}/nothing", headers=asked, timeout=30).status_code == 404


def test_a_principal_of_its_own_uses_what_it_created(http_server, second_keys, name):
    Namespaces(http_server, second_keys).send("PUT", name)
    s3_client(http_server, second_keys).put_object(Bucket=name, Key="k", Body=b"v")
