"""Multipart uploads: parts become one object, or nothing at all."""

import hashlib
import random

import pytest
from boto3.s3.transfer import TransferConfig

from s3_clients import body_of, refused

PART = 5 << 20


def part_body(number, size=PART):
    return random.Random(number).randbytes(size)


def begin(s3, bucket, key="key", **options):
    where = {"Bucket": bucket, "Key": key}
    return where | {"UploadId": s3.create_multipart_upload(**where, **options)["UploadId"]}


def put_part(s3, upload, number, body):
    return {
        "PartNumber": number,
        "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"],
    }


def complete(s3, upload, parts):
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def whole_tag(bodies):
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"'


def test_parts_sent_out_of_order_become_one_object(s3, bucket):
    bodies = {1: part_body(1), 5: part_body(5, PART + 7), 9: part_body(9, 100)}
    upload = begin(s3, bucket, Metadata={"color": "blue"}, ContentType="text/x-a")
    parts = {number: put_part(s3, upload, number, bodies[number]) for number in (9, 1, 5)}
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")
    answer = complete(s3, upload, [parts[number] for number in (1, 5, 9)])
    expected = whole_tag([bodies[1], bodies[5], bodies[9]])
    assert answer["ETag"] == expected
    assert answer["Bucket"] == bucket and answer["Key"] == "key"
    got = s3.get_object(Bucket=bucket, Key="key")
    assert got["Body"].read() == bodies[1] + bodies[5] + bodies[9]
    assert got["ETag"] == expected
    assert got["Metadata"] == {"color": "blue"} and got["ContentType"] == "text/x-a"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_ranges_cross_parts_and_a_part_can_be_read_by_number(s3, bucket):
    bodies = [part_body(1), part_body(2), part_body(3, 1000)]
    whole = b"".join(bodies)
    upload = begin(s3, bucket)
    complete(s3, upload, [put_part(s3, upload, n, b) for n, b in enumerate(bodies, 1)])
    for first, end in [(PART - 1, PART + 1), (PART - 3, 2 * PART + 5), (2 * PART, len(whole))]:
        got = body_of(s3, bucket, "key", Range=f"bytes={first}-{end - 1}")
        assert got == whole[first:end]
    for number, body in enumerate(bodies, 1):
        got = s3.get_object(Bucket=bucket, Key="key", PartNumber=number)
        assert got["Body"].read() == body and got["PartsCount"] == 3
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        head = s3.head_object(Bucket=bucket, Key="key", PartNumber=number)
        assert head["ContentLength"] == len(body) and head["PartsCount"] == 3
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="key", PartNumber=4)


def test_parts_that_are_not_named_are_left_out(s3, bucket):
    upload = begin(s3, bucket)
    parts = [put_part(s3, upload, number, part_body(number)) for number in (1, 2, 3)]
    complete(s3, upload, [parts[0], parts[2]])
    assert body_of(s3, bucket, "key") == part_body(1) + part_body(3)


def test_a_part_sent_again_replaces_the_first(s3, bucket):
    upload = begin(s3, bucket)
    old = put_part(s3, upload, 1, b"old")
    new = put_part(s3, upload, 1, b"new")
    with refused("InvalidPart", 400):
        complete(s3, upload, [old])
    complete(s3, upload, [new])
    assert body_of(s3, bucket, "key") == b"new"


