"""Signatures: what botocore signs is accepted, and nothing that differs from it."""

import urllib.parse

import pytest

from s3_clients import body_of
from signing import (
    EMPTY_DIGEST, connect, exchange, now, path_of, presign, send, sign,
)


@pytest.fixture
def path(s3, bucket):
    s3.put_object(Bucket=bucket, Key="name:tag/key", Body=b"body")
    return path_of(bucket, "name:tag/key")


def get(server, path, **options):
    return exchange(server, "GET", path, **options)


def test_a_signed_request_is_answered(server, path):
    answer = get(server, path)
    assert (answer.status, answer.body) == (200, b"body")


@pytest.mark.parametrize(
    "raw",
    [
        lambda path: path.replace("%3A", ":"), lambda path: path.replace("%3A", "%3a"),
        lambda path: path.replace("key", "%6Bey"),
    ],
    ids=["raw colon", "lower-case escape", "needless escape"],
)
def test_a_path_means_the_same_however_its_bytes_are_escaped(server, path, raw):
    request, _, _ = sign(server, "GET", path)
    answer = send(server, "GET", raw(path), dict(request.headers))
    assert (answer.status, answer.body) == (200, b"body"), answer
    anonymous = presign(server, "GET", path)
    answer = send(server, "GET", raw(anonymous.split("?")[0]) + "?" + anonymous.split("?")[1])
    assert (answer.status, answer.body) == (200, b"body"), answer


def test_an_anonymous_request_is_denied(server, path):
    for method in ("GET", "PUT", "DELETE"):
        answer = send(server, method, path)
        assert (answer.status, answer.code) == (403, "AccessDenied")
    assert send(server, "HEAD", path).status == 403


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(server, path):
    access_key, secret = server.root_keys
    answer = get(server, path, keys=(access_key, secret + "x"))
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    answer = get(server, path, keys=("UNKNOWNKEY", secret))
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize(("minutes", "accepted"), [(-14, 1), (14, 1), (-16, 0), (16, 0)])
def test_a_clock_may_be_15_minutes_off_and_not_more(server, path, minutes, accepted):
    answer = get(server, path, when=now(minutes=minutes))
    if accepted:
        assert answer.status == 200
    else:
        assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed")


def test_a_scope_may_name_any_region_but_no_other_service(server, path):
    assert get(server, path, region="eu-west-1").status == 200
    request, _, _ = sign(server, "GET", path)
    headers = dict(request.headers)
    headers["Authorization"] = headers["Authorization"].replace("/s3/", "/sts/")
    answer = send(server, "GET", path, headers)
    assert answer.status in (400, 403), answer


