"""Principals: each uses what is its own, root everything, the public what is public-read."""

import pytest
import requests

from s3_clients import body_of, new_bucket_name, refused, s3_client
from server_process import ServerProcess, nave
from signing import exchange, path_of, presign, send


@pytest.fixture
def private(second_s3):
    """A bucket of the second principal with an object in it."""
    name = new_bucket_name("private")
    second_s3.create_bucket(Bucket=name)
    second_s3.put_object(Bucket=name, Key="key", Body=b"mine")
    return name


@pytest.fixture(scope="module")
def third_s3(http_server):
    return s3_client(http_server, http_server.add_principal("third"))


def test_an_owner_uses_its_bucket_and_root_every_bucket(http_s3, second_s3, private):
    assert body_of(second_s3, private, "key") == b"mine"
    assert body_of(http_s3, private, "key") == b"mine"
    http_s3.put_object(Bucket=private, Key="by-root", Body=b"x")
    assert second_s3.list_objects_v2(Bucket=private)["KeyCount"] == 2


def test_others_are_denied_whatever_they_try(third_s3, private):
    where = {"Bucket": private, "Key": "key"}
    for call in (
        lambda: third_s3.get_object(**where), lambda: third_s3.put_object(**where, Body=b""),
        lambda: third_s3.delete_object(**where), lambda: third_s3.delete_bucket(Bucket=private),
        lambda: third_s3.list_objects_v2(Bucket=private),
        lambda: third_s3.create_multipart_upload(**where),
        lambda: third_s3.list_multipart_uploads(Bucket=private),
        lambda: third_s3.delete_objects(Bucket=private, Delete={"Objects": [{"Key": "key"}]}),
        lambda: third_s3.put_bucket_acl(Bucket=private, ACL="public-read"),
    ):
        with refused("AccessDenied", 403):
            call()
    with refused("403", 403):
        third_s3.head_bucket(Bucket=private)
    with refused("403", 403):
        third_s3.head_object(**where)


def test_others_cannot_copy_out_of_a_bucket(third_s3, private):
    own = new_bucket_name("own")
    third_s3.create_bucket(Bucket=own)
    source = {"Bucket": private, "Key": "key"}
    with refused("AccessDenied", 403):
        third_s3.copy_object(Bucket=own, Key="stolen", CopySource=source)
    upload = third_s3.create_multipart_upload(Bucket=own, Key="stolen")["UploadId"]
    with refused("AccessDenied", 403):
        third_s3.upload_part_copy(
            Bucket=own, Key="stolen", UploadId=upload, PartNumber=1, CopySource=source)


def test_a_listing_of_buckets_shows_ones_own(http_s3, second_s3, third_s3, private):
    def names(client):
        return {entry["Name"] for entry in client.list_buckets()["Buckets"]}

    assert private in names(second_s3) and private in names(http_s3)
    assert private not in names(third_s3)


def test_the_name_of_anothers_bucket_is_taken(third_s3, private):
    with refused("BucketAlreadyExists", 409):
        third_s3.create_bucket(Bucket=private)


def test_the_public_reads_what_is_public_read_and_writes_nothing(http_server, second_s3):
    name = new_bucket_name("public")
    second_s3.create_bucket(Bucket=name, ACL="public-read")
    second_s3.put_object(Bucket=name, Key="key", Body=b"shown", ContentType="text/plain")
    answer = send(http_server, "GET", path_of(name, "key"))
    assert (answer.status, answer.body) == (200, b"shown")
    assert send(http_server, "HEAD", path_of(name, "key")).status == 200
    assert b"<Key>key</Key>" in send(http_server, "GET", path_of(name) + "?list-type=2").body
    assert send(http_server, "GET", path_of(name, "missing")).code == "NoSuchKey"
    for method, path in [
        ("PUT", path_of(name, "key")), ("DELETE", path_of(name, "key")), ("DELETE", path_of(name)),
        ("POST", path_of(name, "key") + "?uploads"), ("PUT", path_of(name) + "?acl"),
        ("GET", path_of(name) + "?uploads"),
    ]:
        answer = send(http_server, method, path)
        assert (answer.status, answer.code) == (403, "AccessDenied"), (method, path)
    answer = send(http_server, "GET", path_of(name, "key") + "?response-content-type=text/html")
    assert (answer.status, answer.code) == (400, "InvalidRequest")


