"""CopyObject: the target equals the source and lives on without it."""

import datetime
import random

import pytest

from s3_clients import body_of, new_bucket_name, refused

HOUR = datetime.timedelta(hours=1)
OTHER = '"00000000000000000000000000000000"'


@pytest.fixture
def source(s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="source", Body=b"body", ContentType="text/x-a", CacheControl="no-store",
        Metadata={"color": "blue"})
    return {"Bucket": bucket, "Key": "source"}


@pytest.mark.parametrize("size", [0, 1, 65536, 131073, 6 << 20])
def test_a_copy_is_equal_and_outlives_its_source(s3, bucket, size):
    body = random.Random(size).randbytes(size)
    put = s3.put_object(Bucket=bucket, Key="source", Body=body)
    answer = s3.copy_object(
        Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "source"})
    assert answer["CopyObjectResult"]["ETag"] == put["ETag"]
    assert answer["CopyObjectResult"]["LastModified"]
    s3.put_object(Bucket=bucket, Key="source", Body=b"changed")
    assert body_of(s3, bucket, "copy") == body
    s3.delete_object(Bucket=bucket, Key="source")
    assert body_of(s3, bucket, "copy") == body
    s3.copy_object(Bucket=bucket, Key="again", CopySource={"Bucket": bucket, "Key": "copy"})
    s3.delete_object(Bucket=bucket, Key="copy")
    assert body_of(s3, bucket, "again") == body


def test_a_copy_crosses_buckets(s3, source):
    target = new_bucket_name("target")
    s3.create_bucket(Bucket=target)
    s3.copy_object(Bucket=target, Key="copy", CopySource=source)
    assert body_of(s3, target, "copy") == b"body"


def test_metadata_is_copied_unless_replaced(s3, bucket, source):
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source, Metadata={"ignored": "1"})
    same = s3.head_object(Bucket=bucket, Key="same")
    assert same["Metadata"] == {"color": "blue"}
    assert (same["ContentType"], same["CacheControl"]) == ("text/x-a", "no-store")
    s3.copy_object(
        Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE",
        Metadata={"shape": "round"}, ContentType="text/x-b")
    new = s3.head_object(Bucket=bucket, Key="new")
    assert new["Metadata"] == {"shape": "round"}
    assert new["ContentType"] == "text/x-b" and "CacheControl" not in new


def test_a_copy_onto_itself_must_change_something(s3, bucket, source):
    with refused("InvalidRequest", 400):
        s3.copy_object(Bucket=bucket, Key="source", CopySource=source)
    s3.copy_object(
        Bucket=bucket, Key="source", CopySource=source, MetadataDirective="REPLACE",
        Metadata={"color": "red"})
    assert s3.head_object(Bucket=bucket, Key="source")["Metadata"] == {"color": "red"}
    assert body_of(s3, bucket, "source") == b"body"


@pytest.mark.parametrize("key", ["a b+c%20", "日本/😀", "x:y?z#", "a&b=c"])
def test_any_key_can_be_a_source(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert body_of(s3, bucket, "copy") == key.encode()


def test_a_source_may_begin_with_a_slash_or_not(s3, bucket, source):
    for number, text in enumerate([f"{bucket}/source", f"/{bucket}/source"]):
        s3.copy_object(Bucket=bucket, Key=f"copy-{number}", CopySource=text)
        assert body_of(s3, bucket, f"copy-{number}") == b"body"


def test_a_missing_source_is_named_by_its_code(s3, bucket):
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "missing"})
    with refused("NoSuchBucket", 404):
        s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": "missing-b", "Key": "k"})


def test_conditions_on_the_source_hold(s3, bucket, source):
    head = s3.head_object(**source)
    tag, changed = head["ETag"], head["LastModified"]
    target = {"Bucket": bucket, "Key": "copy", "CopySource": source}
    s3.copy_object(**target, CopySourceIfMatch=tag)
    s3.copy_object(**target, CopySourceIfNoneMatch=OTHER)
    s3.copy_object(**target, CopySourceIfModifiedSince=changed - HOUR)
    s3.copy_object(**target, CopySourceIfUnmodifiedSince=changed + HOUR)
    for condition in [
        {"CopySourceIfMatch": OTHER}, {"CopySourceIfNoneMatch": tag},
        {"CopySourceIfModifiedSince": changed},
        {"CopySourceIfUnmodifiedSince": changed - HOUR},
    ]:
        with refused("PreconditionFailed", 412):
            s3.copy_object(**target, **condition)


def test_a_copy_of_a_multipart_object_is_whole(s3, bucket):
    where = {"Bucket": bucket, "Key": "source"}
    bodies = [random.Random(1).randbytes(5 << 20), b"tail"]
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(
            **where, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)
    ]
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=where)
    s3.delete_object(**where)
    assert body_of(s3, bucket, "copy") == b"".join(bodies)


def test_a_copy_can_ask_for_a_checksum(s3, bucket, source):
    import base64
    import hashlib

    answer = s3.copy_object(
        Bucket=bucket, Key="copy", CopySource=source, ChecksumAlgorithm="SHA256")
    expected = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
    assert answer["CopyObjectResult"]["ChecksumSHA256"] == expected
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == expected