@pytest.mark.parametrize(
    "text",
    [
        "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "Bearer abc", "AWS a:b",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/s3/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 " + "x" * 4000, "AWS4-HMAC-SHA256 \u2603",
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_a_malformed_authorization_is_refused(server, path, text):
    headers = {"Authorization": text, "x-amz-date": now().strftime("%Y%m%dT%H%M%SZ"),
               "x-amz-content-sha256": EMPTY_DIGEST}
    answer = send(server, "GET", path, headers)
    assert answer.status in (400, 403) and answer.code, answer


@pytest.mark.parametrize(
    "change",
    [
        {"x-amz-date": "20200101T000000Z"}, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        {"Range": "bytes=0-0"},
    ],
    ids=str,
)
def test_a_signed_header_cannot_be_changed(server, path, change):
    request, _, _ = sign(server, "GET", path, {"Range": "bytes=1-2"})
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers |= {name.lower(): value for name, value in change.items()}
    answer = send(server, "GET", path, headers)
    assert answer.status in (400, 403), answer
    assert answer.code in (
        "SignatureDoesNotMatch", "RequestTimeTooSkewed", "AccessDenied",
        "AuthorizationHeaderMalformed")


def test_an_amz_header_that_was_not_signed_is_refused(server, path):
    request, _, _ = sign(server, "PUT", path)
    headers = dict(request.headers) | {"x-amz-meta-added": "1", "Content-Length": "0"}
    answer = send(server, "PUT", path, headers)
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_method_path_and_query_are_part_of_the_signature(server, path):
    request, _, _ = sign(server, "GET", path + "?partNumber=1")
    headers = dict(request.headers)
    for method, changed in [
        ("DELETE", path + "?partNumber=1"), ("GET", path + "x?partNumber=1"),
        ("GET", path + "?partNumber=2"), ("GET", path), ("GET", path + "?partNumber=1&x=1"),
    ]:
        answer = send(server, method, changed, headers)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), changed


@pytest.mark.parametrize(
    "query",
    [
        "list-type=2&prefix=a%20b%2Fc&delimiter=%2F&max-keys=3", "prefix=%E6%97%A5&list-type=2",
        "prefix=a%2Bb&marker=z", "list-type=2&prefix=&delimiter=", "uploads", "location",
        "prefix=%3D%26%3F&list-type=2", "list-type=2&prefix=~-._",
    ],
)
def test_any_query_is_canonicalised_as_botocore_does(server, bucket, query):
    answer = exchange(server, "GET", path_of(bucket) + "?" + query)
    assert answer.status == 200, answer


def test_signed_header_values_are_trimmed_and_folded_as_botocore_does(server, bucket):
    headers = {"x-amz-meta-a": "  two   words  ", "Content-Type": "text/plain;  q=1"}
    answer = exchange(server, "PUT", path_of(bucket, "key"), b"body", headers=headers)
    assert answer.status == 200, answer


def test_a_body_that_is_not_the_signed_one_is_refused_and_not_stored(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old body")
    for size in (8, 300_000):
        path = path_of(bucket, "key")
        request, _, _ = sign(server, "PUT", path, payload=EMPTY_DIGEST)
        answer = send(server, "PUT", path, dict(request.headers), b"x" * size)
        assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch"), answer
        assert body_of(s3, bucket, "key") == b"old body"


def test_an_unsigned_payload_is_accepted(server, s3, bucket):
    path = path_of(bucket, "key")
    answer = exchange(server, "PUT", path, b"body", payload="UNSIGNED-PAYLOAD")
    assert answer.status == 200, answer
    assert body_of(s3, bucket, "key") == b"body"


def test_the_payload_header_is_required_and_must_make_sense(server, bucket):
    for payload in ("nonsense", "0" * 63, "STREAMING-UNKNOWN"):
        answer = exchange(server, "PUT", path_of(bucket, "key"), b"x", payload=payload)
        assert answer.status in (400, 403) and answer.code, answer


def test_presigned_reads_and_writes_are_answered(server, s3, bucket):
    path = path_of(bucket, "ü x+y")
    body = b"x" * 200_000
    assert send(server, "PUT", presign(server, "PUT", path), body=body).status == 200
    answer = send(server, "GET", presign(server, "GET", path))
    assert answer.status == 200 and answer.body == body
    assert send(server, "HEAD", presign(server, "HEAD", path)).status == 200
    assert send(server, "DELETE", presign(server, "DELETE", path)).status == 204


def test_a_presigned_url_made_by_boto3_works_with_its_parameters(server, s3, bucket, path):
    url = s3.generate_presigned_url(
        "get_object",
        {"Bucket": bucket, "Key": "name:tag/key", "ResponseContentType": "image/png"})
    answer = send(server, "GET", url.removeprefix(server.endpoint))
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png"


def test_a_presigned_url_ends_when_it_said(server, path):
    url = presign(server, "GET", path, when=now(seconds=-30), expires=20)
    answer = send(server, "GET", url)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    url = presign(server, "GET", path, when=now(seconds=-30), expires=60)
    assert send(server, "GET", url).status == 200
    url = presign(server, "GET", path, when=now(hours=1), expires=60)
    assert send(server, "GET", url).status == 403


@pytest.mark.parametrize("expires", [0, -1, 604801, "x"])
def test_a_presigned_url_lives_between_one_second_and_seven_days(server, path, expires):
    answer = send(server, "GET", presign(server, "GET", path, expires=expires))
    assert answer.status in (400, 403), answer
    assert answer.code in ("AuthorizationQueryParametersError", "AccessDenied")


def test_no_part_of_a_presigned_url_can_be_changed(server, path):
    url = presign(server, "GET", path)
    assert send(server, "GET", url).status == 200
    plain, query = url.split("?")
    parameters = urllib.parse.parse_qsl(query)
    for name, value in parameters:
        changed = value[:-1] + ("1" if value[-1] == "0" else "0")
        altered = [(n, changed if n == name else v) for n, v in parameters]
        answer = send(server, "GET", f"{plain}?{urllib.parse.urlencode(altered)}")
        assert answer.status in (400, 403), (name, answer)
        missing = [(n, v) for n, v in parameters if n != name]
        answer = send(server, "GET", f"{plain}?{urllib.parse.urlencode(missing)}")
        assert answer.status in (400, 403), (name, answer)
    assert send(server, "GET", url + "&partNumber=1").status == 403
    assert send(server, "DELETE", url).status == 403


def test_a_request_signed_twice_is_refused(server, path):
    request, _, _ = sign(server, "GET", path)
    answer = send(server, "GET", presign(server, "GET", path), dict(request.headers))
    assert (answer.status, answer.code) == (400, "InvalidArgument"), answer


def test_many_requests_on_one_connection_are_each_verified(server, path):
    connection = connect(server)
    for attempt in range(20):
        good = attempt % 3 != 0
        access_key, secret = server.root_keys
        keys = (access_key, secret if good else "wrong")
        request, _, _ = sign(server, "GET", path, keys=keys)
        connection.request("GET", path, headers=dict(request.headers))
        response = connection.getresponse()
        body = response.read()
        assert response.status == (200 if good else 403)
        assert (body == b"body") == good
    connection.close()