def test_public_read_is_given_and_taken_by_canned_acl(http_server, second_s3, private):
    assert send(http_server, "GET", path_of(private, "key")).status == 403
    second_s3.put_bucket_acl(Bucket=private, ACL="public-read")
    assert send(http_server, "GET", path_of(private, "key")).status == 200
    grants = second_s3.get_bucket_acl(Bucket=private)["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("/AllUsers") for grant in grants)
    second_s3.put_bucket_acl(Bucket=private, ACL="private")
    assert send(http_server, "GET", path_of(private, "key")).status == 403
    grants = second_s3.get_bucket_acl(Bucket=private)["Grants"]
    assert not any(grant["Grantee"].get("URI") for grant in grants)


def test_the_public_cannot_list_buckets(http_server):
    answer = send(http_server, "GET", "/")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_a_presigned_url_carries_its_makers_rights_and_no_more(http_server, second_keys, private):
    url = presign(http_server, "GET", path_of(private, "key"), keys=second_keys)
    assert send(http_server, "GET", url).body == b"mine"
    other = http_server.add_principal("fourth")
    url = presign(http_server, "GET", path_of(private, "key"), keys=other)
    assert send(http_server, "GET", url).code == "AccessDenied"


def test_principals_are_added_listed_and_removed_on_a_running_server(http_server):
    keys = http_server.add_principal("short-lived")
    client = s3_client(http_server, keys)
    assert client.list_buckets()["Buckets"] == []
    listed = nave("principal", "list", "--data", http_server.data)
    assert listed.returncode == 0
    assert "short-lived" in listed.stdout and keys[1] not in listed.stdout
    assert nave("principal", "remove", "short-lived", "--data", http_server.data).returncode == 0
    with refused("InvalidAccessKeyId", 403):
        client.list_buckets()


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "root", "second"])
def test_a_principal_needs_a_name_of_its_own(http_server, second_keys, name):
    result = nave("principal", "add", name, "--data", http_server.data)
    assert result.returncode != 0
    assert result.stderr.strip() and "AWS_SECRET" not in result.stdout


def test_principals_outlive_the_server_and_can_be_added_while_it_is_down(tmp_path):
    data = tmp_path / "data"
    with ServerProcess(data) as server:
        first = server.add_principal("first")
    second = server.add_principal("second")
    with ServerProcess(data) as server:
        for keys in (first, second):
            s3_client(server, keys).list_buckets()


def test_root_is_not_removed_and_it_is_said_how_its_keys_change(tmp_path):
    data = tmp_path / "data"
    with ServerProcess(data) as server:
        before = server.root_keys
        for order in ("remove", "add"):
            result = nave("principal", order, "root", "--data", data)
            assert result.returncode == 1 and result.stdout == ""
            assert "already" not in result.stderr and "nave principal remove" not in result.stderr
            assert "root" in result.stderr and str(data / "keys.env") in result.stderr
        answer = requests.delete(
            f"{server.endpoint}/v1/principals/root", auth=before, timeout=10)
        assert answer.status_code == 409 and "keys.env" in answer.json()["detail"]
        s3_client(server).list_buckets()
    assert nave("principal", "remove", "root", "--data", data).returncode == 1
    # What is said holds.
    keys = data / "keys.env"
    keys.write_text(keys.read_text().replace(before[1], "another-secret"))
    with ServerProcess(data) as server:
        assert server.root_keys == (before[0], "another-secret")
        s3_client(server).list_buckets()


def test_keys_may_come_from_the_environment(tmp_path):
    environment = {
        "NAVE_ROOT_ACCESS_KEY": "ENVIRONMENTKEY", "NAVE_ROOT_SECRET_KEY": "environment-secret/+="}
    with ServerProcess(tmp_path / "data", environment=environment) as server:
        answer = exchange(server, "GET", "/", keys=tuple(environment.values()))
        assert answer.status == 200


def test_the_api_for_principals_is_roots_alone(http_server, second_keys):
    url = f"{http_server.endpoint}/v1/principals"
    assert requests.get(url, auth=http_server.root_keys, timeout=10).status_code == 200
    assert requests.get(url, auth=second_keys, timeout=10).status_code == 403
    assert requests.get(url, timeout=10).status_code == 401
