"""Requests are signed as Amazon's examples and botocore sign them."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import signing
from hub.reference import Reference


@pytest.mark.parametrize(("query", "signature"), [
    ([("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    ([("prefix", "J"), ("max-keys", "2")],
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
])
def test_worked_examples(query, signature):
    """Source: Amazon S3 API reference, "Authenticating requests: using the Authorization header"."""
    headers = signing.signed_headers(
        "GET", "examplebucket.s3.amazonaws.com", "/", signing.query_text(query), {},
        signing.EMPTY_PAYLOAD, access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region="us-east-1",
        time=datetime(2013, 5, 24, tzinfo=UTC))
    assert headers["Authorization"].endswith(f"Signature={signature}")


class Signer(botocore.auth.S3SigV4Auth):
    """botocore's signer, which signs a given digest of the body."""

    def __init__(self, keys, region, digest):
        super().__init__(Credentials(*keys), "s3", region)
        self.digest = digest

    def payload(self, request):
        return self.digest


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
names = st.from_regex(r"[A-Za-z0-9 _.+=&ü-]{1,9}", fullmatch=True)


@settings(max_examples=120)
@given(st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE"]), names, names,
       st.lists(st.tuples(names, texts), max_size=4), st.binary(max_size=40),
       st.dictionaries(st.sampled_from(["x-amz-b", "X-Amz-A", "Content-Type"]),
                       st.from_regex(r"[a-z]( {0,2}[a-z])*", fullmatch=True)),
       st.integers(0, 10**8))
def test_signatures_are_botocores(method, name, member, query, body, headers, seconds):
    time = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    path = f"/v1/data/{Reference('ns', name, 'v1', None, member).path}"
    text = signing.query_text(query)
    digest = signing.payload_digest([body])
    keys = ("AKIA", "secret/+")
    ours = signing.signed_headers(
        method, "host:9000", path, text, headers, digest, access_key=keys[0], secret_key=keys[1],
        region="eu-x-1", time=time)
    signed = {name: value for name, value in headers.items() if name.lower().startswith("x-amz")}
    request = AWSRequest(method, f"http://host:9000{path}?{text}", headers=signed)
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: time):
        Signer(keys, "eu-x-1", digest).add_auth(request)
    assert ours["Authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]


def test_the_digest_of_pieces_is_that_of_the_whole():
    assert signing.payload_digest([b"ab", memoryview(b"c")]) == signing.payload_digest([b"abc"])
    assert signing.payload_digest([]) == signing.EMPTY_PAYLOAD
