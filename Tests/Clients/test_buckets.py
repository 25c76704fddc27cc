"""Buckets: created, found, listed, deleted; expected answers are those of Amazon S3."""

import datetime

import pytest
import requests

from s3_clients import new_bucket_name, refused


def names(s3):
    return [entry["Name"] for entry in s3.list_buckets()["Buckets"]]


def test_a_created_bucket_is_listed_with_its_time_and_owner(s3):
    name = new_bucket_name()
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=2)
    answer = s3.create_bucket(Bucket=name)
    assert answer["Location"].endswith(name)
    listing = s3.list_buckets()
    created = {entry["Name"]: entry["CreationDate"] for entry in listing["Buckets"]}[name]
    assert before <= created <= before + datetime.timedelta(seconds=30)
    assert listing["Owner"]["ID"]


def test_buckets_are_listed_in_order_of_their_names(s3):
    for name in ["order-b", "order-a.z", "order-a-z", "order-c"]:
        s3.create_bucket(Bucket=name)
    listed = names(s3)
    assert listed == sorted(listed, key=lambda name: name.encode())


def test_creating_ones_own_bucket_again_answers_200_and_keeps_what_it_holds(s3, bucket):
    s3.put_object(Bucket=bucket, Key="kept", Body=b"kept")
    answer = s3.create_bucket(Bucket=bucket)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"kept"


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "a..b", "192.168.0.1", "xn--abc", "-abc", "abc-", "a_b", "api", "a" * 64],
)
def test_a_name_outside_the_rules_is_refused(s3, name):
    with refused("InvalidBucketName", 400):
        s3.create_bucket(Bucket=name)


@pytest.mark.parametrize("name", ["a1b", "a.b-c", "0ab", "a" * 63])
def test_a_name_inside_the_rules_is_taken(s3, name):
    s3.create_bucket(Bucket=name)
    assert name in names(s3)


def test_head_tells_a_bucket_from_a_missing_one(s3, bucket):
    answer = s3.head_bucket(Bucket=bucket)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    with refused("404", 404):
        s3.head_bucket(Bucket="missing-bucket")


def test_the_location_of_a_bucket_is_the_default_region(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") is None
    with refused("NoSuchBucket", 404):
        s3.get_bucket_location(Bucket="missing-bucket")


def test_an_empty_bucket_is_deleted_and_gone(s3, bucket):
    assert s3.delete_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert bucket not in names(s3)
    with refused("404", 404):
        s3.head_bucket(Bucket=bucket)
    with refused("NoSuchBucket", 404):
        s3.delete_bucket(Bucket=bucket)
    with refused("NoSuchBucket", 404):
        s3.put_object(Bucket=bucket, Key="key", Body=b"")


def test_a_bucket_that_holds_an_object_is_not_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)


def test_a_bucket_made_again_after_its_deletion_is_empty(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "call",
    [
        lambda s3: s3.get_object(Bucket="missing-bucket", Key="k"),
        lambda s3: s3.delete_object(Bucket="missing-bucket", Key="k"),
        lambda s3: s3.list_objects_v2(Bucket="missing-bucket"),
        lambda s3: s3.create_multipart_upload(Bucket="missing-bucket", Key="k"),
        lambda s3: s3.delete_objects(
            Bucket="missing-bucket", Delete={"Objects": [{"Key": "k"}]}),
        lambda s3: s3.copy_object(
            Bucket="missing-bucket", Key="k", CopySource={"Bucket": "missing-b", "Key": "k"}),
    ],
    ids=["get", "delete", "list", "multipart", "delete-many", "copy"],
)
def test_every_operation_on_a_missing_bucket_says_so(s3, call):
    with refused("NoSuchBucket", 404):
        call(s3)


def test_an_error_is_an_xml_document_with_a_request_id(http_server):
    answer = requests.get(f"{http_server.endpoint}/missing-bucket/key", timeout=10)
    assert answer.status_code in (403, 404)
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["x-amz-request-id"]
    assert answer.text.startswith("<?xml")
    assert f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>" in answer.text
