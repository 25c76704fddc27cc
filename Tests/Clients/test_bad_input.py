"""Bad input on a raw socket: a clear answer or a closed connection, and a server that lives on."""

import socket
import time

import pytest
import requests

from s3_clients import body_of, refused
from signing import EMPTY_DIGEST, exchange, path_of, presign, send, sign

ANSWER_SECONDS_MAX = 15


class RawConnection:
    """Bytes out, bytes in; nothing in between puts them right."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS_MAX)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def read(self):
        """All that comes until the server closes or says nothing for a while."""
        received = b""
        try:
            while piece := self.socket.recv(65536):
                received += piece
                if b"\r\n\r\n" in received and complete(received):
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def complete(received):
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def status_of(received):
    """The status of a response, or None for a connection that was just closed."""
    return int(received.split(b" ")[1]) if received.startswith(b"HTTP/1.1 ") else None


@pytest.fixture(autouse=True)
def server_lives_on(http_server):
    yield
    assert http_server.is_running()
    assert requests.get(f"{http_server.endpoint}/-/healthy", timeout=10).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n\r\n\r\n", b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\n: empty name\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Y: z\r\n" * 10_000 + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=lambda data: ascii(data[:40]),
)
def test_a_malformed_request_is_a_4xx_or_a_closed_connection(http_server, data):
    with RawConnection(http_server) as connection:
        connection.write(data)
        connection.socket.settimeout(3)
        status = status_of(connection.read())
    assert status is None or 400 <= status < 500 or status in (501, 505)


@pytest.mark.parametrize(
    "target",
    [
        "*", "http://[::1", "//", "/%", "/%zz", "/%00", "/a%00b/k", "/bucket/%ff%fe", "/bucket/%",
        "/bucket/?%zz=%", "/?&&&===", "/bucket?list-type=2&max-keys=99999999999999999999",
        "/v1/arrays/%ff", "/v1/data/", "/v1/", "/v1", "/-/nothing", "/..", "/../../etc/passwd",
        "/bucket/..%2f..%2fetc/passwd",
    ],
)
def test_an_odd_target_is_answered_with_an_error(http_server, target):
    with RawConnection(http_server) as connection:
        connection.write(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        status = status_of(connection.read())
    assert status is not None and 400 <= status < 500


BAD_KEYS = [
    "..", "../up", "a/../b", "a/./b", ".", "a//b", "/a", "a\x00b", "k" * 1025, "日" * 342, "//",
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: ascii(key)[:20])
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_key_that_cannot_be_is_refused_and_not_stored(
    http_server, http_s3, http_bucket, method, key
):
    body = b"x" if method == "PUT" else b""
    answer = exchange(http_server, method, path_of(http_bucket, key), body)
    if method == "DELETE" and len(key.encode()) > 1024:
        # A key that a renaming made longer can be deleted; one that is not there is as any other.
        assert answer.status == 204, answer
    else:
        assert 400 <= answer.status < 500 and answer.code, answer
    assert "Contents" not in http_s3.list_objects_v2(Bucket=http_bucket)


def test_a_key_that_is_not_utf8_is_refused(http_server, http_bucket):
    path = path_of(http_bucket) + "/%ff%fe"
    answer = exchange(http_server, "PUT", path, b"x")
    assert 400 <= answer.status < 500 and answer.code, answer


def put_head(server, path, length, payload="UNSIGNED-PAYLOAD"):
    """The head of a signed PUT that declares `length` bytes."""
    request, _, _ = sign(server, "PUT", path, payload=payload)
    lines = [f"PUT {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize(("declared", "sent"), [(10, 5), (200_000, 199_999), (9 << 20, 5 << 20)])
def test_a_body_that_ends_early_leaves_the_old_object(
    http_server, http_s3, http_bucket, declared, sent
):
    http_s3.put_object(Bucket=http_bucket, Key="key", Body=b"old")
    with RawConnection(http_server) as connection:
        connection.write(put_head(http_server, path_of(http_bucket, "key"), declared))
        connection.write(b"x" * sent)
        connection.socket.shutdown(socket.SHUT_WR)
        received = connection.read()
    assert status_of(received) in (None, 400)
    assert body_of(http_s3, http_bucket, "key") == b"old"


def test_what_follows_a_body_is_the_next_request_and_not_part_of_it(
    http_server, http_s3, http_bucket
):
    path = path_of(http_bucket, "key")
    with RawConnection(http_server) as connection:
        connection.write(put_head(http_server, path, 4) + b"bodymore bytes\r\n\r\n")
        assert status_of(connection.read()) == 200
    assert body_of(http_s3, http_bucket, "key") == b"body"


def test_a_refused_large_body_is_answered_before_it_is_sent(http_server, http_bucket):
    path = path_of(http_bucket, "key")
    head = f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000000\r\n"
    with RawConnection(http_server) as connection:
        connection.write(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert status_of(connection.read()) == 403


def test_expect_100_continue_is_answered_before_the_body(http_server, http_s3, http_bucket):
    path = path_of(http_bucket, "key")
    head = put_head(http_server, path, 4)[:-2] + b"Expect: 100-continue\r\n\r\n"
    with RawConnection(http_server) as connection:
        connection.write(head)
        assert connection.socket.recv(65536).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.write(b"body")
        assert status_of(connection.read()) == 200
    assert body_of(http_s3, http_bucket, "key") == b"body"


def test_a_put_without_a_length_is_refused(http_server, http_bucket):
    path = path_of(http_bucket, "key")
    head = b"\r\n".join(
        line for line in put_head(http_server, path, 0).split(b"\r\n")
        if not line.startswith(b"Content-Length"))
    with RawConnection(http_server) as connection:
        connection.write(head)
        received = connection.read()
    assert status_of(received) in (200, 411)


def test_pipelined_requests_are_answered_in_order(http_server, http_s3, http_bucket):
    requests_text = b""
    for number in range(50):
        key = f"k{number}"
        http_s3.put_object(Bucket=http_bucket, Key=key, Body=f"<{number}>".encode())
        url = presign(http_server, "GET", path_of(http_bucket, key))
        requests_text += f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1:{http_server.port}\r\n\r\n".encode()
    with RawConnection(http_server) as connection:
        connection.write(requests_text)
        received, end = b"", time.monotonic() + ANSWER_SECONDS_MAX
        while b"<49>" not in received and time.monotonic() < end:
            received += connection.socket.recv(65536)
    positions = [received.find(f"<{number}>".encode()) for number in range(50)]
    assert -1 not in positions and positions == sorted(positions)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>'
)
EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<Delete><Object><Key>&a;</Key></Object></Delete>"
)


@pytest.mark.parametrize(
    "document",
    [
        b"", b"nonsense", b"<", b"<Delete>", b"<Delete></Delete>", b"<Delete/>", b"<Other/>", BOMB,
        EXTERNAL, b"<Delete><Object><Key>\xff\xfe</Key></Object></Delete>",
        b"<Delete><Object><Key></Key></Object></Delete>", b"<a>" * 100_000,
        b"<Delete>" + b"<Object>" * 5000 + b"</Delete>", b"<Delete><Object><Key>a</Object></Key>",
        b"<Delete><Object><Key>&#0;</Key></Object></Delete>",
        b"<Delete><Object><Key>&unknown;</Key></Object></Delete>", b"\x00" * 100,
        b"<Delete><Object><Key>k</Key></Object></Delete><more/>",
    ],
    ids=lambda document: ascii(document[:40]),
)
def test_a_broken_deletion_is_malformed_xml_and_deletes_nothing(
    http_server, http_s3, http_bucket, document
):
    http_s3.put_object(Bucket=http_bucket, Key="k", Body=b"x")
    answer = exchange(http_server, "POST", path_of(http_bucket) + "?delete", document)
    assert answer.status == 400, answer
    assert answer.code in ("MalformedXML", "MissingRequestBodyError", "InvalidRequest"), answer
    http_s3.head_object(Bucket=http_bucket, Key="k")


def test_a_document_of_many_megabytes_is_refused(http_server, http_bucket):
    document = b"<Delete>" + b"<Object><Key>k</Key></Object>" * 400_000
    answer = exchange(http_server, "POST", path_of(http_bucket) + "?delete", document)
    assert answer.status in (400, 413) and answer.code, answer


@pytest.mark.parametrize("document", [b"<", BOMB, b"<CompleteMultipartUpload/>", b"<a/>"])
def test_a_broken_completion_is_malformed_xml(http_server, http_s3, http_bucket, document):
    where = {"Bucket": http_bucket, "Key": "key"}
    upload = http_s3.create_multipart_upload(**where)["UploadId"]
    path = f"{path_of(http_bucket, 'key')}?uploadId={upload}"
    answer = exchange(http_server, "POST", path, document)
    assert (answer.status, answer.code) == (400, "MalformedXML"), answer
    with refused("404", 404):
        http_s3.head_object(**where)


def test_a_body_over_5_GiB_is_refused_by_its_declared_length(http_server, http_bucket):
    with RawConnection(http_server) as connection:
        connection.write(put_head(http_server, path_of(http_bucket, "key"), (5 << 30) + 1))
        received = connection.read()
    assert status_of(received) == 400 and b"EntityTooLarge" in received


@pytest.mark.parametrize("query", ["acl", "versioning", "lifecycle", "policy", "website", "cors"])
def test_what_is_not_implemented_says_so_and_changes_nothing(http_server, http_bucket, query):
    if query == "acl":
        pytest.skip("implemented")
    answer = exchange(http_server, "PUT", f"{path_of(http_bucket)}?{query}", b"<x/>")
    assert answer.status in (400, 404, 501) and answer.code, answer


def test_an_unknown_method_is_refused(http_server, http_bucket):
    for method in ("PATCH", "BREW", "OPTIONS", "TRACE", "CONNECT"):
        answer = send(http_server, method, path_of(http_bucket, "key"))
        assert 400 <= answer.status <= 501, (method, answer)


def test_half_open_connections_do_not_keep_others_out(http_server, http_s3, http_bucket):
    silent = [RawConnection(http_server) for _ in range(200)]
    for connection in silent[::2]:
        connection.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    http_s3.put_object(Bucket=http_bucket, Key="key", Body=b"x")
    assert body_of(http_s3, http_bucket, "key") == b"x"
    for connection in silent:
        connection.socket.close()


def test_metadata_that_is_not_ascii_comes_back_as_it_was_sent(http_server, http_bucket):
    path = path_of(http_bucket, "key")
    answer = exchange(http_server, "PUT", path, b"x", headers={"x-amz-meta-name": "größe 日本"})
    assert answer.status == 200, answer
    answer = exchange(http_server, "HEAD", path, payload=EMPTY_DIGEST)
    import email.header

    raw = answer.headers["x-amz-meta-name"]
    decoded = "".join(
        text.decode(charset or "latin-1") if isinstance(text, bytes) else text
        for text, charset in email.header.decode_header(raw))
    assert "größe 日本" in (decoded, raw.encode("latin-1", "replace").decode("utf-8", "replace"))
