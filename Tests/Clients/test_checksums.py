"""Checksums: computed by botocore and the AWS CRT, checked and given back by the server."""

import base64
import hashlib
import random

import pytest

from s3_clients import body_of, refused
from signing import checksum, exchange, path_of

ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]
BODY = random.Random(1).randbytes(300_000)
PART = 5 << 20


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 9, 300_000])
def test_a_checksum_sent_by_boto3_is_kept_and_returned(s3, bucket, algorithm, size):
    body = BODY[:size]
    put = s3.put_object(Bucket=bucket, Key="key", Body=body, ChecksumAlgorithm=algorithm)
    expected = checksum(algorithm, body)
    assert put[f"Checksum{algorithm}"] == expected
    assert put.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    for answer in (
        s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED"),
        s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED"),
    ):
        assert answer[f"Checksum{algorithm}"] == expected
        assert answer["ChecksumType"] == "FULL_OBJECT"


def test_a_reader_who_does_not_ask_gets_no_checksum(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x", ChecksumAlgorithm="SHA1")
    answer = exchange(server, "GET", path_of(bucket, "key"))
    assert answer.status == 200
    assert not [name for name in answer.headers if name.lower().startswith("x-amz-checksum")]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_wrong_checksum_in_a_header_stores_nothing(s3, bucket, algorithm):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    wrong = {f"Checksum{algorithm}": checksum(algorithm, b"other")}
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="key", Body=BODY, **wrong)
    assert body_of(s3, bucket, "key") == b"old"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("value", ["", "bad", "AAAA", "====", "A" * 100])
def test_a_malformed_checksum_is_an_invalid_request(server, s3, bucket, algorithm, value):
    headers = {f"x-amz-checksum-{algorithm.lower()}": value}
    answer = exchange(server, "PUT", path_of(bucket, "key"), b"body", headers=headers)
    assert (answer.status, answer.code) == (400, "InvalidRequest"), answer
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")


def test_two_checksums_in_one_request_are_refused(server, bucket):
    headers = {
        "x-amz-checksum-crc32": checksum("CRC32", b"body"),
        "x-amz-checksum-sha1": checksum("SHA1", b"body"),
    }
    answer = exchange(server, "PUT", path_of(bucket, "key"), b"body", headers=headers)
    assert (answer.status, answer.code) == (400, "InvalidRequest"), answer


def test_content_md5_is_checked(server, s3, bucket):
    path = path_of(bucket, "key")
    right = base64.b64encode(hashlib.md5(b"body").digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    answer = exchange(server, "PUT", path, b"old", headers={})
    assert answer.status == 200
    answer = exchange(server, "PUT", path, b"body", headers={"Content-MD5": wrong})
    assert (answer.status, answer.code) == (400, "BadDigest"), answer
    for value in ("", "nonsense", "AAAA"):
        answer = exchange(server, "PUT", path, b"body", headers={"Content-MD5": value})
        assert (answer.status, answer.code) == (400, "InvalidDigest"), answer
    assert body_of(s3, bucket, "key") == b"old"
    answer = exchange(server, "PUT", path, b"body", headers={"Content-MD5": right})
    assert answer.status == 200
    assert body_of(s3, bucket, "key") == b"body"


def test_delete_objects_checks_its_body(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    body = b"<Delete><Object><Key>key</Key></Object></Delete>"
    headers = {"x-amz-checksum-crc32": checksum("CRC32", b"other")}
    answer = exchange(server, "POST", path_of(bucket) + "?delete", body, headers=headers)
    assert (answer.status, answer.code) == (400, "BadDigest"), answer
    s3.head_object(Bucket=bucket, Key="key")
    headers = {"x-amz-checksum-crc32": checksum("CRC32", body)}
    answer = exchange(server, "POST", path_of(bucket) + "?delete", body, headers=headers)
    assert answer.status == 200, answer
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")


def composite(algorithm, bodies):
    joined = b"".join(base64.b64decode(checksum(algorithm, body)) for body in bodies)
    return f"{checksum(algorithm, joined)}-{len(bodies)}"


def send_parts(s3, bucket, bodies, algorithm, kind):
    """Uploads the parts with checksums; returns the upload and what completes it."""
    where = {"Bucket": bucket, "Key": "key"}
    begun = s3.create_multipart_upload(
        **where, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    assert begun["ChecksumAlgorithm"] == algorithm and begun["ChecksumType"] == kind
    where["UploadId"] = begun["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        answer = s3.upload_part(
            **where, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        assert answer[f"Checksum{algorithm}"] == checksum(algorithm, body)
        parts.append({
            "PartNumber": number, "ETag": answer["ETag"],
            f"Checksum{algorithm}": answer[f"Checksum{algorithm}"],
        })
    return where, parts


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [(name, "COMPOSITE") for name in ("CRC32", "CRC32C", "SHA1", "SHA256")]
    + [(name, "FULL_OBJECT") for name in ("CRC32", "CRC32C", "CRC64NVME")],
)
def test_a_multipart_object_has_the_checksum_it_was_begun_with(s3, bucket, algorithm, kind):
    bodies = [random.Random(number).randbytes(size) for number, size in [(1, PART), (2, 77)]]
    where, parts = send_parts(s3, bucket, bodies, algorithm, kind)
    listed = s3.list_parts(**where)
    assert listed["ChecksumAlgorithm"] == algorithm and listed["ChecksumType"] == kind
    assert [item[f"Checksum{algorithm}"] for item in listed["Parts"]] == [
        checksum(algorithm, body) for body in bodies]
    expected = {
        "COMPOSITE": lambda: composite(algorithm, bodies),
        "FULL_OBJECT": lambda: checksum(algorithm, b"".join(bodies)),
    }[kind]()
    answer = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert answer[f"Checksum{algorithm}"] == expected and answer["ChecksumType"] == kind
    head = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == expected and head["ChecksumType"] == kind
    assert body_of(s3, bucket, "key") == b"".join(bodies)


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")],
)
def test_kinds_that_an_algorithm_cannot_have_are_refused(s3, bucket, algorithm, kind):
    with refused("InvalidRequest", 400):
        s3.create_multipart_upload(
            Bucket=bucket, Key="key", ChecksumAlgorithm=algorithm, ChecksumType=kind)


def test_completing_with_a_wrong_whole_checksum_makes_no_object(s3, bucket):
    bodies = [random.Random(1).randbytes(PART), b"tail"]
    where, parts = send_parts(s3, bucket, bodies, "CRC32", "FULL_OBJECT")
    with refused("BadDigest", 400):
        s3.complete_multipart_upload(
            **where, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT",
            ChecksumCRC32=checksum("CRC32", b"other"))
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")
    s3.complete_multipart_upload(
        **where, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT",
        ChecksumCRC32=checksum("CRC32", b"".join(bodies)))
    assert body_of(s3, bucket, "key") == b"".join(bodies)


def test_completing_with_a_wrong_part_checksum_is_refused(s3, bucket):
    where, parts = send_parts(s3, bucket, [b"only"], "SHA256", "COMPOSITE")
    parts[0]["ChecksumSHA256"] = checksum("SHA256", b"other")
    with refused("InvalidPart", 400):
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
