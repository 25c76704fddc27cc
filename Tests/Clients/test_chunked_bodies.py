"""aws-chunked bodies, signed and unsigned, with and without trailers, framed by hand."""

import re

import pytest

from s3_clients import body_of, refused
from signing import ChunkedUpload, checksum, path_of

ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]
FORMS = [
    ChunkedUpload.SIGNED, ChunkedUpload.SIGNED_TRAILER, ChunkedUpload.UNSIGNED_TRAILER,
]
BODY = bytes(range(256)) * 1000


def upload(server, bucket, body=BODY, form=ChunkedUpload.SIGNED, algorithm="CRC32", **options):
    if form != ChunkedUpload.SIGNED:
        options.setdefault(
            "trailer", (f"x-amz-checksum-{algorithm.lower()}", checksum(algorithm, body)))
    return ChunkedUpload(server, path_of(bucket, "key"), body, form=form, **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200_000])
def test_a_body_of_any_size_arrives_whole(server, s3, bucket, form, size):
    body = (BODY * 2)[:size]
    answer = upload(server, bucket, body, form).send()
    assert answer.status == 200, answer
    assert body_of(s3, bucket, "key") == body
    head = s3.head_object(Bucket=bucket, Key="key")
    assert head.get("ContentEncoding", "") == ""


@pytest.mark.parametrize("chunk", [8192, 10_000, 65536, 100_000, 1 << 20])
def test_chunks_may_be_of_any_size(server, s3, bucket, chunk):
    assert upload(server, bucket, chunk=chunk).send().status == 200
    assert body_of(s3, bucket, "key") == BODY


@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_trailing_checksum_is_checked_kept_and_returned(server, s3, bucket, form, algorithm):
    answer = upload(server, bucket, form=form, algorithm=algorithm).send()
    assert answer.status == 200, answer
    expected = checksum(algorithm, BODY)
    assert answer.headers[f"x-amz-checksum-{algorithm.lower()}"] == expected
    head = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == expected


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_wrong_trailing_checksum_stores_nothing(server, s3, bucket, form):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    trailer = ("x-amz-checksum-crc32", checksum("CRC32", b"other"))
    answer = upload(server, bucket, form=form, trailer=trailer).send()
    assert (answer.status, answer.code) == (400, "BadDigest"), answer
    assert body_of(s3, bucket, "key") == b"old"


@pytest.mark.parametrize("value", ["", "!!!!", "AAAA", "AAAAAAAAAAAA"])
def test_a_malformed_trailing_checksum_is_refused(server, s3, bucket, value):
    trailer = ("x-amz-checksum-crc32", value)
    form = ChunkedUpload.UNSIGNED_TRAILER
    answer = upload(server, bucket, form=form, trailer=trailer).send()
    assert answer.status == 400 and answer.code in ("InvalidRequest", "BadDigest"), answer
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")


def flip(framed, position):
    changed = bytearray(framed)
    changed[position] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("place", ["first chunk", "last chunk", "signature", "final signature"])
def test_a_changed_byte_breaks_a_signed_body(server, s3, bucket, form, place):
    s3.put_object(Bucket=bucket, Key="key", Body=b"old")
    made = upload(server, bucket, form=form)
    signatures = [match.end() - 1 for match in re.finditer(rb"signature=[0-9a-f]{64}", made.framed)]
    position = {
        "first chunk": 200, "last chunk": signatures[-2] + 10,
        "signature": signatures[1], "final signature": signatures[-1],
    }[place]
    answer = made.send(flip(made.framed, position))
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer
    assert body_of(s3, bucket, "key") == b"old"


def test_a_changed_signed_trailer_is_refused(server, s3, bucket):
    made = upload(server, bucket, form=ChunkedUpload.SIGNED_TRAILER)
    signature = made.framed.rindex(b"x-amz-trailer-signature:") + 30
    answer = made.send(flip(made.framed, signature))
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")


def test_chunks_in_another_order_are_refused(server, bucket):
    made = upload(server, bucket, BODY[:131072], chunk=65536)
    parts = re.split(rb"(?=10000;chunk-signature)", made.framed)
    ending = parts[2][parts[2].index(b"\r\n", 65536 + 80) + 2:]
    second = parts[2][: len(parts[2]) - len(ending)]
    answer = made.send(second + parts[1] + ending)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("declared", "code"), [(-1, None), (1, "IncompleteBody")])
def test_a_wrong_decoded_length_stores_nothing(server, s3, bucket, form, declared, code):
    headers = {"X-Amz-Decoded-Content-Length": str(len(BODY) + declared)}
    answer = upload(server, bucket, form=form, headers=headers).send()
    assert answer.status == 400 and (code is None or answer.code == code), answer
    with refused("404", 404):
        s3.head_object(Bucket=bucket, Key="key")


@pytest.mark.parametrize(
    "framed",
    [
        b"", b"\r\n", b"zz\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n",
        b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhel", b"ffffffffffffffff\r\nhello",
        b"1ffffffffffffffff5\r\nhello\r\n0\r\n\r\n", b"5" * 100_000, b"5;" + b"e" * 100_000,
        b"5\r\nhello\r\n0\r\n" + b"x-a:b\r\n" * 10_000 + b"\r\n",
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\nmore",
        b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n",
    ],
    ids=lambda framed: ascii(framed[:24]),
)
@pytest.mark.parametrize("form", [ChunkedUpload.SIGNED, ChunkedUpload.UNSIGNED_TRAILER])
def test_broken_framing_is_a_clear_error_and_stores_nothing(
    http_server, http_s3, http_bucket, form, framed
):
    made = upload(http_server, http_bucket, b"hello", form)
    answer = made.send(framed)
    assert answer.status in (400, 403, 411), answer
    assert answer.code, answer
    with refused("404", 404):
        http_s3.head_object(Bucket=http_bucket, Key="key")


def test_a_content_encoding_beside_aws_chunked_is_kept(server, s3, bucket):
    headers = {"Content-Encoding": "aws-chunked,gzip"}
    assert upload(server, bucket, headers=headers).send().status == 200
    assert s3.head_object(Bucket=bucket, Key="key")["ContentEncoding"] == "gzip"


def test_a_part_may_come_in_signed_chunks(server, s3, bucket):
    where = {"Bucket": bucket, "Key": "key"}
    number = s3.create_multipart_upload(**where)["UploadId"]
    path = f"{path_of(bucket, 'key')}?partNumber=1&uploadId={number}"
    answer = ChunkedUpload(server, path, BODY).send()
    assert answer.status == 200, answer
    s3.complete_multipart_upload(
        **where, UploadId=number,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": answer.headers["ETag"]}]})
    assert body_of(s3, bucket, "key") == BODY
