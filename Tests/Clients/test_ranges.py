"""Ranges: what a range request returns is the same slice of the bytes."""

import random

import pytest
import requests

from s3_clients import body_of, refused

SIZE = 3 * (1 << 20) + 5
BLOCKS = [4096, 65536, 131072, 1 << 20]


@pytest.fixture(scope="module")
def stored(s3):
    """A bucket that holds one object larger than any block, and its bytes."""
    body = random.Random(7).randbytes(SIZE)
    s3.create_bucket(Bucket="ranges")
    s3.put_object(Bucket="ranges", Key="large", Body=body)
    s3.put_object(Bucket="ranges", Key="small", Body=body[:10])
    s3.put_object(Bucket="ranges", Key="empty", Body=b"")
    return "ranges", body


def boundaries():
    for block in BLOCKS:
        for first in (block - 1, block, block + 1):
            for length in (1, 2, block):
                yield first, min(first + length, SIZE)


def seeded():
    source = random.Random(11)
    for _ in range(40):
        first = source.randrange(SIZE)
        yield first, source.randrange(first + 1, SIZE + 1)


def test_ranges_at_block_edges_and_seeded_ones_are_slices(s3, stored):
    bucket, body = stored
    for first, end in [(0, 1), (0, SIZE), (SIZE - 1, SIZE), *boundaries(), *seeded()]:
        answer = s3.get_object(Bucket=bucket, Key="large", Range=f"bytes={first}-{end - 1}")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"] == f"bytes {first}-{end - 1}/{SIZE}"
        assert answer["ContentLength"] == end - first
        assert answer["Body"].read() == body[first:end], (first, end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=3-", slice(3, None)), ("bytes=-4", slice(-4, None)), ("bytes=9-", slice(9, None)),
        ("bytes=-10", slice(0, None)), ("bytes=-999", slice(0, None)),
        ("bytes=2-999", slice(2, None)), ("bytes=0-0", slice(0, 1)),
        ("bytes=2-99999999999999999999", slice(2, None)),
    ],
)
def test_open_and_suffix_ranges_are_clipped_to_the_object(s3, stored, text, expected):
    bucket, body = stored
    answer = s3.get_object(Bucket=bucket, Key="small", Range=text)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == body[:10][expected]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("small", "bytes=10-"), ("small", "bytes=10-20"), ("small", "bytes=-0"),
        ("empty", "bytes=0-0"), ("empty", "bytes=40-50"),
        ("small", "bytes=99999999999999999999-"),
    ],
)
def test_a_range_that_holds_no_byte_is_416(s3, stored, key, text):
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=stored[0], Key=key, Range=text)


@pytest.mark.parametrize(
    "text", ["bytes=", "bytes=5-2", "bytes=a-b", "lines=0-1", "0-1", "bytes=1", "bytes=0-1,3-4"]
)
def test_what_is_not_one_valid_range_means_the_whole_object(s3, stored, text):
    bucket, body = stored
    answer = s3.get_object(Bucket=bucket, Key="small", Range=text)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["Body"].read() == body[:10]


def test_head_describes_a_range_without_sending_it(s3, stored):
    answer = s3.head_object(Bucket=stored[0], Key="large", Range="bytes=5-104")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ContentLength"] == 100


def test_an_empty_range_header_means_the_whole_object(http_server, http_s3, http_bucket):
    http_s3.put_object(Bucket=http_bucket, Key="key", Body=b"0123456789")
    url = http_s3.generate_presigned_url("get_object", {"Bucket": http_bucket, "Key": "key"})
    answer = requests.get(url, headers={"Range": ""}, timeout=10)
    assert answer.status_code == 200 and answer.content == b"0123456789"


def test_many_readers_of_ranges_at_once_each_get_their_own(s3, stored):
    import concurrent.futures

    bucket, body = stored
    cases = list(seeded()) + list(boundaries())

    def read(case):
        first, end = case
        got = body_of(s3, bucket, "large", Range=f"bytes={first}-{end - 1}")
        return got == body[first:end]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read, cases))
