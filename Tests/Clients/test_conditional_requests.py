"""Conditional requests: RFC 9110 section 13.2.2 on reads, exactly one winner on writes."""

import concurrent.futures
import datetime

import pytest
from botocore.exceptions import ClientError

from s3_clients import body_of, refused, s3_client

HOUR = datetime.timedelta(hours=1)
OTHER = '"00000000000000000000000000000000"'


@pytest.fixture
def stored(s3, bucket):
    """An object's coordinates, its entity tag and the time it changed."""
    s3.put_object(Bucket=bucket, Key="key", Body=b"body")
    head = s3.head_object(Bucket=bucket, Key="key")
    return {"Bucket": bucket, "Key": "key"}, head["ETag"], head["LastModified"]


def read_status(s3, where, **conditions):
    statuses = []
    for call in (s3.get_object, s3.head_object):
        try:
            statuses.append(call(**where, **conditions)["ResponseMetadata"]["HTTPStatusCode"])
        except ClientError as error:
            statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert statuses[0] == statuses[1], "GET and HEAD disagree"
    return statuses[0]


def test_reads_follow_entity_tags(s3, stored):
    where, tag, _ = stored
    assert read_status(s3, where, IfMatch=tag) == 200
    assert read_status(s3, where, IfMatch=tag.strip('"')) == 200
    assert read_status(s3, where, IfMatch=f"{OTHER}, {tag}") == 200
    assert read_status(s3, where, IfMatch="*") == 200
    assert read_status(s3, where, IfMatch=OTHER) == 412
    assert read_status(s3, where, IfNoneMatch=tag) == 304
    assert read_status(s3, where, IfNoneMatch=tag.strip('"')) == 304
    assert read_status(s3, where, IfNoneMatch=f"{OTHER}, {tag}") == 304
    assert read_status(s3, where, IfNoneMatch="*") == 304
    assert read_status(s3, where, IfNoneMatch=OTHER) == 200


def test_reads_follow_times(s3, stored):
    where, _, changed = stored
    assert read_status(s3, where, IfModifiedSince=changed - HOUR) == 200
    assert read_status(s3, where, IfModifiedSince=changed) == 304
    assert read_status(s3, where, IfUnmodifiedSince=changed) == 200
    assert read_status(s3, where, IfUnmodifiedSince=changed - HOUR) == 412


def test_entity_tags_come_before_times(s3, stored):
    where, tag, changed = stored
    assert read_status(s3, where, IfMatch=tag, IfUnmodifiedSince=changed - HOUR) == 200
    assert read_status(s3, where, IfMatch=OTHER, IfUnmodifiedSince=changed) == 412
    assert read_status(s3, where, IfNoneMatch=tag, IfModifiedSince=changed - HOUR) == 304
    assert read_status(s3, where, IfNoneMatch=OTHER, IfModifiedSince=changed) == 200


def test_a_failed_condition_has_its_code_and_no_body_with_304(s3, stored):
    where, tag, _ = stored
    with refused("PreconditionFailed", 412):
        s3.get_object(**where, IfMatch=OTHER)
    with refused("304", 304) as caught:
        s3.get_object(**where, IfNoneMatch=tag)
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == tag


def test_a_missing_object_is_404_whatever_the_condition(s3, bucket):
    where = {"Bucket": bucket, "Key": "missing"}
    assert read_status(s3, where, IfMatch=OTHER) == 404
    assert read_status(s3, where, IfNoneMatch="*") == 404


def test_put_if_none_match_creates_once_and_keeps_the_first(s3, bucket):
    where = {"Bucket": bucket, "Key": "key"}
    s3.put_object(**where, Body=b"first", IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        s3.put_object(**where, Body=b"second", IfNoneMatch="*")
    assert body_of(s3, **{"bucket": bucket, "key": "key"}) == b"first"
    s3.delete_object(**where)
    s3.put_object(**where, Body=b"third", IfNoneMatch="*")
    assert body_of(s3, bucket, "key") == b"third"


def test_put_if_match_replaces_only_what_the_writer_saw(s3, stored):
    where, tag, _ = stored
    second = s3.put_object(**where, Body=b"second", IfMatch=tag)["ETag"]
    with refused("PreconditionFailed", 412):
        s3.put_object(**where, Body=b"third", IfMatch=tag)
    s3.put_object(**where, Body=b"fourth", IfMatch=second.strip('"'))
    assert body_of(s3, where["Bucket"], "key") == b"fourth"


def test_put_if_match_on_a_missing_object_is_404(s3, bucket):
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="missing", Body=b"x", IfMatch=OTHER)
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="missing")


def test_a_large_body_that_loses_its_condition_leaves_the_old_object(s3, stored):
    where, _, _ = stored
    with refused("PreconditionFailed", 412):
        s3.put_object(**where, Body=b"x" * (3 << 20), IfNoneMatch="*")
    assert body_of(s3, where["Bucket"], "key") == b"body"


@pytest.mark.parametrize(("condition", "wins"), [("none", True), ("exists", False)])
def test_completing_an_upload_obeys_if_none_match(s3, bucket, condition, wins):
    where = {"Bucket": bucket, "Key": "key"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"part")
    if condition == "exists":
        s3.put_object(**where, Body=b"old")
    finish = dict(
        **where, UploadId=upload, IfNoneMatch="*",
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    if wins:
        s3.complete_multipart_upload(**finish)
        assert body_of(s3, bucket, "key") == b"part"
    else:
        with refused("PreconditionFailed", 412):
            s3.complete_multipart_upload(**finish)
        assert body_of(s3, bucket, "key") == b"old"


def outcome(call):
    """`won`, or the status of the refusal."""
    try:
        call()
        return "won"
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("size", [10, 300_000], ids=["inline", "blob"])
def test_of_32_writers_that_create_exactly_one_wins(server, s3, bucket, size):
    clients = [s3_client(server) for _ in range(4)]
    bodies = [bytes([65 + number]) * size for number in range(32)]
    for attempt in range(4):
        key = f"race-{attempt}"

        def write(number):
            return outcome(lambda: clients[number % 4].put_object(
                Bucket=bucket, Key=key, Body=bodies[number], IfNoneMatch="*"))

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            outcomes = list(pool.map(write, range(32)))
        assert outcomes.count("won") == 1, outcomes
        assert set(outcomes) <= {"won", 412, 409}
        assert body_of(s3, bucket, key) == bodies[outcomes.index("won")]


def test_of_writers_that_compare_and_swap_a_counter_none_is_lost(server, s3, bucket):
    clients = [s3_client(server) for _ in range(8)]
    s3.put_object(Bucket=bucket, Key="counter", Body=b"0")

    def add_five(client):
        for _ in range(5):
            while True:
                seen = client.get_object(Bucket=bucket, Key="counter")
                value = int(seen["Body"].read()) + 1
                if outcome(lambda: client.put_object(
                    Bucket=bucket, Key="counter", Body=str(value), IfMatch=seen["ETag"])) == "won":
                    break

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(add_five, clients))
    assert body_of(s3, bucket, "counter") == b"40"