def test_every_part_but_the_last_needs_5_MiB(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    upload = begin(s3, bucket)
    parts = [put_part(s3, upload, 1, part_body(1, PART - 1)), put_part(s3, upload, 2, b"x")]
    with refused("EntityTooSmall", 400):
        complete(s3, upload, parts)
    assert body_of(s3, bucket, "key") == b"old"


def test_what_cannot_be_completed_is_refused_and_may_be_tried_again(s3, bucket):
    upload = begin(s3, bucket)
    parts = [put_part(s3, upload, number, part_body(number)) for number in (1, 2)]
    with refused("InvalidPartOrder", 400):
        complete(s3, upload, parts[::-1])
    with refused("InvalidPart", 400):
        complete(s3, upload, [parts[0], {"PartNumber": 2, "ETag": '"' + "0" * 32 + '"'}])
    with refused("InvalidPart", 400):
        complete(s3, upload, [*parts, {"PartNumber": 3, "ETag": parts[0]["ETag"]}])
    with refused("MalformedXML", 400):
        complete(s3, upload, [])
    complete(s3, upload, parts)
    assert body_of(s3, bucket, "key") == part_body(1) + part_body(2)


@pytest.mark.parametrize("number", [0, 10001, -1])
def test_a_part_number_outside_1_to_10000_is_refused(s3, bucket, number):
    upload = begin(s3, bucket)
    with refused("InvalidArgument", 400):
        put_part(s3, upload, number, b"x")


def test_the_last_part_number_is_10000(s3, bucket):
    upload = begin(s3, bucket)
    complete(s3, upload, [put_part(s3, upload, 10000, b"x")])
    assert body_of(s3, bucket, "key") == b"x"


def test_an_aborted_upload_is_gone_and_leaves_no_object(s3, bucket):
    upload = begin(s3, bucket)
    part = put_part(s3, upload, 1, b"x")
    answer = s3.abort_multipart_upload(**upload)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (
        lambda: put_part(s3, upload, 2, b"x"),
        lambda: complete(s3, upload, [part]),
        lambda: s3.list_parts(**upload),
        lambda: s3.abort_multipart_upload(**upload),
    ):
        with refused("NoSuchUpload", 404):
            call()
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_an_upload_belongs_to_its_key(s3, bucket):
    upload = begin(s3, bucket)
    with refused("NoSuchUpload", 404):
        s3.upload_part(**(upload | {"Key": "other"}), PartNumber=1, Body=b"x")
    with refused("NoSuchUpload", 404):
        s3.list_parts(**(upload | {"UploadId": "never-given"}))


def test_parts_are_listed_in_order_and_in_pages(s3, bucket):
    upload = begin(s3, bucket)
    numbers = [7, 1, 3, 10000, 2]
    parts = {number: put_part(s3, upload, number, bytes(number % 100)) for number in numbers}
    listed = []
    marker = {}
    while True:
        page = s3.list_parts(**upload, MaxParts=2, **marker)
        listed += page["Parts"]
        if not page["IsTruncated"]:
            break
        assert len(page["Parts"]) == 2
        marker = {"PartNumberMarker": page["NextPartNumberMarker"]}
    assert [item["PartNumber"] for item in listed] == sorted(numbers)
    for item in listed:
        assert item["ETag"] == parts[item["PartNumber"]]["ETag"]
        assert item["Size"] == item["PartNumber"] % 100
        assert item["LastModified"]


def test_uploads_are_listed_with_prefix_delimiter_and_pages(s3, bucket):
    keys = ["a/1", "a/2", "b", "b", "c/1", "ü"]
    begun = [(key, begin(s3, bucket, key)["UploadId"]) for key in keys]
    everything = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert sorted((item["Key"], item["UploadId"]) for item in everything) == sorted(begun)
    assert [item["Key"] for item in everything] == keys
    listed, marker = [], {}
    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=2, **marker)
        listed += [(item["Key"], item["UploadId"]) for item in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        marker = {
            "KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert sorted(listed) == sorted(begun)
    grouped = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in grouped["CommonPrefixes"]] == ["a/", "c/"]
    assert [item["Key"] for item in grouped["Uploads"]] == ["b", "b", "ü"]
    some = s3.list_multipart_uploads(Bucket=bucket, Prefix="a/")["Uploads"]
    assert [item["Key"] for item in some] == ["a/1", "a/2"]


@pytest.mark.parametrize("size", [100, 6 << 20], ids=["inline", "blob"])
def test_a_part_is_copied_from_an_object_whole_or_by_range(s3, bucket, size):
    body = part_body(4, size)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    upload = begin(s3, bucket)
    source = {"Bucket": bucket, "Key": "source"}
    first = s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"]
    assert first["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    second = s3.upload_part_copy(
        **upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=10-59")
    parts = [
        {"PartNumber": 2, "ETag": second["CopyPartResult"]["ETag"]},
    ]
    if size >= PART:
        parts.insert(0, {"PartNumber": 1, "ETag": first["ETag"]})
    s3.delete_object(**source)
    complete(s3, upload, parts)
    assert body_of(s3, bucket, "key") == (body if size >= PART else b"") + body[10:60]


@pytest.mark.parametrize("text", ["bytes=0-100", "bytes=5-", "bytes=9-3", "0-3"])
def test_a_part_is_not_copied_from_a_range_outside_its_source(s3, bucket, text):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = begin(s3, bucket)
    with refused("InvalidArgument", 400) if text != "bytes=0-100" else refused("InvalidRange"):
        s3.upload_part_copy(
            **upload, PartNumber=1, CopySource={"Bucket": bucket, "Key": "source"},
            CopySourceRange=text)


def test_a_completed_upload_replaces_the_object_that_was_there(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    upload = begin(s3, bucket)
    part = put_part(s3, upload, 1, b"new")
    assert body_of(s3, bucket, "key") == b"old"
    complete(s3, upload, [part])
    assert body_of(s3, bucket, "key") == b"new"


def test_boto3_sends_and_fetches_a_large_file_in_parallel_parts(s3, bucket, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(random.Random(42).randbytes(33 * (1 << 20) + 11))
    settings = TransferConfig(
        multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=8,
        preferred_transfer_client="classic")
    s3.upload_file(str(path), bucket, "large", Config=settings)
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-7"')
    s3.download_file(bucket, "large", str(tmp_path / "back"), Config=settings)
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
