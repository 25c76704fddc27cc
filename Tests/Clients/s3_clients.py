"""boto3 clients set up the way the tests need them, and checks of the errors they raise."""

import contextlib
import itertools
import re

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

_counter = itertools.count(1)


def s3_client(server, keys=None, **config):
    """A client of `server`: signature version 4, path style, no hidden retries."""
    access_key, secret_key = keys or server.root_keys
    settings = {
        "signature_version": "s3v4", "s3": {"addressing_style": "path"},
        "retries": {"max_attempts": 0}, "max_pool_connections": 64,
        "connect_timeout": 10, "read_timeout": 60,
    } | config
    return boto3.session.Session().client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1",
        aws_access_key_id=access_key, aws_secret_access_key=secret_key,
        verify=server.bundle, config=Config(**settings),
    )


def new_bucket_name(hint="t"):
    """A valid bucket name that no other test uses."""
    text = re.sub(r"[^a-z0-9]+", "-", hint.lower()).strip("-")[:40].strip("-")
    return f"{text or 't'}-{next(_counter)}"


@contextlib.contextmanager
def refused(code, status=None):
    """Checks that the block is answered with the S3 error `code`."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    assert response["Error"]["Code"] == code, response
    if status is not None:
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status, response


def body_of(client, bucket, key, **options):
    """The whole body of an object."""
    return client.get_object(Bucket=bucket, Key=key, **options)["Body"].read()
