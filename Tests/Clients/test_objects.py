"""Objects: stored, read, described and deleted exactly as given."""

import datetime
import hashlib
import random

import pytest

from s3_clients import body_of, refused

MEBIBYTE = 1 << 20
SIZES = [
    0, 1, 2, 4095, 4096, 4097, 65535, 65536, 65537, 131071, 131072, 131073,
    MEBIBYTE, 12 * MEBIBYTE, 20 * MEBIBYTE,
]
KEYS = [
    "plain", "with space", "a+b", "a%2Fb", "100%", "ü", "日本/語", "emoji-😀", "name:tag/c/0",
    "~.-_", "(x)!*'", "a?b#c", "a&b=c;d,e@f$g", "back\\slash", 'quo"te', "<tag>&amp;", "[x]{y}|^`",
    "trailing/", ".hidden", "a..b", "...", "tab\there", "line\nbreak", "é", "e\u0301",
    "k" * 1024, "日" * 341,
]


def random_bytes(size, seed=None):
    return random.Random(size if seed is None else seed).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_an_object_of_any_size_comes_back_whole(s3, bucket, size):
    body = random_bytes(size)
    put = s3.put_object(Bucket=bucket, Key="key", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="key")
    assert got["ContentLength"] == size
    assert got["ETag"] == put["ETag"]
    assert got["AcceptRanges"] == "bytes"
    assert got["Body"].read() == body
    head = s3.head_object(Bucket=bucket, Key="key")
    assert head["ContentLength"] == size and head["ETag"] == put["ETag"]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key)[:24])
def test_any_key_is_stored_found_listed_and_deleted(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert body_of(s3, bucket, key) == key.encode()
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [entry["Key"] for entry in listed] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key=key)


def test_keys_are_told_apart_by_their_bytes_not_by_unicode_equivalence(s3, bucket):
    pair = ["é", "e\u0301"]
    for key in pair:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert [body_of(s3, bucket, key) for key in pair] == [key.encode() for key in pair]


def test_a_key_of_1025_bytes_is_refused(s3, bucket):
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="k" * 1025, Body=b"x")


def test_an_overwritten_object_is_the_last_one_written(s3, bucket):
    for size in [10, 0, 200_000, 3, 70_000]:
        s3.put_object(Bucket=bucket, Key="key", Body=random_bytes(size))
        assert body_of(s3, bucket, "key") == random_bytes(size)


def test_a_missing_object_is_NoSuchKey_and_404(s3, bucket):
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="missing")
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="missing")


def test_deleting_is_the_same_for_a_present_and_a_missing_object(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    for _ in range(2):
        answer = s3.delete_object(Bucket=bucket, Key="key")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_many_objects_are_deleted_in_one_request(s3, bucket):
    keys = [f"folder/{number:04}" for number in range(40)] + ["<a>&b", "日本"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    wanted = [{"Key": key} for key in [*keys[1:], "missing"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert "Errors" not in answer
    assert {entry["Key"] for entry in answer["Deleted"]} == {entry["Key"] for entry in wanted}
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == keys[:1]


def test_a_quiet_deletion_names_only_errors(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"")
    answer = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "key"}, {"Key": "no"}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_more_than_1000_deletions_in_one_request_are_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="0", Body=b"")
    wanted = [{"Key": str(number)} for number in range(1001)]
    with refused("MalformedXML", 400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    s3.head_object(Bucket=bucket, Key="0")


def test_user_metadata_comes_back_with_lower_case_names(s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="key", Body=b"x",
        Metadata={"Color": "blue green", "empty": "", "json": '{"a": [1, 2]}', "a-b_c.d": "1"})
    expected = {"color": "blue green", "empty": "", "json": '{"a": [1, 2]}', "a-b_c.d": "1"}
    assert s3.head_object(Bucket=bucket, Key="key")["Metadata"] == expected
    assert s3.get_object(Bucket=bucket, Key="key")["Metadata"] == expected
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="key")["Metadata"] == {}


def test_more_than_2_KB_of_user_metadata_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    with refused("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="key", Body=b"new", Metadata={"m": "v" * 2049})
    assert body_of(s3, bucket, "key") == b"old"


def test_system_headers_come_back(s3, bucket):
    expires = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
    headers = {
        "CacheControl": "max-age=60, private", "ContentDisposition": 'attachment; filename="a b"',
        "ContentEncoding": "gzip", "ContentLanguage": "de, en", "ContentType": "image/x-scan",
    }
    s3.put_object(Bucket=bucket, Key="key", Body=b"x", Expires=expires, **headers)
    for answer in (s3.head_object(Bucket=bucket, Key="key"), s3.get_object(Bucket=bucket, Key="key")):
        assert {name: answer[name] for name in headers} == headers
        assert answer["ExpiresString"] == "Tue, 06 May 2031 07:08:09 GMT"


def test_the_content_encoding_keeps_no_trace_of_the_transfer(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"x" * 100, ChecksumAlgorithm="SHA256")
    assert s3.head_object(Bucket=bucket, Key="a").get("ContentEncoding", "") == ""
    s3.put_object(
        Bucket=bucket, Key="b", Body=b"x", ContentEncoding="gzip", ChecksumAlgorithm="SHA256")
    assert s3.head_object(Bucket=bucket, Key="b")["ContentEncoding"] == "gzip"


def test_an_object_without_a_content_type_is_octets(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="key")["ContentType"] == "binary/octet-stream"


def test_a_signed_reader_may_override_response_headers(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"x", ContentType="text/plain")
    answer = s3.get_object(
        Bucket=bucket, Key="key", ResponseContentType="image/png",
        ResponseCacheControl="no-store", ResponseContentDisposition="inline; x=1",
        ResponseContentEncoding="identity", ResponseContentLanguage="fr")
    assert answer["ContentType"] == "image/png"
    assert answer["CacheControl"] == "no-store"
    assert answer["ContentDisposition"] == "inline; x=1"
    assert answer["ContentEncoding"] == "identity"
    assert answer["ContentLanguage"] == "fr"
    assert s3.get_object(Bucket=bucket, Key="key")["ContentType"] == "text/plain"


def test_the_time_of_change_has_whole_seconds_and_moves_forward(s3, bucket):
    now = datetime.datetime.now(datetime.timezone.utc)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    changed = s3.head_object(Bucket=bucket, Key="key")["LastModified"]
    assert changed.microsecond == 0
    assert abs((changed - now).total_seconds()) < 30
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"]
    assert abs((listed - changed).total_seconds()) < 1


def test_a_body_sent_in_pieces_of_unknown_size_is_stored_whole(s3, bucket, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(random_bytes(3 * MEBIBYTE + 17))
    with path.open("rb") as stream:
        s3.put_object(Bucket=bucket, Key="key", Body=stream)
    assert body_of(s3, bucket, "key") == path.read_bytes()
