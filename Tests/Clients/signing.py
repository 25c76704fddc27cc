"""Requests signed by botocore, bent where a test needs it: other times, bodies, chunk framings.

The signatures come from botocore's own signers, which makes it the oracle for the server's.
"""

import base64
import contextlib
import datetime
import hashlib
import http.client
import ssl
import urllib.parse
from unittest import mock

import botocore.auth
from awscrt import checksums
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()


def checksum(algorithm, body):
    """The base64 checksum of `body`, computed by zlib's, hashlib's and the AWS CRT's code."""
    crc = {
        "CRC32": (checksums.crc32, 4), "CRC32C": (checksums.crc32c, 4),
        "CRC64NVME": (checksums.crc64nvme, 8),
    }
    if algorithm in crc:
        function, size = crc[algorithm]
        value = function(body).to_bytes(size, "big")
    else:
        value = hashlib.new(algorithm.lower(), body).digest()
    return base64.b64encode(value).decode()


class FixedPayloadAuth(botocore.auth.S3SigV4Auth):
    """botocore's signer with a given `x-amz-content-sha256`."""

    def __init__(self, keys, payload, region=REGION):
        super().__init__(Credentials(*keys), "s3", region)
        self.fixed = payload

    def payload(self, request):
        return self.fixed


@contextlib.contextmanager
def clock(when):
    """Lets botocore sign as if it were `when` (aware, or None for now)."""
    if when is None:
        yield
        return
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: when):
        yield


def now(**shift):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**shift)


def path_of(bucket, key=None):
    """The request path as botocore encodes it."""
    path = "/" + bucket
    return path if key is None else path + "/" + urllib.parse.quote(key, safe="/~")


def sign(server, method, path, headers=None, payload=None, keys=None, when=None, region=REGION):
    """Signs in the header; returns the request, its signer and the seed signature."""
    payload = EMPTY_DIGEST if payload is None else payload
    request = AWSRequest(method, server.endpoint + path, headers=headers or {})
    signer = FixedPayloadAuth(keys or server.root_keys, payload, region)
    with clock(when):
        signer.add_auth(request)
    signature = request.headers["Authorization"].rsplit("Signature=", 1)[1]
    return request, signer, signature


def presign(server, method, path, keys=None, when=None, expires=300, headers=None):
    """A presigned URL's path and query."""
    request = AWSRequest(method, server.endpoint + path, headers=headers or {})
    signer = botocore.auth.S3SigV4QueryAuth(
        Credentials(*(keys or server.root_keys)), "s3", REGION, expires=expires)
    with clock(when):
        signer.add_auth(request)
    return request.url.removeprefix(server.endpoint)


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def code(self):
        """The S3 error code in the body, or None."""
        text = self.body.decode(errors="replace")
        return text.split("<Code>")[1].split("</Code>")[0] if "<Code>" in text else None

    def __repr__(self):
        return f"{self.status} {self.code} {self.body[:300]!r}"


def connect(server):
    """A plain `http.client` connection, over TLS checked against the test's authority."""
    if server.certificate:
        context = ssl.create_default_context(cafile=server.bundle)
        return http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=context)
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)


def send(server, method, path, headers=None, body=b""):
    """Sends exactly these headers (and Host, Content-Length) and returns the answer."""
    connection = connect(server)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        headers = dict(headers or {})
        names = {name.lower() for name in headers}
        if body and not names & {"content-length", "transfer-encoding"}:
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            value = value if isinstance(value, bytes) else str(value).encode("utf-8")
            connection.putheader(name, value)
        connection.endheaders(body or None)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def exchange(server, method, path, body=b"", **options):
    """Signs in the header, with the body's digest, and sends."""
    options.setdefault("payload", hashlib.sha256(body).hexdigest())
    request, _, _ = sign(server, method, path, **options)
    return send(server, method, path, dict(request.headers), body)


def pieces(body, size):
    """`body` in pieces of `size` bytes and the empty one that ends it."""
    return [body[start: start + size] for start in range(0, len(body), size)] + [b""]


class ChunkedUpload:
    """A PUT in the aws-chunked form, framed and signed by hand.

    Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple
    chunks" and "… with trailing headers".
    """

    SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    def __init__(self, server, path, body, form=SIGNED, chunk=65536, trailer=None, headers=None):
        self.server, self.path, self.body, self.form = server, path, body, form
        self.trailer = trailer
        own = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(body))}
        if trailer:
            own["X-Amz-Trailer"] = trailer[0]
        self.request, self.signer, self.previous = sign(
            server, "PUT", path, own | (headers or {}), payload=form)
        self.framed = self.frame(pieces(body, chunk))

    def chunk_signature(self, kind, *digests):
        text = "\n".join([
            kind, self.request.context["timestamp"], self.signer.credential_scope(self.request),
            self.previous, *digests,
        ])
        self.previous = self.signer.signature(text, self.request)
        return self.previous

    def frame(self, chunks):
        framed = []
        for chunk in chunks:
            extension = ""
            if self.form != self.UNSIGNED_TRAILER:
                signature = self.chunk_signature(
                    "AWS4-HMAC-SHA256-PAYLOAD", EMPTY_DIGEST, hashlib.sha256(chunk).hexdigest())
                extension = f";chunk-signature={signature}"
            framed.append(f"{len(chunk):x}{extension}\r\n".encode() + chunk)
            framed.append(b"\r\n" if chunk else b"")
        return b"".join(framed) + self.trailers()

    def trailers(self):
        if not self.trailer:
            return b"\r\n"
        name, value = self.trailer
        line = f"{name}:{value}"
        if self.form == self.UNSIGNED_TRAILER:
            return f"{line}\r\n\r\n".encode()
        digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
        signature = self.chunk_signature("AWS4-HMAC-SHA256-TRAILER", digest)
        return f"{line}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()

    def send(self, framed=None):
        framed = self.framed if framed is None else framed
        headers = dict(self.request.headers)
        return send(self.server, "PUT", self.path, headers, framed)
